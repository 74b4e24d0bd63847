package money_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/stripeapi"
	"pilothandbook/worker/money"
)

// meddle has what the stand-in for Stripe answers changed on its way.
func meddle(t testing.TB, p *platform.Platform, change func(path string, body []byte) []byte) {
	t.Helper()
	to, err := url.Parse(p.Config.StripeAPIBase)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(to)
	through.ModifyResponse = func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		body = change(r.Request.URL.Path, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Length", fmt.Sprint(len(body)))
		return err
	}
	server := httptest.NewServer(through)
	t.Cleanup(server.Close)
	api := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{URL: stripe.String(server.URL)})
	p.Stripe = stripeapi.New(p.Config.StripeSecretKey.Reveal(), api)
}

// TestListOfAnotherVersion: Stripe lists an event in the version that its
// account had when it happened, whatever version asks.
func TestListOfAnotherVersion(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	meddle(t, p, func(path string, body []byte) []byte {
		if path != "/v1/events" {
			return body
		}
		body = bytes.ReplaceAll(body, []byte(`"api_version": "2023-10-16"`), []byte(`"api_version": "2026-01-28.clover"`))
		return bytes.ReplaceAll(body, []byte(`"payment_intent": "`), []byte(`"payment": "`))
	})
	first := open(t, p, platformtest.Learner(t, p, "ana@example.com"), "instrument")
	till.Pay(t, first)
	deliver(t, p, till) // by an endpoint of that version, too
	if got := platformtest.Text(t, p, `SELECT string_agg(state, ' ') FROM stripe_events WHERE type LIKE 'checkout%'`); got != "quarantined" {
		t.Fatalf("told by the webhook: %s", got)
	}
	till.Refund(t, first[strings.LastIndex(first, "/")+1:])
	if f := reconcile(t, p); f.Missed != 2 || f.Waiting != 0 || platformtest.Text(t, p, books) != "instrument refunded; 0" {
		t.Errorf("%+v: %s", f, platformtest.Text(t, p, books))
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(concat_ws(' ', state, api_version, payload ->> 'told_in'), ', ') FROM stripe_events WHERE state <> 'ignored'`); got != "settled 2023-10-16 2026-01-28.clover, settled 2023-10-16 2026-01-28.clover" {
		t.Errorf("kept is %s", got)
	}
	before := dump(t, p)
	if f := reconcile(t, p); f.Missed != 0 || dump(t, p) != before {
		t.Errorf("a second time: %+v", f)
	}
}

// refuse has the stand-in for Stripe answer with a status where one is named.
func refuse(t *testing.T, p *platform.Platform, status func(path string) int) {
	t.Helper()
	to, err := url.Parse(p.Config.StripeAPIBase)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := status(r.URL.Path)
		if code == 0 {
			through.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"error": {"type": "invalid_request_error", "message": "This cannot be read."}}`)
	}))
	t.Cleanup(server.Close)
	p.Config.StripeAPIBase = server.URL
}

// TestUnreadable: what Stripe does not tell of one session is said, and counted
// once; the others follow. What concerns all that is asked ends the run.
func TestUnreadable(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		status, waiting int // the event, and the session of the open checkout unless it is gone
		said            string
		ends            bool
	}{
		{http.StatusBadRequest, 2, `ours is "2023-10-16"; Stripe does not tell checkout.session`, false},
		{http.StatusPaymentRequired, 2, "This cannot be read.", false},
		{http.StatusNotFound, 1, "Stripe has no checkout.session", false},
		{http.StatusUnauthorized, 0, "", true},
		{http.StatusForbidden, 0, "", true},
		{http.StatusTooManyRequests, 0, "", true},
	} {
		t.Run(fmt.Sprint(tc.status), func(t *testing.T) {
			t.Parallel()
			p, till := platformtest.Shop(t)
			var odd atomic.Pointer[string]
			refuse(t, p, func(path string) int {
				if id := odd.Load(); id != nil && strings.HasSuffix(path, *id) {
					return tc.status
				}
				return 0
			})
			meddle(t, p, func(path string, body []byte) []byte {
				if path == "/v1/events" {
					return bytes.ReplaceAll(body, []byte(`"api_version": "2023-10-16"`), []byte(`"api_version": "2015-04-07"`))
				}
				return body
			})
			for i := range 3 {
				page := open(t, p, platformtest.Learner(t, p, fmt.Sprintf("pilot%d@example.com", i)), "instrument")
				till.Pay(t, page)
				if id := page[strings.LastIndex(page, "/")+1:]; i == 0 {
					odd.Store(&id)
				}
			}
			for run, missed := range []int{3, 0} {
				var said strings.Builder
				f, err := money.New(p).Reconcile(t.Context(), func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) })
				if tc.ends {
					if err == nil {
						t.Errorf("run %d goes on: %+v", run, f)
					}
					continue
				}
				if err != nil || f.Missed != missed || f.Waiting != tc.waiting || !strings.Contains(said.String(), tc.said) {
					t.Errorf("run %d: %+v, %v, said %s", run, f, err, said.String())
				}
			}
			want := map[bool]string{false: "2 1", true: "0 0"}[tc.ends]
			if got := platformtest.Text(t, p, `SELECT concat_ws(' ', (SELECT count(*) FROM purchases WHERE status = 'completed'), (SELECT count(*) FROM stripe_events WHERE state = 'quarantined'))`); got != want {
				t.Errorf("purchases, events in quarantine: %s, want %s", got, want)
			}
		})
	}
}

// TestUnknownDispute: one dispute of a kind that this program does not know
// keeps nothing else from being compared.
func TestUnknownDispute(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	meddle(t, p, func(path string, body []byte) []byte {
		if path == "/v1/events" {
			return []byte(`{"object": "list", "has_more": false, "data": []}`)
		}
		return bytes.ReplaceAll(body, []byte(`"needs_response"`), []byte(`"prevented"`))
	})
	for i, ends := range []bool{true, false, true} { // so that the odd one is neither first nor last
		page := open(t, p, platformtest.Learner(t, p, fmt.Sprintf("pilot%d@example.com", i)), "instrument")
		till.Pay(t, page)
		session := page[strings.LastIndex(page, "/")+1:]
		till.Do(t, session, pay.Dispute)
		if ends {
			till.Do(t, session, pay.Lose)
		}
	}
	platformtest.Exec(t, p, `INSERT INTO reconciled (created) VALUES (now() - interval '40 days')`)
	var said strings.Builder
	f, err := money.New(p).Reconcile(t.Context(), func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) })
	if err != nil || !f.Gap || f.Disputes != 3 || f.Waiting != 1 || !strings.Contains(said.String(), `waits for an operator: dispute status "prevented" is not known`) {
		t.Errorf("%+v, %v, said %s", f, err, said.String())
	}
	if got := platformtest.Text(t, p, books); got != "instrument completed, instrument refunded, instrument refunded; instrument; 9900" {
		t.Errorf("the books have %s", got)
	}
	if f := reconcile(t, p); f.Gap {
		t.Error("the gap is not closed")
	}
}

// asked is a slow Stripe: each session that is read takes time of the clock,
// not of the test's.
type asked struct {
	mu       sync.Mutex
	late     time.Duration
	sessions []string
}

func (a *asked) take(path string, body []byte) []byte {
	if id, ok := strings.CutPrefix(path, "/v1/checkout/sessions/"); ok && !strings.Contains(id, "/") {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.late += 20 * time.Second
		a.sessions = append(a.sessions, id)
	}
	return body
}

func (a *asked) now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Add(a.late)
}

// run reconciles as the job does, and returns which sessions it read.
func (a *asked) run(t *testing.T, p *platform.Platform) []string {
	t.Helper()
	a.late, a.sessions = 0, nil
	ctx, cancel := context.WithTimeout(t.Context(), job.Reconcile{}.Job().Timeout)
	defer cancel()
	if _, err := money.New(p).Reconcile(ctx, func(string, ...any) {}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(a.sessions)
	return a.sessions
}

// slowly returns a shop whose Stripe lists no events, and takes long over each
// session.
func slowly(t *testing.T) (*platform.Platform, *platformtest.Till, *asked) {
	t.Helper()
	p, till := platformtest.Shop(t)
	slow := &asked{}
	p.Now = slow.now
	meddle(t, p, func(path string, body []byte) []byte {
		if path == "/v1/events" {
			return []byte(`{"object": "list", "has_more": false, "data": []}`)
		}
		return slow.take(path, body)
	})
	return p, till, slow
}

// TestSlowStripe: a job whose time is up goes on with the next one, so that all
// sessions are read, however many there are.
func TestSlowStripe(t *testing.T) {
	t.Parallel()

	p, till, slow := slowly(t)
	var pages []string
	for i := range 22 {
		pages = append(pages, open(t, p, platformtest.Learner(t, p, fmt.Sprintf("pilot%d@example.com", i)), "instrument"))
	}
	first := slow.run(t, p)
	second := slow.run(t, p)
	all := slices.Sorted(slices.Values(append(slices.Clone(first), second...)))
	if len(first) == 0 || len(second) == 0 || len(all) != 22 || len(slices.Compact(all)) != 22 {
		t.Fatalf("the first run read %d sessions, the second %d", len(first), len(second))
	}
	if third := slow.run(t, p); !slices.Equal(third, first) {
		t.Errorf("the third run read %d sessions, not those of the first", len(third))
	}
	for _, page := range pages {
		till.Pay(t, page)
	}
	for range 3 {
		slow.run(t, p)
	}
	if got := platformtest.Text(t, p, `SELECT count(*)::text FROM purchases WHERE status = 'completed'`); got != "22" {
		t.Errorf("%s purchases", got)
	}
	before := dump(t, p)
	if left := slow.run(t, p); len(left) != 0 || dump(t, p) != before {
		t.Errorf("without news it read %d sessions, or wrote", len(left))
	}
}

// TestSlowGap: a gap is closed only when all is read.
func TestSlowGap(t *testing.T) {
	t.Parallel()

	p, till, slow := slowly(t)
	for i := range 14 {
		page := open(t, p, platformtest.Learner(t, p, fmt.Sprintf("pilot%d@example.com", i)), "instrument")
		till.Pay(t, page)
		session := page[strings.LastIndex(page, "/")+1:]
		till.Do(t, session, pay.Dispute)
		till.Do(t, session, pay.Lose)
	}
	platformtest.Exec(t, p, `INSERT INTO reconciled (created) VALUES (now() - interval '40 days')`)
	const closed = `SELECT concat_ws(' ', created > now() - interval '1 day', sessions_after IS NULL, (SELECT count(*) FROM purchases WHERE status = 'refunded')) FROM reconciled`
	slow.run(t, p)
	if got := platformtest.Text(t, p, closed); got != "f f 0" {
		t.Errorf("after the first run: %s", got)
	}
	slow.run(t, p)
	if got := platformtest.Text(t, p, closed); got != "t t 14" {
		t.Errorf("after the second run: %s", got)
	}
}

// TestGapAfterStop: where a run stopped that read what is open, the one that
// closes a gap does not go on, nor where one stopped so long ago that Stripe
// has forgotten events since.
func TestGapAfterStop(t *testing.T) {
	t.Parallel()

	p, till, slow := slowly(t)
	var sessions []string // of which the oldest are paid
	for i := range 15 {
		page := open(t, p, platformtest.Learner(t, p, fmt.Sprintf("pilot%d@example.com", i)), "instrument")
		sessions = append(sessions, page[strings.LastIndex(page, "/")+1:])
		if i < 2 {
			till.Pay(t, page)
		}
	}
	deliver(t, p, till)
	slow.run(t, p)
	for i, stopped := range []string{"at what was open", "in a gap"} {
		if got := platformtest.Text(t, p, `SELECT (sessions_after IS NOT NULL)::text FROM reconciled`); got != "true" {
			t.Fatalf("no run stopped %s", stopped)
		}
		platformtest.Exec(t, p, `UPDATE reconciled SET created = created - interval '31 days', gap_began = gap_began - interval '31 days'`)
		till.Refund(t, sessions[i])
		slow.run(t, p)
		if got, want := platformtest.Text(t, p, `SELECT count(*)::text FROM purchases WHERE status = 'refunded'`), fmt.Sprint(i+1); got != want {
			t.Errorf("a month after a run stopped %s, %s refunds are known, want %s", stopped, got, want)
		}
	}
}
