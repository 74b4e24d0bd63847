package people

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// sheet is how many accounts a page has.
const sheet = 50

// maxQuery bounds what is looked for, in bytes.
const maxQuery = 254

// list is a page of accounts, with what was looked for.
type list struct {
	People   []found    `json:"people"`
	Payments []orphan   `json:"payments"`          // that were found, of accounts that are deleted
	Deleted  *uuid.UUID `json:"deleted,omitempty"` // the account that was looked for by its id
	Next     string     `json:"next,omitempty"`    // the address of the next page

	Query string `json:"-"`
	Later bool   `json:"-"` // not the first page
}

// found is an account in the list.
type found struct {
	ID        uuid.UUID `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Roles     []string  `json:"roles"`
	Since     time.Time `json:"since"`
	Purchases int       `json:"purchases"`
}

// orphan is a sale whose buyer's account is deleted, as the books have it.
type orphan struct {
	Sale     uuid.UUID `json:"sale"`
	Title    string    `json:"title"`
	Amount   int       `json:"amount"` // in cents
	Back     int       `json:"back"`   // given back, or taken by the bank
	Currency string    `json:"currency"`
	Payment  string    `json:"payment"`
	At       time.Time `json:"at"`
}

// search returns the page of accounts that an address asks for. What names
// one account exactly, by any of its ids, is looked up; all else may be a part
// of an address or a name.
func (e endpoint) search(ctx context.Context, asked *url.URL) (list, error) {
	query := asked.Query()
	l := list{People: []found{}, Payments: []orphan{}, Query: clean(query.Get("q"))}
	var before uuid.UUID
	if s := query.Get("before"); s != "" {
		var err error
		if before, err = uuid.Parse(s); err != nil {
			return l, fault.New(fault.NotFound, "There is no such page. Begin with the first one.")
		}
		l.Later = true
	}
	var exact []uuid.UUID
	if l.Query != "" {
		var err error
		if exact, err = named(ctx, e.db, l.Query); err != nil {
			return l, err
		}
		if err := e.unnamed(ctx, &l); err != nil {
			return l, err
		}
	}
	var err error
	if l.People, err = accounts(ctx, e.db, l.Query, exact, before); err != nil {
		return l, err
	}
	for i, one := range l.People {
		if slices.Contains(e.config.Admins(), one.Email) {
			l.People[i].Roles = []string{"author", "operator"}
		}
	}
	if len(l.People) > sheet {
		l.People = l.People[:sheet]
		query.Set("before", l.People[sheet-1].ID.String())
		l.Next = asked.Path + "?" + query.Encode()
	}
	return l, nil
}

// clean returns what was typed as text that PostgreSQL can compare.
func clean(typed string) string {
	typed = strings.TrimSpace(strings.ReplaceAll(typed, "\x00", ""))
	return strings.ToValidUTF8(typed[:min(len(typed), maxQuery)], "")
}

// named returns whom an address or an id names: of the account, an order, a
// purchase, a payment or a session at Stripe.
func named(ctx context.Context, q db.Querier, query string) ([]uuid.UUID, error) {
	rows, err := q.Query(ctx, `
		SELECT id FROM users WHERE id = $2 OR email = lower($1)
		UNION
		SELECT user_id FROM checkouts WHERE (id = $2 OR stripe_session_id = $1) AND user_id IS NOT NULL
		UNION
		SELECT user_id FROM purchases WHERE id = $2 OR stripe_payment_id = $1
		UNION
		SELECT c.user_id FROM payment_facts f JOIN checkouts c ON c.id = f.checkout_id WHERE f.stripe_payment_id = $1 AND c.user_id IS NOT NULL
		UNION
		SELECT g.user_id FROM gifts f JOIN grants g ON g.gift_id = f.id WHERE f.stripe_payment_id = $1`, query, id(query))
	if err != nil {
		return nil, fmt.Errorf("whom %q names: %w", query, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// id returns what was typed as an id, nil if it is none.
func id(query string) *uuid.UUID {
	if id, err := uuid.Parse(query); err == nil {
		return &id
	}
	return nil
}

// unnamed looks for what is left of deleted accounts.
func (e endpoint) unnamed(ctx context.Context, l *list) error {
	rows, err := e.db.Query(ctx, `
		SELECT s.id, coalesce(m.title, s.module_type), s.amount,
		       (SELECT coalesce(sum(amount), 0)::int FROM ledger b WHERE b.stripe_payment_id = s.stripe_payment_id AND b.kind <> 'sale'),
		       s.currency, s.stripe_payment_id, s.at
		FROM ledger s
		LEFT JOIN modules m ON m.key = s.module_type
		WHERE s.kind = 'sale' AND s.stripe_payment_id IN (
			SELECT $1
			UNION
			SELECT stripe_payment_id FROM ledger WHERE id = $2
			UNION
			SELECT f.stripe_payment_id FROM payment_facts f JOIN checkouts c ON c.id = f.checkout_id WHERE c.id = $2 OR c.stripe_session_id = $1)
		  AND NOT EXISTS (SELECT FROM purchases p WHERE p.stripe_payment_id = s.stripe_payment_id)
		ORDER BY s.at`, l.Query, id(l.Query))
	if err != nil {
		return fmt.Errorf("sales of %q: %w", l.Query, err)
	}
	if l.Payments, err = pgx.CollectRows(rows, pgx.RowToStructByPos[orphan]); err != nil {
		return fmt.Errorf("sales of %q: %w", l.Query, err)
	}
	rows, err = e.db.Query(ctx, `
		SELECT id
		FROM deleted_users
		WHERE id = $1`, id(l.Query))
	if err != nil {
		return fmt.Errorf("deleted account %q: %w", l.Query, err)
	}
	deleted, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("deleted account %q: %w", l.Query, err)
	}
	if len(deleted) > 0 {
		l.Deleted = &deleted[0]
	}
	return nil
}

// accounts returns a page of accounts and one more: those that were named, else
// those whose address or name holds what was looked for.
func accounts(ctx context.Context, q db.Querier, query string, exact []uuid.UUID, before uuid.UUID) ([]found, error) {
	rows, err := q.Query(ctx, `
		SELECT id, email, coalesce(name, ''), roles, created_at,
		       (SELECT count(*) FROM purchases p WHERE p.user_id = users.id)
		FROM users
		WHERE CASE WHEN cardinality($2::uuid[]) > 0 THEN id = ANY($2) ELSE email LIKE $1 OR name ILIKE $1 OR $1 = '%%' END
		  AND ($3 = '00000000-0000-0000-0000-000000000000'::uuid OR id < $3)
		ORDER BY id DESC
		LIMIT $4`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(query))+"%", exact, before, sheet+1)
	if err != nil {
		return nil, fmt.Errorf("accounts like %q: %w", query, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[found])
	if err != nil {
		return nil, fmt.Errorf("accounts like %q: %w", query, err)
	}
	return all, nil
}
