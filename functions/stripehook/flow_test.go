package stripehook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// eventually waits until a query answers want. It is never waited out in a
// test that passes.
func eventually(t testing.TB, p *platform.Platform, query, want string) {
	t.Helper()
	var got string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if got = platformtest.Text(t, p, query); got == want {
			return
		}
	}
	t.Fatalf("%s is %q, want %q", query, got, want)
}

// TestPurchase buys through the stand-in for Stripe, whose events really come,
// gets the money back, and buys again.
func TestPurchase(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	till.Deliver(t, router.New(p, stripehook.Routes(p)...))
	ana := platformtest.Learner(t, p, "ana@example.com")
	const (
		opened   = `SELECT coalesce(string_agg(o, ' ' ORDER BY o), '') FROM grants g, opened_by(g.module_key) o WHERE revoked_at IS NULL`
		statuses = `SELECT coalesce(string_agg(status, ' ' ORDER BY id), '') FROM purchases`
		all      = "bundle instrument private_commercial"
	)
	buy := func(status int) string {
		t.Helper()
		got := platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/bundle", platformtest.Agreed())
		if got.Status != status {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
		var to struct{ URL string }
		got.Into(t, &to)
		return to.URL
	}
	first := buy(http.StatusOK)
	till.Pay(t, first)
	eventually(t, p, opened, all)
	buy(http.StatusConflict)
	till.Refund(t, first[strings.LastIndex(first, "/")+1:])
	eventually(t, p, opened, "")
	second := buy(http.StatusOK)
	till.Pay(t, second)
	eventually(t, p, opened, all)
	if got := platformtest.Text(t, p, statuses); first == second || got != "refunded completed" {
		t.Errorf("%q, then %q: %s", first, second, got)
	}
	if got := platformtest.Text(t, p, `SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY id) FROM ledger`); got != "sale 14900, refund 14900, sale 14900" {
		t.Errorf("ledger %q", got)
	}
	if got := platformtest.Text(t, p, `SELECT count(*)::text FROM stripe_events WHERE state NOT IN ('settled', 'ignored')`); got != "0" {
		t.Errorf("%s events were not settled", got)
	}
}

// TestScrubbingReadsByKeys: every event asks whether its buyer's account is
// deleted, and must not read a whole table for that, however small the tables
// were when PostgreSQL planned it.
func TestScrubbingReadsByKeys(t *testing.T) {
	t.Parallel()
	p := open(t)
	s := sell(t, p)
	scans := ""
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		for _, ev := range []struct {
			kind   string
			object object
		}{{completed, s.session(nil)}, {"charge.dispute.created", s.dispute("needs_response")}} {
			body := platformtest.Event(t, "evt_"+ev.kind, ev.kind, ev.object)
			if _, err := tx.Exec(t.Context(), `
				INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload)
				VALUES ($1, $1, '', false, now(), 'ignored', $2)`, ev.kind, body); err != nil {
				return err
			}
		}
		return tx.QueryRow(t.Context(), `
			SELECT coalesce(string_agg(relname || ' ' || seq_scan, ', '), '')
			FROM pg_stat_xact_user_tables
			WHERE relname IN ('checkouts', 'payment_facts') AND seq_scan > 0`).Scan(&scans)
	})
	if err != nil || scans != "" {
		t.Errorf("read whole: %q, %v", scans, err)
	}
}
