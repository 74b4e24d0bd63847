package pay

import (
	"fmt"
	"strings"
)

// money formats an amount in the smallest unit of its currency: 4900, "usd" is
// 49.00 USD.
func money(amount int64, currency string) string {
	text := fmt.Sprint(amount)
	if n := decimals(currency); n > 0 {
		text = fmt.Sprintf("%0*d", n+1, amount)
		text = text[:len(text)-n] + "." + text[len(text)-n:]
	}
	return text + " " + strings.ToUpper(currency)
}

// decimals are those that Stripe counts with, which for a few currencies are
// not those in use.
func decimals(currency string) int {
	switch strings.ToLower(currency) {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3
	}
	return 2
}
