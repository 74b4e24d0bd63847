package purchase

import (
	"context"
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
	gift     bool   // it sells a code, not access
	facts    []Fact
	bought   []bought // by this payment or this checkout: one and the same, or it contradicts
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

// find locks the payment and returns the checkout that it is known to belong
// to, "" while none is: for those who name the payment only.
func find(ctx context.Context, tx pgx.Tx, payment string) (string, error) {
	if _, err := tx.Exec(ctx, lockPayment, payment); err != nil {
		return "", err
	}
	var id uuid.UUID
	err := tx.QueryRow(ctx, `
		SELECT checkout_id
		FROM payment_facts
		WHERE stripe_payment_id = $1 AND checkout_id IS NOT NULL
		LIMIT 1`, payment).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return id.String(), err
}

// lockPayment keeps two reports about one payment apart, whatever they name.
const lockPayment = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`

// paid reports whether the payment was known to be paid.
func (k known) paid() bool {
	return slices.ContainsFunc(k.facts, func(f Fact) bool { return f.Kind == Paid })
}

// look locks the payment, the buyer and the checkout's row, in this order, and
// reads what is known. The buyer's lock keeps two payments of one person
// apart, who may have paid for the same thing twice, and comes before the
// checkout's as it does when an account is deleted. The statements travel
// together, but each sees what was committed before it began: the later ones
// all that the locks waited for.
func look(ctx context.Context, tx pgx.Tx, r Report) (known, error) {
	k := known{fresh: uuid.Must(uuid.NewV7())}
	id, err := uuid.Parse(r.checkout)
	if err != nil {
		return k, nil // no row of ours
	}
	var b pgx.Batch
	b.Queue(lockPayment, r.payment)
	b.Queue(`
		SELECT id
		FROM users
		WHERE id = (SELECT user_id FROM checkouts WHERE id = $1)
		FOR NO KEY UPDATE`, id)
	b.Queue(`
		SELECT id, user_id, module_type, amount, currency, livemode, coalesce(stripe_session_id, ''), gift
		FROM checkouts
		WHERE id = $1
		FOR NO KEY UPDATE`, id).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&k.checkout, &k.user, &k.module, &k.amount, &k.currency, &k.live, &k.session, &k.gift)
		k.found = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	b.Queue(`
		SELECT kind, source, amount, at, discount, tax
		FROM payment_facts
		WHERE stripe_payment_id = $1`, r.payment).Query(func(rows pgx.Rows) (err error) {
		k.facts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Fact])
		return err
	})
	b.Queue(`
		SELECT id, stripe_payment_id, coalesce(checkout_id, '00000000-0000-0000-0000-000000000000'), status
		FROM purchases
		WHERE stripe_payment_id = $1 OR checkout_id = $2`, r.payment, id).Query(func(rows pgx.Rows) (err error) {
		k.bought, err = pgx.CollectRows(rows, pgx.RowToStructByPos[bought])
		return err
	})
	return k, tx.SendBatch(ctx, &b).Close()
}

// write adds the facts and writes what follows from all of them. It returns
// whose grants may have changed, if anybody's.
func write(ctx context.Context, tx pgx.Tx, r Report, k known, s Standing) (reader uuid.UUID, err error) {
	var b pgx.Batch
	r.writeFacts(&b, &k.checkout)
	b.Queue(`
		UPDATE payment_facts
		SET checkout_id = $2
		WHERE stripe_payment_id = $1 AND checkout_id IS NULL`, r.payment, k.checkout)
	if k.user != nil && s.Status != "" {
		writePurchase(&b, r.payment, k, s)
	}
	if s.Failed {
		b.Queue(`DELETE FROM purchases WHERE stripe_payment_id = $1 AND status = 'pending'`, r.payment)
	}
	if s.Status == "completed" || s.Status == "refunded" {
		writeLedger(&b, r.payment, k, s)
	}
	if k.gift {
		writeGift(&b, r.payment, k, s, &reader)
	} else if k.user != nil {
		reader = *k.user
	}
	writeCheckout(&b, r, k, s)
	err = tx.SendBatch(ctx, &b).Close()
	return reader, err
}

// writeFacts adds the facts; checkout is nil while nobody knows whose they are.
func (r Report) writeFacts(b *pgx.Batch, checkout *uuid.UUID) {
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
		k.purchase(), k.user, payment, k.module, s.Amount, k.currency, s.Status, s.At, k.checkout, s.Discount, s.Tax)
	if s.Status == "pending" || k.gift {
		return
	}
	b.Queue(`
		INSERT INTO grants (id, user_id, module_key, purchase_id, reason, created_at, revoked_at)
		VALUES ($1, $2, $3, $4, 'bought', $5, $6)
		ON CONFLICT (user_id, module_key, purchase_id) DO UPDATE
		SET created_at = excluded.created_at, revoked_at = excluded.revoked_at`,
		uuid.Must(uuid.NewV7()), k.user, k.module, k.purchase(), s.At, s.closed())
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
	if r.session != nil && k.session == "" {
		b.Queue(`UPDATE checkouts SET stripe_session_id = $2 WHERE id = $1`, k.checkout, r.session.ID)
	}
	switch {
	case s.Status != "":
		b.Queue(`UPDATE checkouts SET state = 'complete' WHERE id = $1 AND state <> 'complete'`, k.checkout)
	case s.Failed:
		b.Queue(`UPDATE checkouts SET state = 'expired' WHERE id = $1 AND state <> 'expired'`, k.checkout)
	case r.expired():
		b.Queue(`UPDATE checkouts SET state = 'expired' WHERE id = $1 AND state = 'open'`, k.checkout)
	}
}
