package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/db"
)

// person is all that is known about somebody.
type person struct {
	ID       uuid.UUID  `json:"id"`
	Email    string     `json:"email,omitempty"`
	Name     string     `json:"name,omitempty"`
	Roles    []string   `json:"roles,omitempty"`
	Set      bool       `json:"roles_by_configuration,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	Sessions int        `json:"sessions"`
	Seen     *time.Time `json:"seen,omitempty"` // when they were last here

	Modules    []verdict         `json:"modules"`
	Quarantine []letter          `json:"quarantine"`
	Purchases  []bought          `json:"purchases"`
	Checkouts  []unpaid          `json:"open_checkouts"`
	Moments    []purchase.Moment `json:"moments"`
	Jobs       []failing         `json:"jobs"`

	Deleted *time.Time     `json:"deleted,omitempty"` // the account is gone
	Record  []audit.Record `json:"record,omitempty"`  // of a deleted account
}

// letter is a message of Stripe that changed nothing.
type letter struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// bought is a purchase.
type bought struct {
	ID       uuid.UUID `json:"id"`
	Title    string    `json:"title"`
	Gift     bool      `json:"gift"`
	Amount   int       `json:"amount"` // in cents
	Currency string    `json:"currency"`
	Status   string    `json:"status"`
	Payment  string    `json:"payment"`
	At       time.Time `json:"at"`
	Back     bool      `json:"being_given_back"`
}

// unpaid is a checkout that can still be paid.
type unpaid struct {
	ID       uuid.UUID `json:"id"`
	Title    string    `json:"title"`
	Amount   int       `json:"amount"` // in cents
	Currency string    `json:"currency"`
	At       time.Time `json:"at"`
	Expires  time.Time `json:"expires"`
}

// failing is a job about somebody that failed, for good or so far.
type failing struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	Dead     bool      `json:"dead"`
	Failures int       `json:"failures"`
	Error    string    `json:"error"`
	At       time.Time `json:"at"`
}

// about returns all that is known about somebody; admins are the addresses
// that the configuration gives all roles. Its error wraps pgx.ErrNoRows when
// there is no such account.
func about(ctx context.Context, q db.Querier, id uuid.UUID, admins []string) (person, error) {
	v := person{ID: id}
	err := q.QueryRow(ctx, `
		SELECT email, coalesce(name, ''), roles, created_at, (SELECT max(last_seen_at) FROM sessions WHERE user_id = users.id)
		FROM users
		WHERE id = $1`, id).Scan(&v.Email, &v.Name, &v.Roles, &v.Since, &v.Seen)
	if err != nil {
		return v, fmt.Errorf("person %s: %w", id, err)
	}
	if v.Set = slices.Contains(admins, v.Email); v.Set {
		v.Roles = []string{"author", "operator"}
	}
	open, err := account.Devices(ctx, q, id)
	if err != nil {
		return v, err
	}
	v.Sessions = len(open)
	if v.Modules, err = verdicts(ctx, q, id); err != nil {
		return v, err
	}
	if v.Moments, err = purchase.History(ctx, q, id); err != nil {
		return v, err
	}
	if v.Quarantine, err = rows[letter](ctx, q, quarantine, id); err != nil {
		return v, err
	}
	if v.Purchases, err = rows[bought](ctx, q, purchases, id); err != nil {
		return v, err
	}
	if v.Checkouts, err = rows[unpaid](ctx, q, checkouts, id); err != nil {
		return v, err
	}
	v.Jobs, err = trouble(ctx, q, id)
	return v, err
}

// rows returns what a query tells about somebody, who is named by arg.
func rows[R any](ctx context.Context, q db.Querier, sql string, arg any) ([]R, error) {
	found, err := q.Query(ctx, sql, arg)
	if err != nil {
		return nil, fmt.Errorf("about a person: %w", err)
	}
	all, err := pgx.CollectRows(found, pgx.RowToStructByPos[R])
	if err != nil {
		return nil, fmt.Errorf("about a person: %w", err)
	}
	return all, nil
}

const quarantine = `
	SELECT id, type, reason, received_at
	FROM events_of(ARRAY(SELECT id FROM checkouts WHERE user_id = $1))
	WHERE state = 'quarantined'
	ORDER BY received_at`

const purchases = `
	SELECT p.id, coalesce(m.title, p.module_type), coalesce(c.gift, false), p.amount, p.currency, p.status, p.stripe_payment_id, p.purchased_at,
	       p.status = 'completed' AND EXISTS (SELECT FROM refunds r WHERE r.stripe_payment_id = p.stripe_payment_id)
	FROM purchases p
	LEFT JOIN modules m ON m.key = p.module_type
	LEFT JOIN checkouts c ON c.id = p.checkout_id
	WHERE p.user_id = $1
	ORDER BY p.purchased_at DESC, p.id`

const checkouts = `
	SELECT c.id, m.title || CASE WHEN c.gift THEN ' as a gift' ELSE '' END, c.amount, c.currency, c.created_at, c.expires_at
	FROM checkouts c
	JOIN modules m ON m.key = c.module_type
	WHERE c.user_id = $1 AND c.state = 'open'
	ORDER BY c.created_at DESC`

// trouble returns the jobs about somebody that failed, for good or so far.
func trouble(ctx context.Context, q db.Querier, id uuid.UUID) ([]failing, error) {
	names, err := job.NamesOf(ctx, q, id)
	if err != nil {
		return nil, err
	}
	return rows[failing](ctx, q, `
		SELECT o.id, o.kind, o.state = 'dead', o.failures, o.error, coalesce(o.finished_at, o.created_at)
		FROM outbox o
		WHERE (o.state = 'dead' OR o.failures > 0 AND (o.state = 'waiting' OR o.state IN ('queued', 'running')))
		  AND EXISTS (
			SELECT FROM jsonb_each_text(CASE jsonb_typeof(o.payload) WHEN 'object' THEN o.payload ELSE '{}' END) AS field (name, value)
			WHERE value = ANY($1))
		ORDER BY o.id DESC`, names)
}

// gone returns what is still known of an account that is deleted.
func gone(ctx context.Context, q db.Querier, id uuid.UUID) (person, error) {
	v := person{
		ID: id, Modules: []verdict{}, Quarantine: []letter{}, Purchases: []bought{}, Checkouts: []unpaid{},
		Moments: []purchase.Moment{}, Jobs: []failing{},
	}
	err := q.QueryRow(ctx, `
		SELECT deleted_at
		FROM deleted_users
		WHERE id = $1`, id).Scan(&v.Deleted)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, account.Nobody()
	}
	if err != nil {
		return v, fmt.Errorf("deleted account %s: %w", id, err)
	}
	v.Record, err = audit.Find(ctx, q, audit.Filter{Person: id, Limit: sheet})
	return v, err
}
