package export

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// table is a table's rows about one user.
type table struct {
	name  string
	where string   // which rows, with the user's id as $1
	bytes []string // columns that are left out
}

// tables returns users and all tables that refer to it.
func tables(ctx context.Context, tx pgx.Tx) ([]table, error) {
	rows, err := tx.Query(ctx, `
		WITH refers AS (
			SELECT c.conrelid AS rel, a.attname AS col
			FROM pg_constraint c
			JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass
			UNION
			SELECT 'users'::regclass, 'id')
		SELECT rel::regclass::text,
		       string_agg(format('t.%I = $1', col), ' OR ' ORDER BY col),
		       ARRAY(SELECT attname::text FROM pg_attribute
		             WHERE attrelid = rel AND attnum > 0 AND NOT attisdropped AND atttypid IN ('bytea'::regtype, 'bytea[]'::regtype))
		FROM refers
		GROUP BY rel
		ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("tables about users: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		err = row.Scan(&t.name, &t.where, &t.bytes)
		if t.name == "mails" { // of codes, which are sent before anybody is known
			t.where += ` OR t.user_id IS NULL AND t.address IN ` + addresses
		}
		return t, err
	})
}

// What leads to a user ($1): the addresses that are theirs, or were and are
// nobody's now, and the payments of their checkouts.
const (
	addresses = `(
		SELECT email FROM users WHERE id = $1
		UNION
		SELECT former FROM email_changes WHERE user_id = $1 AND former IS NOT NULL AND former NOT IN (SELECT email FROM users))`
	payments = `(
		SELECT stripe_payment_id FROM payment_facts WHERE checkout_id IN (SELECT id FROM checkouts WHERE user_id = $1)
		UNION
		SELECT stripe_payment_id FROM purchases WHERE user_id = $1)`
)

// others returns the tables that know a user without referring to one.
func others() []table {
	return []table{
		{"sign_in_requests", `t.email IN ` + addresses, []string{"browser", "code", "link", "replaced_codes"}},
		{"analytics_events", `t.user_id = $1`, nil},
		{"audit_log", `t.actor = $1 OR t.subject = 'user:' || $1::text`, nil},
		{"payment_facts", `t.stripe_payment_id IN ` + payments, nil},
		{"gifts", `t.stripe_payment_id IN ` + payments, nil}, // those given; one received is a grant
		{"ledger", `t.stripe_payment_id IN ` + payments, nil},
		{"stripe_events", `t.id IN (SELECT id FROM events_of(ARRAY(SELECT id FROM checkouts WHERE user_id = $1)))`, nil},
	}
}

func (t table) pack(ctx context.Context, tx pgx.Tx, z *zip.Writer, user uuid.UUID) error {
	w, err := z.Create(t.name + ".json")
	if err != nil {
		return err
	}
	// The names come from the catalogue, which quotes them.
	rows, err := tx.Query(ctx, `SELECT (to_jsonb(t) - coalesce($2::text[], '{}'))::text FROM `+t.name+` t WHERE `+t.where+` ORDER BY 1`, user, t.bytes)
	if err != nil {
		return fmt.Errorf("export %s of %s: %w", t.name, user, err)
	}
	before, row := "[\n", ""
	_, err = pgx.ForEachRow(rows, []any{&row}, func() error {
		_, err := io.WriteString(w, before+row)
		before = ",\n"
		return err
	})
	if err != nil {
		return fmt.Errorf("export %s of %s: %w", t.name, user, err)
	}
	_, err = io.WriteString(w, strings.TrimSuffix(before, ",\n")+"\n]\n")
	return err
}

// sheet is a table to be opened in a spreadsheet.
type sheet struct {
	name string
	head []string
	sql  string
}

func sheets() []sheet {
	return []sheet{
		{"orders.csv", []string{"date", "module", "amount", "currency", "status", "payment"}, `
			SELECT to_char(p.purchased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), coalesce(m.title, p.module_type),
			       to_char(p.amount / 100.0, 'FM999999990.00'), p.currency, p.status, p.stripe_payment_id
			FROM purchases p
			LEFT JOIN modules m ON m.key = p.module_type
			WHERE p.user_id = $1
			ORDER BY p.purchased_at, p.id`},
		{"gifts.csv", []string{"date", "module", "redeemed", "payment"}, `
			SELECT to_char(g.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), coalesce(m.title, g.module_key),
			       coalesce(to_char(g.redeemed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''), g.stripe_payment_id
			FROM gifts g
			LEFT JOIN modules m ON m.key = g.module_key
			WHERE g.stripe_payment_id IN ` + payments + `
			ORDER BY g.created_at, g.id`},
		{"progress.csv", []string{"lesson", "finished", "last read", "minutes"}, `
			SELECT lesson_id, coalesce(to_char(completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), CASE WHEN completed THEN 'yes' ELSE '' END),
			       to_char(last_access AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), time_spent::text
			FROM progress
			WHERE user_id = $1
			ORDER BY lesson_id`},
	}
}

func (s sheet) pack(ctx context.Context, tx pgx.Tx, z *zip.Writer, user uuid.UUID) error {
	w, err := z.Create(s.name)
	if err != nil {
		return err
	}
	c := csv.NewWriter(w)
	if err := c.Write(s.head); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, s.sql, user)
	if err != nil {
		return fmt.Errorf("export %s of %s: %w", s.name, user, err)
	}
	cells := make([]string, len(s.head))
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	if _, err := pgx.ForEachRow(rows, into, func() error { return c.Write(cells) }); err != nil {
		return fmt.Errorf("export %s of %s: %w", s.name, user, err)
	}
	c.Flush()
	return c.Error()
}
