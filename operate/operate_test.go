package operate_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/attention"
	"pilothandbook/handbook/purchase"
	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) {
	if asked := os.Getenv(rotating); asked != "" {
		rotate(asked)
	}
	platformtest.Main(m)
}

// shop returns a platform on which somebody has bought a module, and has been
// told so.
func shop(t testing.TB) (*platform.Platform, string) {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	user, checkout := uuid.New(), uuid.New()
	exec(t, p, fmt.Sprintf(`INSERT INTO users (id, email) VALUES ('%s', 'ana@example.com')`, user))
	exec(t, p, fmt.Sprintf(`
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at)
		VALUES ('%s', '%s', 'instrument', 9900, 'usd', false, '{}', now() + interval '1 day')`, checkout, user))
	send(t, p, "evt_1", "checkout.session.completed", session(user, checkout))
	return p, checkout.String()
}

func session(user, checkout uuid.UUID) map[string]any {
	return map[string]any{
		"id": "cs_1", "object": "checkout.session", "status": "complete", "payment_status": "paid", "currency": "usd",
		"amount_subtotal": 9900, "amount_total": 9900, "client_reference_id": user, "payment_intent": "pi_1",
		"metadata": purchase.Marks(checkout, "instrument", ""),
	}
}

func send(t testing.TB, p *platform.Platform, id, kind string, object any) {
	t.Helper()
	got := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, platformtest.Event(t, id, kind, object)))
	if got.Status != 200 {
		t.Fatalf("%s: status %d: %s", id, got.Status, got.Body)
	}
}

func exec(t testing.TB, p *platform.Platform, statements string) {
	t.Helper()
	for s := range strings.SplitSeq(statements, ";") {
		if _, err := p.DB.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func fsck(t testing.TB, p *platform.Platform) (int, string) {
	t.Helper()
	var out strings.Builder
	n, err := operate.Fsck(t.Context(), p, &out)
	if err != nil {
		t.Fatal(err)
	}
	return n, out.String()
}

// TestFsck plants each difference.
func TestFsck(t *testing.T) {
	t.Parallel()

	p, _ := shop(t)
	dispute := map[string]any{"id": "dp_1", "object": "dispute", "amount": 9900, "currency": "usd", "status": "lost", "payment_intent": "pi_1"}
	if n, out := fsck(t, p); n != 0 || out != "31 checks, 0 differences\n" {
		t.Fatalf("%d differences after a sale:\n%s", n, out)
	}
	const due = `INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason, created_at, stripe_refund_id) SELECT gen_random_uuid(), 'pi_0', id, 'instrument', 9900, 'usd', 'duplicate', now() - interval '1 day', `
	for _, tc := range []struct{ name, plant, want string }{
		{"quarantined", `INSERT INTO stripe_events (id, type, api_version, livemode, created, state, reason, payload) VALUES ('evt_q', 'x', '', false, now(), 'quarantined', 'odd', '{}')`,
			"an event waits for an operator: evt_q (x): odd"},
		{"no facts", `DELETE FROM payment_facts`, "an event is settled, but nothing is known of its payment: evt_1"},
		{"no refund known", `INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload) VALUES ('evt_r', 'charge.refunded', '', false, now(), 'settled',
			'{"data": {"object": {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 900}}}')`, "an event tells of a refund that nothing is known of: evt_r of pi_1"},
		{"no dispute known", `INSERT INTO stripe_events (id, type, api_version, livemode, created, state, payload) VALUES ('evt_d', 'charge.dispute.closed', '', false, now(), 'settled',
			'{"data": {"object": {"id": "dp_1", "payment_intent": "pi_1", "status": "lost"}}}');
			INSERT INTO payment_facts SELECT stripe_payment_id, 'disputed', 'dp_1', 9900, currency, at, checkout_id FROM payment_facts`,
			"an event tells of a dispute that nothing is known of: evt_d of pi_1: lost"},
		{"mail forgotten", `INSERT INTO mails (id, cause, kind, address) VALUES ('00000000-0000-7000-8000-000000000002', 'refund:pi_1', 'refund-notice', 'ana@example.com')`,
			"a mail is pending, but no job will send it (handbook retry KIND, or have it sent again on its reader's page under people): refund-notice 00000000-0000-7000-8000-000000000002"},
		{"mail given up", `UPDATE outbox SET state = 'dead', error = 'no';
			INSERT INTO mails (id, cause, kind, address) SELECT '00000000-0000-7000-8000-000000000002', 'purchase:' || id, 'purchase-confirmation', 'ana@example.com' FROM purchases`,
			"under people): purchase-confirmation 00000000-0000-7000-8000-000000000002"},
		{"no purchase", `DELETE FROM purchases`, "a payment has no purchase: pi_1 is completed"},
		{"status", `UPDATE purchases SET status = 'refunded'`, "a purchase does not stand where its payment does: pi_1 is refunded, its payment completed"},
		{"amount", `UPDATE purchases SET amount = 1`, "a purchase has another amount than its payment: pi_1 is 1, paid 9900"},
		{"checkout", `UPDATE checkouts SET module_type = 'bundle'`, "a purchase differs from its checkout: pi_1"},
		{"no grant", `DELETE FROM grants`, "a paid purchase opens nothing: pi_1 of instrument"},
		{"too much", `UPDATE grants SET module_key = 'bundle'`, "a purchase opens what is not paid: pi_1 opens bundle"},
		{"no code", `UPDATE checkouts SET gift = true`, "a paid gift has no code that counts: pi_1 of instrument"},
		{"code unpaid", `INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at) VALUES (gen_random_uuid(), 'pi_0', 'instrument', 'ABCDEFGH', now())`,
			"a gift's code counts, but it is not paid: pi_0 of instrument"},
		{"void gift", `INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at, voided_at) VALUES (gen_random_uuid(), 'pi_0', 'instrument', 'ABCDEFGH', now(), now());
			UPDATE grants SET gift_id = (SELECT id FROM gifts)`, "a gift opens what is not given: pi_0 opens instrument"},
		{"no sale", `UPDATE ledger SET amount = 1`, "the ledger lacks a payment, or has another amount: pi_1 of 9900"},
		{"no refund", `INSERT INTO payment_facts SELECT stripe_payment_id, 'partly_refunded', 'ch', 900, currency, at, checkout_id FROM payment_facts`,
			"the ledger lacks a refund, or has another amount: pi_1 of 900"},
		{"no dispute", `INSERT INTO payment_facts SELECT stripe_payment_id, 'dispute_lost', 'dp', 9900, currency, at, checkout_id FROM payment_facts`,
			"the ledger lacks a lost dispute, or has another amount: pi_1 of 9900"},
		{"invented", `INSERT INTO ledger SELECT gen_random_uuid(), at, 'sale', module_type, 1, 'usd', 'pi_0' FROM ledger`, "the ledger has what nobody paid: pi_0: sale of 1"},
		{"complete", `UPDATE purchases SET checkout_id = NULL`, "a checkout is complete, but nothing was bought: "},
		{"not told", `DELETE FROM outbox`, "a buyer is not told of a purchase: pi_1"},
		{"not sent", `UPDATE outbox SET state = 'done'`, "a confirmation is done, but its mail was not sent: pi_1"},
		{"told in vain", `INSERT INTO mails (id, cause, kind, user_id, address) SELECT gen_random_uuid(), 'purchase:0', 'purchase-confirmation', id, email FROM users`,
			"a mail confirms a purchase that is none: purchase:0"},
		{"refund forgotten", due + `NULL FROM users`, "a refund is due, but nobody will do it: pi_0"},
		{"refund unheard", due + `'re_1' FROM users`, "a refund was given an hour ago, but Stripe has not told of it: pi_0"},
		{"refund untold", due + `'re_1' FROM users`, "a payer is not told of a refund: pi_0"},
		{"no package", `UPDATE content_versions SET activated_at = now() - interval '1 hour' WHERE module_id = 'instrument'`, "handbook reprocess MODULE makes it): instrument 1.0.0"},
		{"lost key", `INSERT INTO module_keys (id, module_key, wrapped, wrapped_by) VALUES (gen_random_uuid(), 'instrument', 'x', 'gone')`,
			`handbook rotate-key --lost): key of "instrument": the key "gone" is not in CONTENT_ENCRYPTION_KEY`},
		{"followed", `INSERT INTO analytics_events VALUES (now(), 'catalog-viewed', '', '', '', '00000000-0000-7000-8000-000000000001')`,
			"analytics name somebody whose account is deleted: 00000000-0000-7000-8000-000000000001"},
		{"dead", `UPDATE outbox SET state = 'dead', error = 'no'`, "a job about money is dead: purchase-confirmation"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, _ := shop(t)
			exec(t, p, tc.plant)
			if n, out := fsck(t, p); n == 0 || !strings.Contains(out, tc.want) {
				t.Errorf("%d differences, want %q:\n%s", n, tc.want, out)
			}
		})
	}
	send(t, p, "evt_2", "charge.dispute.closed", dispute)
	if n, out := fsck(t, p); n != 0 {
		t.Errorf("%d differences after a lost dispute:\n%s", n, out)
	}
}

// TestFsckOfMails: a mail that a job will send is no difference, nor one of
// which there is nothing to tell any more, nor one that was sent again.
func TestFsckOfMails(t *testing.T) {
	t.Parallel()

	p, _ := shop(t)
	exec(t, p, `INSERT INTO mails (id, cause, kind, address) SELECT gen_random_uuid(), 'purchase:' || id, 'purchase-confirmation', 'ana@example.com' FROM purchases;
		INSERT INTO mails (id, cause, kind, address) VALUES (gen_random_uuid(), 'signin:00000000-0000-7000-8000-000000000003', 'sign-in-code', 'ana@example.com');
		INSERT INTO mails (id, cause, kind, address, user_id, state, sent_at) SELECT gen_random_uuid(), 'resend:' || gen_random_uuid(), 'purchase-confirmation', '', user_id, 'sent', now() FROM purchases`)
	if n, out := fsck(t, p); n != 0 {
		t.Errorf("%d differences:\n%s", n, out)
	}
}

// TestFsckWithoutRedis: nobody knows whether the queue agrees.
func TestFsckWithoutRedis(t *testing.T) {
	t.Parallel()

	cfg := *platformtest.Config(t)
	for _, tc := range []struct{ url, want string }{
		{"", "the queue is not compared: REDIS_URL is not set"},
		{"redis://127.0.0.1:1", "the queue is not compared: Redis does not answer: "},
	} {
		cfg.RedisURL = config.Secret(tc.url)
		var said strings.Builder
		n, err := operate.Fsck(t.Context(), platformtest.Open(t, &cfg), &said)
		if n != 0 || err == nil || !strings.HasPrefix(err.Error(), tc.want) || said.String() != "30 checks, 0 differences\n" {
			t.Errorf("with %q: %d differences, %v, said %q", tc.url, n, err, said.String())
		}
	}
}

// records is what the audit log tells, in order, but for the versions that a
// test begins with.
const records = `SELECT coalesce(string_agg(action || ' ' || subject || ' ' || detail, '; ' ORDER BY id), '') FROM audit_log WHERE action <> 'version activated'`

// TestReplay has a program whose rules are newer judge again.
func TestReplay(t *testing.T) {
	t.Parallel()

	p, checkout := shop(t)
	exec(t, p, `DELETE FROM grants; DELETE FROM purchases; DELETE FROM ledger; DELETE FROM payment_facts; DELETE FROM outbox; DELETE FROM stripe_events;
		UPDATE checkouts SET state = 'open', stripe_session_id = NULL, amount = 100`)
	s := session(uuid.MustParse(platformtest.Text(t, p, `SELECT id::text FROM users`)), uuid.MustParse(checkout))
	send(t, p, "evt_1", "checkout.session.completed", s)
	s["note"] = "a\x00b"
	send(t, p, "evt_2", "checkout.session.completed", s)
	replay := func(which, want string) {
		t.Helper()
		var out strings.Builder
		if err := operate.Replay(t.Context(), p, &out, which); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("got  %qwant %q", got, want)
		}
	}
	const odd = ": subtotal is 9900, ours is 100\n"
	replay("all", "evt_1 is quarantined"+odd+"evt_2 is quarantined"+odd+"2 events: 0 settled, 0 ignored, 2 still quarantined\n")
	exec(t, p, `UPDATE checkouts SET amount = 9900`)
	for range 2 {
		replay("evt_1", "evt_1 is settled\n1 events: 1 settled, 0 ignored, 0 still quarantined\n")
	}
	replay("all", "evt_2 is settled\n1 events: 1 settled, 0 ignored, 0 still quarantined\n")
	replay("all", "0 events: 0 settled, 0 ignored, 0 still quarantined\n")
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', (SELECT count(*) FROM purchases), (SELECT count(*) FROM grants), (SELECT count(*) FROM outbox))`); got != "1 1 1" {
		t.Errorf("purchases, grants, jobs: %s", got)
	}
	if got, want := platformtest.Text(t, p, records), `event replayed event:evt_1 {"by": "handbook replay", "type": "checkout.session.completed", "state": "settled"}; event replayed event:evt_2 {"by": "handbook replay", "type": "checkout.session.completed", "state": "settled"}`; got != want {
		t.Errorf("the record has %s", got)
	}
	if err := operate.Replay(t.Context(), p, &strings.Builder{}, "evt_0"); err == nil || err.Error() != `the inbox has no event "evt_0"` {
		t.Errorf("an unknown id: %v", err)
	}
}

// TestSeen closes what no rule can settle: its money was given back by hand.
func TestSeen(t *testing.T) {
	t.Parallel()

	p, checkout := shop(t)
	s := session(uuid.MustParse(platformtest.Text(t, p, `SELECT id::text FROM users`)), uuid.MustParse(checkout))
	s["currency"] = "jpy"
	send(t, p, "evt_2", "checkout.session.completed", s)
	if n, out := fsck(t, p); n != 1 {
		t.Fatalf("%d differences before:\n%s", n, out)
	}
	for range 2 {
		var said strings.Builder
		if err := operate.Seen(t.Context(), p, &said, "evt_2"); err != nil || said.String() != "evt_2 is ignored: an operator saw to it: currency is jpy, ours is usd\n" {
			t.Errorf("%v, said %q", err, said.String())
		}
	}
	if n, out := fsck(t, p); n != 0 {
		t.Errorf("%d differences after:\n%s", n, out)
	}
	if items, err := attention.List(t.Context(), p.DB); err != nil || items[0].Count != 0 {
		t.Errorf("operators are still told: %+v, %v", items, err)
	}
	var said strings.Builder
	if err := operate.Seen(t.Context(), p, &said, "evt_1"); err != nil || said.String() != "evt_1 is settled\n" {
		t.Errorf("what is settled: %v, said %q", err, said.String())
	}
	if got := platformtest.Text(t, p, records); got != `event closed event:evt_2 {"by": "handbook replay --seen", "type": "checkout.session.completed"}` {
		t.Errorf("the record has %s", got)
	}
	if err := operate.Seen(t.Context(), p, &said, "evt_0"); err == nil || err.Error() != `the inbox has no event "evt_0"` {
		t.Errorf("an unknown id: %v", err)
	}
}
