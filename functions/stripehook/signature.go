package stripehook

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

// tolerance is how far Stripe's clock and ours may be apart.
const tolerance = 300 * time.Second

var errSignature = errors.New("no signature fits")

// verify checks that one of the secrets signed body within the tolerance. It
// is stricter than Stripe's library, which takes times to come and a header
// with two times in it: here the whole header must be as Stripe writes it.
func verify(body []byte, h http.Header, secrets []string, now time.Time) error {
	at, signatures, err := parse(h)
	if err != nil {
		return err
	}
	if age := now.Sub(at); age.Abs() > tolerance {
		return fmt.Errorf("signed %s ago", age)
	}
	for _, secret := range secrets {
		want := []byte(hex.EncodeToString(webhook.ComputeSignature(at, body, secret)))
		for _, s := range signatures {
			if hmac.Equal(want, []byte(s)) {
				return nil
			}
		}
	}
	return errSignature
}

// parse reads the header t=...,v1=...,v1=..., of which some gateways make
// several at its commas. Other schemes than v1 are for tests of Stripe's own.
func parse(h http.Header) (at time.Time, signatures []string, err error) {
	stamps := 0
	for part := range strings.SplitSeq(strings.Join(h.Values("Stripe-Signature"), ","), ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !ok || strings.Contains(value, "="):
			return at, nil, fmt.Errorf("header has %q", part)
		case name == "t":
			stamps++
			seconds, err := strconv.ParseInt(value, 10, 64)
			if err != nil || strconv.FormatInt(seconds, 10) != value {
				return at, nil, fmt.Errorf("time %q", value)
			}
			at = time.Unix(seconds, 0)
		case name == "v1":
			signatures = append(signatures, value)
		}
	}
	if stamps != 1 || len(signatures) == 0 {
		return at, nil, fmt.Errorf("header has %d times and %d signatures", stamps, len(signatures))
	}
	return at, signatures, nil
}
