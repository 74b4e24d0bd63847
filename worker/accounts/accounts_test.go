package accounts_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/accounts"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestJobs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		status       int
		erase, close bool // fails
	}{
		{"done", http.StatusOK, false, false},
		{"gone", http.StatusNotFound, false, false},
		{"cannot be", http.StatusBadRequest, true, false},
		{"not allowed", http.StatusUnauthorized, true, true},
	} {
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Method+" "+r.URL.Path)
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(`{"error": {"message": "no", "type": "invalid_request_error"}}`))
		}))
		cfg := platformtest.Config(t)
		cfg.StripeAPIBase = server.URL
		p := platformtest.Open(t, cfg)
		j := accounts.Jobs{DB: p.DB, Stripe: p.Stripe}
		if err := j.EraseCustomer(t.Context(), job.EraseCustomer{Customer: "cus_1"}); (err != nil) != tc.erase {
			t.Errorf("%s: erase: %v", tc.name, err)
		}
		if err := j.CloseCheckout(t.Context(), job.CloseCheckout{Session: "cs_1"}); (err != nil) != tc.close {
			t.Errorf("%s: close: %v", tc.name, err)
		}
		server.Close()
		if len(asked) != 2 || asked[0] != "DELETE /v1/customers/cus_1" || asked[1] != "POST /v1/checkout/sessions/cs_1/expire" {
			t.Errorf("%s: asked %q", tc.name, asked)
		}
	}
}
