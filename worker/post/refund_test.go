package post_test

import (
	"strings"
	"testing"

	"pilothandbook/handbook/job"
	"pilothandbook/platform/platformtest"
)

func TestRefundNotice(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	platformtest.Sell(t, p)
	j := jobs(t, p, b.URL())
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason) VALUES
			(gen_random_uuid(), 'pi_1', $1, 'instrument', 9900, 'usd', 'duplicate'),
			(gen_random_uuid(), 'pi_2', NULL, 'instrument', 7900, 'usd', 'account_deleted'),
			(gen_random_uuid(), 'pi_3', NULL, 'instrument', 7900, 'usd', 'account_deleted'),
			(gen_random_uuid(), 'pi_4', $1, 'instrument', 6900, 'usd', 'requested'),
			(gen_random_uuid(), 'pi_5', NULL, 'instrument', 5900, 'usd', 'mistake'),
			(gen_random_uuid(), 'pi_7', NULL, 'instrument', 4900, 'usd', 'duplicate')`, ana.ID)
	platformtest.Exec(t, p, `
		INSERT INTO mails (id, cause, kind, address) VALUES
			(gen_random_uuid(), 'refund:pi_2', 'refund-notice', 'gone@example.com'),
			(gen_random_uuid(), 'refund:pi_5', 'refund-notice', 'left@example.com'),
			(gen_random_uuid(), 'refund:pi_7', 'refund-notice', 'twice@example.com')`)
	for range 2 {
		for _, payment := range []string{"pi_1", "pi_2", "pi_4", "pi_5", "pi_7", "pi_3", "pi_0"} { // of the last two nobody can be told
			if err := j.RefundNotice(t.Context(), job.RefundNotice{Payment: payment}); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := b.All()
	if len(all) != 5 {
		t.Fatalf("%d mails, want 5", len(all))
	}
	for _, m := range all {
		want := []string{"pi_1", "$99.00", "bought nothing new", address + "/orders"}
		switch {
		case m.To == "gone@example.com":
			want = []string{"pi_2", "$79.00", "after your account was deleted"}
		case m.To == "left@example.com":
			want = []string{"pi_5", "$59.00", "went with your account"}
		case m.To == "twice@example.com":
			want = []string{"pi_7", "$49.00", "bought nothing new", "opened the same lessons."}
		case strings.Contains(m.Text, "pi_4"):
			want = []string{"$69.00", "What nothing else opens to you is closed", address + "/orders"}
		}
		for _, w := range append(want, "Instrument Rating", "handbook@example.com") {
			if !strings.Contains(m.Text, w) || !strings.Contains(m.HTML, w) {
				t.Errorf("the mail to %s does not say %q:\n%s", m.To, w, m.Text)
			}
		}
		if gone := m.To != "ana@example.com"; gone && (strings.Contains(m.Text, "open to you") || strings.Contains(m.HTML, "open to you")) {
			t.Errorf("the mail to %s says that something is open:\n%s", m.To, m.Text)
		}
	}
	platformtest.Grant(t, p, ana, "bundle")
	platformtest.Exec(t, p, `INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason) VALUES (gen_random_uuid(), 'pi_6', $1, 'instrument', 6900, 'usd', 'requested')`, ana.ID)
	if err := j.RefundNotice(t.Context(), job.RefundNotice{Payment: "pi_6"}); err != nil {
		t.Fatal(err)
	}
	all = b.All()
	if last := all[len(all)-1]; !strings.Contains(last.Text, "Its lessons stay open to you") || strings.Contains(last.Text, "is closed") || strings.Contains(last.HTML, "is closed") {
		t.Errorf("what stays open is said to be closed:\n%s", last.Text)
	}
	var kept int
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM mails WHERE address IN ('gone@example.com', 'left@example.com', 'twice@example.com')`).Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d mails keep the address of nobody: %v", kept, err)
	}
}

// Of what was free nothing is said to have been paid.
func TestFreeNotice(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	platformtest.Sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Exec(t, p, `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status) VALUES (gen_random_uuid(), $1, 'cs_1', 'instrument', 0, 'refunded')`, ana.ID)
	platformtest.Exec(t, p, `INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at) SELECT 'cs_1', 'withdrawn', who, 0, 'usd', now() FROM unnest('{one,another}'::text[]) who`)
	for range 2 {
		if err := jobs(t, p, b.URL()).RefundNotice(t.Context(), job.RefundNotice{Payment: "cs_1"}); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 || all[0].To != "ana@example.com" || all[0].Subject != "We took your free order back" {
		t.Fatalf("%+v", all)
	}
	for _, text := range []string{all[0].Text, all[0].HTML} {
		text = strings.Join(strings.Fields(text), " ")
		if !strings.Contains(text, "You paid nothing for it, so there is no money to give back.") || !strings.Contains(text, "cs_1") || !strings.Contains(text, "What nothing else opens to you is closed") ||
			strings.Contains(text, "payment") || strings.Contains(text, "bank") || strings.Contains(text, "$") || strings.Contains(text, "you paid us") {
			t.Errorf("it says %s", text)
		}
	}
}
