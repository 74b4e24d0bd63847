package people

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// verdict says whether somebody may read a module, and why.
type verdict struct {
	Module string   `json:"module"`
	Title  string   `json:"title"`
	Open   bool     `json:"open"`
	Why    []string `json:"why"`
}

// grant is what opens a module, or once did. The zero value opens none.
type grant struct {
	how     *string // bought, gift or given
	via     string  // the module that was bought or given, which holds this one
	since   time.Time
	until   *time.Time
	revoked *time.Time
	open    bool
	reason  string
	taken   string // why it was taken back
	status  string // of the purchase
	payment string
}

// verdicts returns each module that can be read, with all grants that open it
// or once did, those that count first.
func verdicts(ctx context.Context, q db.Querier, id uuid.UUID) (all []verdict, err error) {
	rows, err := q.Query(ctx, `
		SELECT m.key, m.title, g.how, coalesce(g.via, ''), coalesce(g.created_at, now()), g.expires_at, g.revoked_at, coalesce(g.open, false),
		       coalesce(g.reason, ''), coalesce(g.revoke_reason, ''), coalesce(g.status, ''), coalesce(g.payment, ''),
		       ARRAY(SELECT 'The bank has not sent the payment for ' || b.title || ' yet, which was ordered on ' || to_char(p.purchased_at AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY') || '.'
		             FROM purchases p
		             JOIN modules b ON b.key = p.module_type
		             LEFT JOIN checkouts c ON c.id = p.checkout_id
		             WHERE p.user_id = $1 AND p.status = 'pending' AND NOT coalesce(c.gift, false) AND m.key IN (SELECT opened_by(p.module_type)))
		FROM modules m
		LEFT JOIN LATERAL (
			SELECT CASE WHEN g.purchase_id IS NOT NULL THEN 'bought' WHEN g.gift_id IS NOT NULL THEN 'gift' ELSE 'given' END AS how,
			       CASE WHEN v.key <> m.key THEN v.title END AS via, g.created_at, g.expires_at, g.revoked_at,
			       g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now()) AS open,
			       g.reason, g.revoke_reason, p.status, p.stripe_payment_id AS payment
			FROM grants g
			JOIN modules v ON v.key = g.module_key
			LEFT JOIN purchases p ON p.id = g.purchase_id
			WHERE g.user_id = $1 AND m.key IN (SELECT opened_by(g.module_key))) g ON true
		WHERE m.includes = '{}'
		ORDER BY m.title, g.open DESC NULLS LAST, g.created_at DESC`, id)
	if err == nil {
		all, err = judge(rows)
	}
	if err != nil {
		return nil, fmt.Errorf("what %s may read: %w", id, err)
	}
	return all, nil
}

// judge gathers the grants of each module.
func judge(rows pgx.Rows) ([]verdict, error) {
	all := []verdict{}
	var key, title string
	var pending []string
	var g grant
	into := []any{&key, &title, &g.how, &g.via, &g.since, &g.until, &g.revoked, &g.open, &g.reason, &g.taken, &g.status, &g.payment, &pending}
	_, err := pgx.ForEachRow(rows, into, func() error {
		if n := len(all); n == 0 || all[n-1].Module != key {
			all = append(all, verdict{Module: key, Title: title, Why: pending})
		}
		v := &all[len(all)-1]
		v.Open = v.Open || g.open
		if g.how != nil {
			v.Why = append(v.Why, g.say())
		}
		return nil
	})
	for i := range all {
		if len(all[i].Why) == 0 {
			all[i].Why = []string{"They have neither bought it nor been given it."}
		}
	}
	return all, err
}

// say tells in words what a grant does, or why it does nothing any more.
func (g grant) say() string {
	began := g.began()
	switch {
	case g.open && g.until != nil:
		return began + ", until " + moment(*g.until) + because(g.reason)
	case g.open && *g.how == "given":
		return began + ", without end" + because(g.reason)
	case g.open:
		return began + "."
	case g.revoked == nil:
		return began + " for a time, which ended on " + moment(*g.until) + because(g.reason)
	case *g.how == "given":
		return began + "; an operator took it back on " + day(*g.revoked) + because(g.taken)
	case *g.how == "gift":
		return began + "; closed since " + day(*g.revoked) + ", as the gift was taken back, or its payment went back or is disputed."
	case g.status == "completed":
		return began + "; closed since " + day(*g.revoked) + ", as the payer's bank disputes the payment, until that is decided."
	}
	return began + "; closed since " + day(*g.revoked) + ", as the payment went back."
}

// began tells how a grant came about.
func (g grant) began() string {
	how := map[string]string{"bought": "Bought", "gift": "Opened with the code of a gift", "given": "Given by an operator"}[*g.how]
	if g.via != "" {
		how += " with " + g.via
	}
	how += " on " + day(g.since)
	if g.payment != "" {
		how += " (payment " + g.payment + ")"
	}
	return how
}

// because ends a sentence with a reason, if there is one.
func because(reason string) string {
	if reason == "" {
		return "."
	}
	return ": " + reason
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04") + " UTC" }
