package money_test

import (
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/money"
)

// A checkout's row that is lost is written again as it was, but for what was
// sent to Stripe, unless it is another handbook's; its buyer is nobody where
// the account is lost too.
func TestRecall(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	till.Pay(t, open(t, p, ana, "instrument"))
	deliver(t, p, till)
	open(t, p, ana, "bundle")
	open(t, p, bob, "private_commercial")
	if got := platformtest.Call(t, p, checkout.Routes(p), bob, "POST", "/checkout/bundle", platformtest.AsGift()); got.Status != 200 {
		t.Fatal(got)
	}
	const rows = `
		SELECT string_agg((to_jsonb(c) - '{params,created_at,agreed_at,expires_at}'::text[] || jsonb_build_object('until', date_trunc('second', expires_at)))::text, E'\n' ORDER BY id)
		FROM checkouts c
		WHERE state = 'open'`
	before := platformtest.Text(t, p, rows)
	recall := func(site string) (n, elsewhere int) {
		t.Helper()
		cfg := *p.Config
		cfg.AuthURL = site
		n, elsewhere, err := money.New(platformtest.Open(t, &cfg)).Recall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n, elsewhere
	}
	if n, elsewhere := recall(p.Config.AuthURL); n != 0 || elsewhere != 0 {
		t.Errorf("%d rows are written again, and none is lost; %d of others", n, elsewhere)
	}
	platformtest.Exec(t, p, `DELETE FROM checkouts WHERE state = 'open'`)
	if n, elsewhere := recall("https://another.example"); n != 0 || elsewhere != 4 {
		t.Errorf("another handbook takes %d checkouts for its own, and knows %d as others'", n, elsewhere)
	}
	if n, _ := recall(p.Config.AuthURL); n != 3 {
		t.Errorf("%d rows are written again, want 3", n)
	}
	if after := platformtest.Text(t, p, rows); after != before {
		t.Errorf("rows were\n%s\nand are\n%s", before, after)
	}
	platformtest.Exec(t, p, `DELETE FROM checkouts WHERE state = 'open'`)
	platformtest.Exec(t, p, `INSERT INTO reconciled (created) VALUES (now() + interval '2 hours')`) // by a worker that was started before
	platformtest.Exec(t, p, `DELETE FROM users WHERE id = $1`, bob.ID)
	if n, _ := recall(p.Config.AuthURL); n != 3 {
		t.Errorf("%d rows are written again, want 3", n)
	}
	if got := platformtest.Text(t, p, `SELECT count(*)::text FROM checkouts WHERE user_id IS NULL`); got != "2" {
		t.Errorf("%s checkouts are nobody's, want 2", got)
	}
}

// The backup has an open checkout of which the buyer had begun anew since: the
// younger one is written again too, so that its payment finds its row.
func TestRecallBesideAnOpenOne(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	younger := open(t, p, ana, "instrument")
	const row = `SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'complete')) FROM checkouts`
	platformtest.Exec(t, p, `UPDATE checkouts SET id = gen_random_uuid(), stripe_session_id = 'cs_older'`)
	if n, _, err := money.New(p).Recall(t.Context()); n != 1 || err != nil {
		t.Errorf("%d rows are written again, %v", n, err)
	}
	if got := platformtest.Text(t, p, row); got != "2 1 0" {
		t.Errorf("rows, open, complete: %s", got)
	}
	till.Pay(t, younger)
	deliver(t, p, till)
	if got := platformtest.Text(t, p, row); got != "2 1 1" {
		t.Errorf("rows, open, complete once it is paid: %s", got)
	}
	if got := platformtest.Text(t, p, `SELECT status FROM purchases`); got != "completed" {
		t.Errorf("the purchase is %s", got)
	}
}
