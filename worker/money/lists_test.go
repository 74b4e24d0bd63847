package money_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/stripeapi"
)

// list stands before the stand-in for Stripe, and forgets its events.
type list struct{ empty atomic.Bool }

func lists(t testing.TB, p *platform.Platform, _ *platformtest.Till) *list {
	t.Helper()
	l := &list{}
	to, err := url.Parse(p.Config.StripeAPIBase)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/events" {
			if l.empty.Load() {
				_, _ = w.Write([]byte(`{"object": "list", "has_more": false, "data": []}`))
				return
			}
			q := r.URL.Query()
			q.Del("created[gte]")
			r.URL.RawQuery = q.Encode()
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	api := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(server.URL)})
	p.Stripe = stripeapi.New(p.Config.StripeSecretKey.Reveal(), api)
	return l
}
