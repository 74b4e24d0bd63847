//go:build chaos && linux

package chaos_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/operate/chaos"
)

// payments reads what Stripe knows.
func (l *load) payments() ([]chaos.Payment, error) {
	api := l.till.api
	of := map[string]*chaos.Payment{}
	var order []string
	limit := stripe.ListParams{Limit: stripe.Int64(100)}
	intents := api.PaymentIntents.List(&stripe.PaymentIntentListParams{ListParams: limit})
	for intents.Next() {
		i := intents.PaymentIntent()
		p := &chaos.Payment{ID: i.ID, Module: i.Metadata["module"], Amount: i.Amount, State: chaos.Failed}
		switch i.Status {
		case stripe.PaymentIntentStatusSucceeded:
			p.State = chaos.Paid
		case stripe.PaymentIntentStatusProcessing:
			p.State = chaos.Underway
		}
		of[i.ID], order = p, append(order, i.ID)
	}
	sessions := api.CheckoutSessions.List(&stripe.CheckoutSessionListParams{ListParams: limit})
	for sessions.Next() {
		if s := sessions.CheckoutSession(); s.PaymentIntent != nil {
			p := of[s.PaymentIntent.ID]
			p.Buyer, p.Late, p.Gift, p.Redeemer = s.ClientReferenceID, l.late[s.ID], l.gifts[s.ID], l.redeemed[s.ID]
		}
	}
	refunds := api.Refunds.List(&stripe.RefundListParams{ListParams: limit})
	for refunds.Next() {
		r := refunds.Refund()
		of[r.PaymentIntent.ID].Refunded += r.Amount
		if r.Reason != "" {
			of[r.PaymentIntent.ID].Reason = string(r.Reason)
		}
	}
	disputes := api.Disputes.List(&stripe.DisputeListParams{ListParams: limit})
	for disputes.Next() {
		d := disputes.Dispute()
		o := map[stripe.DisputeStatus]chaos.Outcome{stripe.DisputeStatusWon: chaos.Won, stripe.DisputeStatusLost: chaos.Lost}[d.Status]
		p := of[d.PaymentIntent.ID]
		p.Disputes = append(p.Disputes, chaos.Dispute{Amount: d.Amount, Outcome: o})
	}
	var all []chaos.Payment
	for _, id := range order {
		all = append(all, *of[id])
	}
	for _, err := range []error{intents.Err(), sessions.Err(), refunds.Err(), disputes.Err()} {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// books reads what the product has.
func (l *load) books(ctx context.Context) (chaos.Books, error) {
	b := chaos.NewBooks()
	err := l.rows(ctx, `SELECT stripe_payment_id, user_id::text, module_type, status, amount::text FROM purchases`, func(c []string) {
		b.Purchases[c[0]] = chaos.Purchase{Buyer: c[1], Module: c[2], Status: c[3], Amount: number(c[4])}
	})
	if err != nil {
		return b, err
	}
	err = l.rows(ctx, `
		SELECT g.user_id::text, g.module_key, coalesce(p.stripe_payment_id, f.stripe_payment_id, '')
		FROM grants g
		LEFT JOIN purchases p ON p.id = g.purchase_id
		LEFT JOIN gifts f ON f.id = g.gift_id
		WHERE g.revoked_at IS NULL`, func(c []string) { b.Grants[chaos.Grant{Buyer: c[0], Module: c[1], Payment: c[2]}]++ })
	if err != nil {
		return b, err
	}
	err = l.rows(ctx, `SELECT stripe_payment_id, (redeemed_at IS NOT NULL)::text, (voided_at IS NOT NULL)::text FROM gifts`, func(c []string) {
		b.Codes[c[0]] = chaos.Code{Redeemed: c[1] == "true", Voided: c[2] == "true"}
	})
	if err != nil {
		return b, err
	}
	err = l.rows(ctx, `SELECT stripe_payment_id, kind, amount::text FROM ledger`, func(c []string) {
		line := b.Ledger[c[0]]
		switch c[1] {
		case "sale":
			line.Sale += number(c[2])
		case "refund":
			line.Refund += number(c[2])
		default:
			line.Dispute += number(c[2])
		}
		b.Ledger[c[0]] = line
	})
	confirmed, again := l.mails.confirmed()
	for payment, mails := range confirmed {
		b.Told[payment] = len(mails)
	}
	l.say("%d mails, %d of them came again under the same Message-ID", len(l.mails.all()), again)
	for _, f := range l.mails.unexplained() {
		l.fault("%s", f)
	}
	return b, err
}

func number(s string) (n int64) {
	_, _ = fmt.Sscan(s, &n) // PostgreSQL made it
	return n
}

// rows calls each with the texts of each row.
func (l *load) rows(ctx context.Context, sql string, each func([]string), args ...any) error {
	rows, err := l.db.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	defer rows.Close()
	for rows.Next() {
		texts := make([]string, len(rows.FieldDescriptions()))
		into := make([]any, len(texts))
		for i := range texts {
			into[i] = &texts[i]
		}
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
		each(texts)
	}
	return rows.Err()
}

// studies checks that what devices were told is kept is there, and nothing
// that none told.
func (l *load) studies(ctx context.Context) error {
	kept := map[string]map[string]bool{}
	err := l.rows(ctx, `SELECT user_id::text, id::text FROM study_events`, func(c []string) {
		if kept[c[0]] == nil {
			kept[c[0]] = map[string]bool{}
		}
		kept[c[0]][c[1]] = true
		if _, told := l.sent[c[0]][c[1]]; !told {
			l.fault("study event %s of %s is there, but nobody told it", c[1], c[0])
		}
	})
	told, acked := 0, 0
	for reader, events := range l.sent {
		if l.deleted[reader] {
			if len(kept[reader]) > 0 {
				l.fault("%d study events of %s, whose account is deleted", len(kept[reader]), reader)
			}
			continue
		}
		told += len(events)
		for event, ack := range events {
			if !ack {
				continue
			}
			acked++
			if !kept[reader][event] {
				l.fault("study event %s of %s was acknowledged and is lost", event, reader)
			}
		}
	}
	l.say("of %d study events %d were acknowledged", told, acked)
	if acked < told/2 { // who acknowledges none loses none
		l.fault("of %d study events no more than %d were acknowledged", told, acked)
	}
	return err
}

// finished checks that each job was done once. A worker's last lines may be
// missing, which only hides.
func (l *load) finished(ctx context.Context) error {
	err := l.rows(ctx, `SELECT id::text, kind, state, error FROM outbox WHERE state <> 'done'`, func(c []string) {
		l.fault("job %s, %s, is %s: %s", c[0], c[1], c[2], c[3])
	})
	done, lost := map[string]int{}, 0
	for _, w := range l.workers {
		log, err := os.ReadFile(filepath.Join(l.logs, w.name+".log"))
		if err != nil {
			return err
		}
		for lines := bufio.NewScanner(bytes.NewReader(log)); lines.Scan(); {
			var line struct{ Msg, Job string }
			switch {
			case json.Unmarshal(lines.Bytes(), &line) != nil:
			case line.Msg == "job done":
				done[line.Job]++
			case line.Msg == "job taken over by another worker":
				lost++
			}
		}
	}
	for job, n := range done {
		if n > 1 {
			l.fault("job %s was done %d times", job, n)
		}
	}
	if n := l.thawed.Load(); n > 0 && lost == 0 {
		l.fault("%d workers stood still for %s over a mail, and none of them found that it had lost it", n, standstill)
	}
	l.say("%d jobs were seen to be done; %d workers had stood still, %d jobs were refused to whoever had lost them", len(done), l.thawed.Load(), lost)
	return err
}

// watch checks all the time that what Stripe was told we have is there a
// second later, before anything could heal it.
func (l *load) watch(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(500 * time.Millisecond)
		l.acknowledged(ctx, l.till.ackedBefore(time.Now().Add(-time.Second)))
	}
}

func (l *load) acknowledged(ctx context.Context, ids []string) {
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	for len(ids) > 0 {
		err := l.rows(ctx, `SELECT id FROM stripe_events WHERE id = ANY($1)`, func(c []string) { delete(missing, c[0]) }, ids)
		if err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond) // PostgreSQL is down
		if ctx.Err() != nil {
			return
		}
	}
	for id := range missing {
		l.fault("event %s was acknowledged and is lost", id)
	}
}

// rest waits until Stripe has delivered all and no job is left. It reports
// whether all came to rest.
func (l *load) rest(ctx context.Context, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return until(ctx, patience, func() bool {
		if l.till.Settled(ctx) != nil {
			return false
		}
		left, open := "", 1
		err := l.rows(ctx, `SELECT count(*)::text FROM outbox WHERE state IN ('waiting', 'queued', 'running')`, func(c []string) { left = c[0] })
		if _, err := fmt.Sscan(left, &open); err != nil {
			return false
		}
		return err == nil && open == 0 && l.till.Settled(ctx) == nil
	})
}

// unrest says what is left to do.
func (l *load) unrest(ctx context.Context) string {
	left := []string{}
	err := l.rows(ctx, `
		SELECT format('%s of %s %s, due at %s, attempt %s, %s', count(*), kind, state, min(run_at), max(attempt), max(error))
		FROM outbox
		WHERE state IN ('waiting', 'queued', 'running')
		GROUP BY kind, state`, func(c []string) { left = append(left, c[0]) })
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("jobs: %q", left)
}

// healed has Stripe compared with the inbox: twice, of which the second time
// must find nothing.
func (l *load) healed(ctx context.Context, patience time.Duration) {
	for range 2 {
		said, err := l.command("reconcile")
		l.say("handbook reconcile: %s", strings.TrimSpace(said))
		if err != nil {
			l.fault("handbook reconcile: %v", err)
		}
		if !l.rest(ctx, patience) {
			return
		}
	}
	if said, err := l.command("reconcile"); err != nil || !strings.Contains(said, ", 0 of them new;") || !strings.Contains(said, ", 0 with news;") {
		l.fault("a reconciliation after another one says: %s, %v", said, err)
	}
}
