package checkout_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/functions/catalog"
	"pilothandbook/functions/checkout"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// click asks for a checkout as JSON and returns where it leads.
func click(t testing.TB, p *platform.Platform, routes []web.Route, who *platformtest.User, module string) string {
	t.Helper()
	got := platformtest.Call(t, p, routes, who, "POST", "/checkout/"+module, platformtest.Agreed())
	if got.Status != http.StatusOK {
		t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	var to struct{ URL string }
	got.Into(t, &to)
	return to.URL
}

// checkouts lists all rows, oldest first.
func checkouts(t testing.TB, p *platform.Platform) string {
	t.Helper()
	var all string
	err := p.DB.QueryRow(t.Context(), `
		SELECT coalesce(string_agg(concat_ws(' ', module_type, amount, state, CASE WHEN stripe_session_id IS NULL THEN 'unknown' END), ', ' ORDER BY id), '')
		FROM checkouts`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sessions returns Stripe's sessions of all rows, oldest first.
func sessions(t testing.TB, p *platform.Platform) []*stripe.CheckoutSession {
	t.Helper()
	var ids []string
	if err := p.DB.QueryRow(t.Context(), `SELECT array_agg(stripe_session_id ORDER BY id) FROM checkouts`).Scan(&ids); err != nil {
		t.Fatal(err)
	}
	var all []*stripe.CheckoutSession
	for _, id := range ids {
		s, err := p.Stripe.CheckoutSessions.Get(id, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// TestFullRedis: a Redis without room for anything stands in nobody's way.
func TestFullRedis(t *testing.T) {
	t.Parallel()

	shop, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, shop, "ana@example.com")
	full := platformtest.StartRedis(t, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction")
	cfg := *shop.Config
	cfg.RedisURL = config.Secret("redis://" + full.Address)
	cfg.RedisCacheURL = cfg.RedisURL
	p := platformtest.Open(t, &cfg)
	full.Fill(t)
	began := time.Now()
	if got := platformtest.Send(t, p, catalog.Routes(p), platformtest.Request(t, ana, "GET", "/", nil)); got.Status != http.StatusOK {
		t.Errorf("the catalogue: %d", got.Status)
	}
	click(t, p, checkout.Routes(p), ana, "instrument")
	if got := checkouts(t, p); got != "instrument 9900 open" {
		t.Errorf("checkouts: %s", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("both took %v", took)
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	got := platformtest.Send(t, p, checkout.Routes(p), platformtest.Stray(platformtest.Form(t, ana, "/checkout/instrument", "price=1&amount=1&consent=yes")))
	if got.Status != http.StatusSeeOther || !strings.Contains(got.Header.Get("Location"), "/local/pay/cs_test_") {
		t.Fatalf("status %d to %q: %s", got.Status, got.Header.Get("Location"), got.Body)
	}
	var id string
	if err := p.DB.QueryRow(t.Context(), `SELECT id::text FROM checkouts WHERE url = $1 AND NOT livemode`, got.Header.Get("Location")).Scan(&id); err != nil {
		t.Fatal(err)
	}
	s := sessions(t, p)[0]
	for _, c := range []struct{ name, got, want string }{
		{"price", fmt.Sprintf("%d %s", s.AmountSubtotal, s.Currency), "9900 usd"},
		{"buyer", s.ClientReferenceID, ana.ID.String()},
		{"address", s.CustomerEmail, "ana@example.com"},
		{"checkout", s.Metadata["checkout"], id},
		{"module", s.Metadata["module"], "instrument"},
		{"site", s.Metadata["site"], "localhost"},
		{"site of the payment", platformtest.Text(t, p, `SELECT params ->> 'payment_intent_data[metadata][site]' FROM checkouts`), "localhost"},
		{"back", s.SuccessURL, "http://localhost:3000/orders/" + id + "?paid=1"},
		{"left", s.CancelURL, "http://localhost:3000/modules/instrument"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.name, c.got, c.want)
		}
	}
	if again := click(t, p, checkout.Routes(p), ana, "instrument"); again != got.Header.Get("Location") {
		t.Errorf("asking again leads to %q", again)
	}
	if all := checkouts(t, p); all != "instrument 9900 open" {
		t.Errorf("checkouts %q", all)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	ben := platformtest.Learner(t, p, "ben@example.com")
	platformtest.Exec(t, p, `INSERT INTO grants (id, user_id, module_key) VALUES (gen_random_uuid(), $1, 'bundle')`, ana.ID)
	platformtest.Exec(t, p, `
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status)
		VALUES (gen_random_uuid(), $1, 'pi_1', 'instrument', 9900, 'pending')`, ben.ID)
	platformtest.Exec(t, p, `UPDATE content_versions SET is_active = false WHERE module_id = 'private_commercial'`)
	for _, tc := range []struct {
		name, module string
		who          *platformtest.User
		status       int
		words        string
	}{
		{"signed out", "instrument", nil, http.StatusUnauthorized, "sign in"},
		{"no such module", "seaplane", ana, http.StatusNotFound, "seaplane"},
		{"nothing published", "private_commercial", ben, http.StatusNotFound, "private_commercial"},
		{"owned", "bundle", ana, http.StatusConflict, "You already own The Whole Handbook"},
		{"owned with the bundle", "instrument", ana, http.StatusConflict, "You already own Instrument Rating"},
		{"paid and waiting", "instrument", ben, http.StatusConflict, "under way"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := platformtest.Call(t, p, checkout.Routes(p), tc.who, "POST", "/checkout/"+tc.module, platformtest.Agreed())
			if got.Status != tc.status || !strings.Contains(got.Body, tc.words) {
				t.Errorf("status %d: %s", got.Status, got.Body)
			}
		})
	}
	if all := checkouts(t, p); all != "" {
		t.Errorf("refusals left %q", all)
	}
}

// TestGivenForATime: a module that ends is bought like any other.
func TestGivenForATime(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO grants (id, user_id, module_key, expires_at)
		VALUES (gen_random_uuid(), $1, 'instrument', now() + interval '1 day')`, ana.ID)
	click(t, p, checkout.Routes(p), ana, "instrument")
	if all := checkouts(t, p); all != "instrument 9900 open" {
		t.Errorf("checkouts %q", all)
	}
}

// TestManyClicks presses a hundred times at once, in two processes.
func TestManyClicks(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	processes := [][]web.Route{checkout.Routes(p), checkout.Routes(p)}
	var all sync.WaitGroup
	var mu sync.Mutex
	urls := map[string]int{}
	for i := range 100 {
		all.Go(func() {
			got := platformtest.Call(t, p, processes[i%2], ana, "POST", "/checkout/bundle", platformtest.Agreed())
			mu.Lock()
			defer mu.Unlock()
			urls[fmt.Sprint(got.Status, " ", got.Body)]++
		})
	}
	all.Wait()
	if len(urls) != 1 || checkouts(t, p) != "bundle 14900 open" {
		t.Errorf("answers %v, checkouts %q", urls, checkouts(t, p))
	}
	for answer := range urls {
		if !strings.HasPrefix(answer, "200 ") {
			t.Errorf("answer %s", answer)
		}
	}
}

func TestNewPrice(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	first := click(t, p, checkout.Routes(p), ana, "instrument")
	platformtest.Exec(t, p, `UPDATE modules SET price = 5900 WHERE key = 'instrument'`)
	second := click(t, p, checkout.Routes(p), ana, "instrument")
	all := sessions(t, p)
	if first == second || checkouts(t, p) != "instrument 9900 expired, instrument 5900 open" ||
		all[0].Status != "expired" || all[1].Status != "open" || all[1].AmountSubtotal != 5900 {
		t.Errorf("%q, %q, checkouts %q, sessions %s and %s", first, second, checkouts(t, p), all[0].Status, all[1].Status)
	}
}

// TestPaidBeforeNewPrice: who has paid the old price is not asked again.
func TestPaidBeforeNewPrice(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	till.Pay(t, click(t, p, checkout.Routes(p), ana, "instrument"))
	platformtest.Exec(t, p, `UPDATE modules SET price = 5900 WHERE key = 'instrument'`)
	got := click(t, p, checkout.Routes(p), ana, "instrument")
	if !strings.HasPrefix(got, "http://localhost:3000/orders/") || checkouts(t, p) != "instrument 9900 open" {
		t.Errorf("leads to %q, checkouts %q", got, checkouts(t, p))
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	first := click(t, p, checkout.Routes(p), ana, "instrument")
	if _, err := p.Stripe.CheckoutSessions.Expire(sessions(t, p)[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	second := click(t, p, checkout.Routes(p), ana, "instrument")
	if first == second || checkouts(t, p) != "instrument 9900 expired, instrument 9900 open" {
		t.Errorf("%q, %q, checkouts %q", first, second, checkouts(t, p))
	}
}

// TestSessionLost: the account was changed, or the stand-in forgot.
func TestSessionLost(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	first := click(t, p, checkout.Routes(p), ana, "instrument")
	platformtest.Exec(t, p, `UPDATE checkouts SET stripe_session_id = 'cs_test_gone'`)
	second := click(t, p, checkout.Routes(p), ana, "instrument")
	if first == second || checkouts(t, p) != "instrument 9900 expired, instrument 9900 open" {
		t.Errorf("%q, %q, checkouts %q", first, second, checkouts(t, p))
	}
}

// TestStripeAway loses the call, and then the answer.
func TestStripeAway(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	till.Down.Store(true)
	got := platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed())
	if got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "Nothing was charged") {
		t.Errorf("status %d: %s", got.Status, got.Body)
	}
	if all := checkouts(t, p); all != "instrument 9900 open unknown" {
		t.Errorf("checkouts %q", all)
	}
	till.Down.Store(false)
	first := click(t, p, checkout.Routes(p), ana, "instrument")
	platformtest.Exec(t, p, `UPDATE checkouts SET stripe_session_id = NULL, url = ''`)
	platformtest.Exec(t, p, `UPDATE modules SET title = 'Instruments'`) // the row's own parameters count
	if again := click(t, p, checkout.Routes(p), ana, "instrument"); again != first || checkouts(t, p) != "instrument 9900 open" {
		t.Errorf("%q, then %q, checkouts %q", first, again, checkouts(t, p))
	}
}

// TestStripeFails: Stripe answers that it failed, and would answer so for a day
// to the same key, whether it has made a session or not.
func TestStripeFails(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name string
		wish map[string]bool
		done bool
	}{
		{"before it made one", platformtest.Agreed(), false},
		{"after it made one", platformtest.Agreed(), true},
		{"after it made one for a gift", platformtest.AsGift(), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p, till := platformtest.Shop(t)
			ana := platformtest.Learner(t, p, "ana@example.com")
			till.Stripe.Fail("POST /v1/checkout/sessions", tc.done)
			got := platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", tc.wish)
			if got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "Nothing was charged") {
				t.Errorf("status %d: %s", got.Status, got.Body)
			}
			for range 2 {
				got = platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", tc.wish)
				if got.Status != http.StatusOK || checkouts(t, p) != "instrument 9900 expired unknown, instrument 9900 open" {
					t.Fatalf("status %d: %s, checkouts %q", got.Status, got.Body, checkouts(t, p))
				}
			}
			var to struct{ URL string }
			got.Into(t, &to)
			till.Pay(t, to.URL)
			tell(t, p, till)
			if all := platformtest.Text(t, p, `SELECT string_agg(state, ' ' ORDER BY id) || (SELECT count(*) FROM refunds) FROM checkouts`); all != "expired complete0" {
				t.Errorf("checkouts, refunds: %s", all)
			}
		})
	}
}

// TestNotTaken: what Stripe does not take, such as a price below what it allows
// in its currency, ends one row at each click. The buyer hears so, and the
// operator; once it is mended it is sold.
func TestNotTaken(t *testing.T) {
	t.Parallel()

	p, _ := platformtest.Shop(t)
	to, err := url.Parse(p.Config.StripeAPIBase)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(to)
	var refuses atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && refuses.Load() {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error": {"type": "invalid_request_error", "code": "amount_too_small", "message": "The total must convert to at least 50 cents."}}`)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.Config.StripeAPIBase = server.URL
	p = platformtest.Open(t, p.Config)
	ana := platformtest.Learner(t, p, "ana@example.com")
	refuses.Store(true)
	for n := range 2 {
		got := platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed())
		if got.Status != http.StatusInternalServerError || !strings.Contains(got.Body, "Nothing was charged") || !strings.Contains(got.Body, "contact page") || strings.Contains(got.Body, "try again") {
			t.Errorf("status %d: %s", got.Status, got.Body)
		}
		if all, want := checkouts(t, p), strings.Repeat(", instrument 9900 expired unknown", n+1)[2:]; all != want {
			t.Errorf("checkouts %q, want %q", all, want)
		}
		if errs := platformtest.Metric(t, p, `handbook_errors_total{kind="internal",source="web"}`); errs != float64(n+1) {
			t.Errorf("%v errors are counted after %d clicks", errs, n+1)
		}
	}
	refuses.Store(false)
	click(t, p, checkout.Routes(p), ana, "instrument")
}

// TestTooLate finds a row that Stripe never heard of, and would not take now.
func TestTooLate(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	till.Down.Store(true)
	p.Now = func() time.Time { return time.Now().Add(-23 * time.Hour) }
	platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed())
	till.Down.Store(false)
	p.Now = time.Now
	click(t, p, checkout.Routes(p), ana, "instrument")
	if all := checkouts(t, p); all != "instrument 9900 expired unknown, instrument 9900 open" {
		t.Errorf("checkouts %q", all)
	}
}
