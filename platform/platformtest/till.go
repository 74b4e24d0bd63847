package platformtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/local/pay"
)

// Agreed is what a buyer sends to /checkout as JSON who agrees to the terms.
func Agreed() map[string]bool { return map[string]bool{"consent": true} }

// AsGift is what a buyer sends who buys a code to give away.
func AsGift() map[string]bool { return map[string]bool{"consent": true, "gift": true} }

// TaxShop is a Shop whose buyers pay tax, in hundredths of a percent.
func TaxShop(t testing.TB, rate int64) (*platform.Platform, *Till) {
	t.Helper()
	return ShopWith(t, func(cfg *config.Config) { cfg.StripeTax = true }, func(o *pay.Options) { o.TaxRate = rate })
}

// ShopWith is a Shop with changes of its settings and of its till's.
func ShopWith(t testing.TB, settings func(*config.Config), stand ...func(*pay.Options)) (*platform.Platform, *Till) {
	t.Helper()
	cfg := Config(t)
	settings(cfg)
	till := OpenTill(t, cfg, stand...)
	p := Open(t, cfg)
	Sell(t, p)
	return p, till
}

// Promote makes a promotion code that takes percent off.
func Promote(t testing.TB, p *platform.Platform, code string, percent float64) {
	t.Helper()
	c, err := p.Stripe.Coupons.New(&stripe.CouponParams{PercentOff: &percent, Duration: stripe.String("once")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Code: &code, Coupon: &c.ID}); err != nil {
		t.Fatal(err)
	}
}

// Enter types a promotion code into the checkout's page.
func (s *Till) Enter(t testing.TB, page, code string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page+"/code", strings.NewReader(url.Values{"code": {code}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("code %s: %s", code, res.Status)
	}
}
