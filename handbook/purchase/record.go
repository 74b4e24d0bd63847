package purchase

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// known is what the database has about a payment before it is settled.
type known struct {
	found    bool // the checkout's row
	checkout uuid.UUID
	user     *uuid.UUID // nil once the account is deleted
	module   string
	amount   int64
	currency string
	live     bool
	session  string // "" while Stripe's answer is not known
	state    string // of the checkout
	gift     bool   // it sells a code, not access
	facts    []Fact
	loose    bool     // some of them are not known to be of this checkout
	bought   []bought // by this payment or this checkout: one and the same, or it contradicts
	more     bool     // the buyer has bought something else, or redeemed a gift
	fresh    uuid.UUID
}

type bought struct {
	ID       uuid.UUID
	Payment  string
	Checkout uuid.UUID
	Status   string
}

// before returns the status of the purchase so far, "" while there is none.
func (k known) before() string {
	if len(k.bought) == 0 {
		return ""
	}
	return k.bought[0].Status
}

// purchase returns the id that the purchase has or gets.
func (k known) purchase() uuid.UUID {
	if len(k.bought) == 0 {
		return k.fresh
	}
	return k.bought[0].ID
}

// paid reports whether the payment was known to be paid.
func (k known) paid() bool {
	return slices.ContainsFunc(k.facts, func(f Fact) bool { return f.Kind == Paid })
}

// opened reports whether what was bought may have been open until now.
func (k known) opened() bool {
	return k.before() == "completed" || State(k.facts).open()
}

// look locks the payment, the buyer and the checkout's row, in this order, and
// reads what is known. The payment's lock keeps two reports about it apart,
// whatever they name; the buyer's keeps two payments of one person apart, who
// may have paid for the same thing twice, and comes before the checkout's as it
// does when an account is deleted. The statements travel together, but each
// sees what was committed before it began: the later ones all that the locks
// waited for.
func (k *known) look(b *pgx.Batch, r Report) {
	checkout, named := r.row()
	b.Queue(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, r.payment)
	b.Queue(`
		SELECT id
		FROM users
		WHERE id = (SELECT user_id FROM checkouts WHERE id = `+checkout+`)
		FOR NO KEY UPDATE`, named)
	b.Queue(`
		SELECT id, user_id, module_type, amount, currency, livemode, coalesce(stripe_session_id, ''), state, gift,
			EXISTS (SELECT FROM purchases p WHERE p.user_id = c.user_id AND status = 'completed' AND stripe_payment_id <> $2)
			OR EXISTS (SELECT FROM grants g WHERE g.user_id = c.user_id AND gift_id IS NOT NULL)
		FROM checkouts c
		WHERE id = `+checkout+`
		FOR NO KEY UPDATE OF c`, named, r.payment).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&k.checkout, &k.user, &k.module, &k.amount, &k.currency, &k.live, &k.session, &k.state, &k.gift, &k.more)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		k.found = err == nil
		return err
	})
	b.Queue(`
		SELECT kind, source, amount, at, discount, tax, checkout_id IS NULL
		FROM payment_facts
		WHERE stripe_payment_id = $1`, r.payment).Query(func(rows pgx.Rows) error {
		var f Fact
		var loose bool
		_, err := pgx.ForEachRow(rows, []any{&f.Kind, &f.Source, &f.Amount, &f.At, &f.Discount, &f.Tax, &loose}, func() error {
			k.facts, k.loose = append(k.facts, f), k.loose || loose
			return nil
		})
		return err
	})
	b.Queue(`
		SELECT id, stripe_payment_id, coalesce(checkout_id, '00000000-0000-0000-0000-000000000000'), status
		FROM purchases
		WHERE stripe_payment_id = $2 OR checkout_id = `+checkout, named, r.payment).Query(func(rows pgx.Rows) (err error) {
		k.bought, err = pgx.CollectRows(rows, pgx.RowToStructByPos[bought])
		return err
	})
}

// row returns how SQL names the checkout of a report, and the argument $1 of
// that: its id, else the payment, to whose facts it belongs. (One expression
// for both would be planned anew for each report.)
func (r Report) row() (string, any) {
	if r.checkout == "" {
		return `(SELECT checkout_id FROM payment_facts WHERE stripe_payment_id = $1 AND checkout_id IS NOT NULL LIMIT 1)`, r.payment
	}
	id, err := uuid.Parse(r.checkout)
	if err != nil {
		id = uuid.Nil // no row of ours
	}
	return "$1", id
}

// write adds the facts and writes what follows from all of them. It notes in
// reader whose grants may have changed, if anybody's.
func write(b *pgx.Batch, r Report, k known, s Standing, reader *uuid.UUID) {
	r.writeFacts(b, k.checkout)
	if k.loose {
		b.Queue(`
			UPDATE payment_facts
			SET checkout_id = $2
			WHERE stripe_payment_id = $1 AND checkout_id IS NULL`, r.payment, k.checkout)
	}
	if k.user != nil && s.Status != "" {
		writePurchase(b, r.payment, k, s)
	}
	if s.Failed {
		b.Queue(`DELETE FROM purchases WHERE stripe_payment_id = $1 AND status = 'pending'`, r.payment)
	}
	if s.Status == "completed" || s.Status == "refunded" {
		writeLedger(b, r.payment, k, s)
	}
	if k.gift {
		writeGift(b, r.payment, k, s, reader)
	} else if k.user != nil {
		*reader = *k.user
	}
	writeCheckout(b, r, k, s)
}

// writeFacts adds the facts; checkout is nil while nobody knows whose they are.
func (r Report) writeFacts(b *pgx.Batch, checkout any) {
	for _, f := range r.facts {
		b.Queue(`
			INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id, discount, tax)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (stripe_payment_id, kind, source, amount) DO UPDATE
			SET at = least(payment_facts.at, excluded.at)`, r.payment, f.Kind, f.Source, f.Amount, r.currency, f.At, checkout, f.Discount, f.Tax)
	}
}

func writePurchase(b *pgx.Batch, payment string, k known, s Standing) {
	b.Queue(`
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, currency, status, purchased_at, checkout_id, discount, tax)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (stripe_payment_id) DO UPDATE
		SET amount = excluded.amount, status = excluded.status, purchased_at = excluded.purchased_at,
		    discount = excluded.discount, tax = excluded.tax`,
		k.purchase(), *k.user, payment, k.module, s.Amount, k.currency, s.Status, s.At, k.checkout, s.Discount, s.Tax)
	if s.Status == "pending" || k.gift {
		return
	}
	b.Queue(`
		INSERT INTO grants (id, user_id, module_key, purchase_id, reason, created_at, revoked_at)
		VALUES ($1, $2, $3, $4, 'bought', $5, $6)
		ON CONFLICT (user_id, module_key, purchase_id) DO UPDATE
		SET created_at = excluded.created_at, revoked_at = excluded.revoked_at`,
		uuid.Must(uuid.NewV7()), *k.user, k.module, k.purchase(), s.At, s.closed())
}

func writeLedger(b *pgx.Batch, payment string, k known, s Standing) {
	line := func(kind string, amount, discount, tax int64, at time.Time) {
		b.Queue(`
			INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id, discount, tax)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (stripe_payment_id, kind) DO UPDATE
			SET at = excluded.at, amount = excluded.amount, discount = excluded.discount, tax = excluded.tax`,
			uuid.Must(uuid.NewV7()), at, kind, k.module, amount, k.currency, payment, discount, tax)
	}
	line("sale", s.Amount, s.Discount, s.Tax, s.At)
	if s.Refunded > 0 {
		line("refund", s.Refunded, 0, s.taxOf(s.Refunded), s.RefundedAt)
	}
	if s.Lost > 0 {
		line("dispute", s.Lost, 0, s.taxOf(s.Lost), s.LostAt)
	}
}

// writeCheckout closes the checkout, and keeps the session's id where the
// answer that held it was lost.
func writeCheckout(b *pgx.Batch, r Report, k known, s Standing) {
	state, session := k.state, k.session
	switch {
	case s.Status != "":
		state = "complete"
	case s.Failed, r.expired() && state == "open":
		state = "expired"
	}
	if r.session != nil && session == "" {
		session = r.session.ID
	}
	if state != k.state || session != k.session {
		b.Queue(`UPDATE checkouts SET state = $2, stripe_session_id = nullif($3, '') WHERE id = $1`, k.checkout, state, session)
	}
}
