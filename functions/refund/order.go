package refund

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// view is the page, with its form as it was typed.
type view struct {
	sale
	Reasons []reason
	Recent  bool // signed in a moment ago
	Confirm string
	Saved   bool

	Reason, Typed string

	web.Mistake
}

// reason is why a payment is given back, as the table has it and in words.
// They are few and ours: a refund outlives the account of its buyer, and what
// somebody types about a person would stay.
type reason struct{ Key, Words string }

func reasons() []reason {
	return []reason{
		{"requested", "The buyer asks for it"},
		{"mistake", "It was bought by mistake"},
		{"fault", "Something here did not work"},
		{"other", "Another reason"},
	}
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	return e.answer(w, r, func(v *view) { v.Saved = r.URL.Query().Has("saved") }, nil)
}

// Heading says what the page is for.
func (v view) Heading() string {
	if v.Free() {
		return "Take a free order back"
	}
	return "Give a payment back"
}

// answer shows the page. change sets what was typed; refused tells what is
// wrong with it.
func (e endpoint) answer(w http.ResponseWriter, r *http.Request, change func(*view), refused error) error {
	v := view{Reasons: reasons()}
	status, err := v.Refuse(r, refused)
	if err != nil {
		return err
	}
	id, err := named(r)
	if err != nil {
		return err
	}
	if v.sale, err = find(r.Context(), e.db, id); err != nil {
		return err
	}
	if v.Recent, err = confirm.Recent(r.Context(), e.db); err != nil {
		return err
	}
	v.Confirm = confirm.Page(path(id))
	change(&v)
	return e.page.Show(w, r, status, reader.View{Title: v.Heading(), Notice: e.notice, Data: v})
}

func path(id uuid.UUID) string { return "/admin/purchases/" + id.String() + "/refund" }

// named returns the id in the path.
func named(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(web.Param(r, "purchase"))
	if err != nil {
		return id, noSale()
	}
	return id, nil
}

func (e endpoint) order(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	id, err := named(r)
	if err != nil {
		return err
	}
	why, typed := r.PostFormValue("reason"), r.PostFormValue("amount")
	var closed uuid.UUID // to whom something is at once
	err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) (err error) {
		closed, err = e.giveBack(r.Context(), tx, id, why, typed)
		return err
	})
	if err != nil {
		return e.answer(w, r, func(v *view) { v.Reason, v.Typed = why, typed }, err)
	}
	if closed != uuid.Nil {
		e.gate.Forget(r.Context(), closed)
	}
	return web.SeeOther(w, r, path(id)+"?saved")
}

// giveBack gives back what was paid, or takes back what was not, and returns to
// whom something is closed already. The lock is the one under which what Stripe
// tells of the payment is settled, so that a refund or a dispute that is told
// meanwhile is seen.
func (e endpoint) giveBack(ctx context.Context, tx pgx.Tx, id uuid.UUID, why, typed string) (closed uuid.UUID, err error) {
	s, err := find(ctx, tx, id)
	if err != nil {
		return closed, err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, s.Payment); err != nil {
		return closed, fmt.Errorf("lock payment %s: %w", s.Payment, err)
	}
	if _, err := tx.Exec(ctx, `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, s.User); err != nil {
		return closed, fmt.Errorf("lock the buyer of %s: %w", s.Payment, err)
	}
	if s, err = find(ctx, tx, id); err != nil {
		return closed, err
	}
	if refusal := s.Refusal(); refusal != "" {
		return closed, fault.New(fault.Conflict, "%s", refusal)
	}
	if err := s.check(why, typed); err != nil {
		return closed, err
	}
	if s.Free() {
		return s.withdraw(ctx, tx, why, e.now())
	}
	return closed, s.refund(ctx, tx, why)
}

// withdraw takes back what was bought for nothing.
func (s sale) withdraw(ctx context.Context, tx pgx.Tx, why string, now time.Time) (closed uuid.UUID, err error) {
	operator := access.User(ctx)
	out, err := purchase.Settle(ctx, tx, purchase.Withdrawal(s.Payment, s.Currency, s.Live, operator, now))
	if err != nil {
		return closed, err
	}
	if out.State != purchase.Settled {
		return closed, fmt.Errorf("take %s back: %s: %s", s.Payment, out.State, out.Reason)
	}
	if s.User != nil {
		if _, err := queue.Add(ctx, tx, job.RefundNotice{Payment: s.Payment}); err != nil {
			return closed, err
		}
	}
	return out.User, audit.Write(ctx, tx, s.entry("free order taken back", map[string]any{
		"payment": s.Payment, "module": s.Module, "reason": why,
	}, operator))
}

// refund writes the wish and the job that asks Stripe.
func (s sale) refund(ctx context.Context, tx pgx.Tx, why string) error {
	refund := uuid.Must(uuid.NewV7())
	tag, err := tx.Exec(ctx, `
		INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (stripe_payment_id) DO NOTHING`, refund, s.Payment, s.User, s.Module, s.Left(), s.Currency, why)
	if err != nil {
		return fmt.Errorf("give payment %s back: %w", s.Payment, err)
	}
	if tag.RowsAffected() == 0 { // found superfluous at the same moment
		return fault.New(fault.Conflict, "This payment is being given back already. Its purchase shows how far that is.")
	}
	if _, err := queue.Add(ctx, tx, job.RefundPayment{Payment: s.Payment}); err != nil {
		return err
	}
	return audit.Write(ctx, tx, s.entry("refund ordered", map[string]any{
		"refund": refund, "payment": s.Payment, "module": s.Module, "amount": s.Left(), "currency": s.Currency, "reason": why,
	}, access.User(ctx)))
}

// check refuses a form that is not filled in; where nothing was to pay, no
// amount is asked for.
func (s sale) check(why, typed string) error {
	if !slices.ContainsFunc(reasons(), func(r reason) bool { return r.Key == why }) {
		return fault.In("reason", "Please choose why.")
	}
	if s.Free() {
		return nil
	}
	amount := fmt.Sprintf("%d.%02d", s.Left()/100, s.Left()%100)
	typed = strings.ReplaceAll(strings.ToLower(strings.Join(strings.Fields(typed), "")), ",", ".")
	typed = strings.TrimSuffix(strings.TrimPrefix(typed, "$"), strings.ToLower(s.Currency))
	if typed != amount && typed != strings.TrimSuffix(amount, ".00") {
		return fault.In("amount", "Nothing was given back: please type %s, the amount that is.", amount)
	}
	return nil
}

// entry is what the record tells of it.
func (s sale) entry(action string, detail map[string]any, actor uuid.UUID) audit.Entry {
	subject := audit.Payment(s.Payment)
	if s.User != nil {
		subject = audit.User(*s.User)
	}
	return audit.Entry{Actor: actor, Action: action, Subject: subject, Detail: detail}
}
