package job

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
)

// NamesOf returns everything by which the payload of a job may name somebody.
// Persons is its inverse: what one knows, so does the other.
func NamesOf(ctx context.Context, q db.Querier, user uuid.UUID) ([]string, error) {
	rows, err := q.Query(ctx, `
		SELECT $1::uuid::text
		UNION SELECT id::text FROM checkouts WHERE user_id = $1
		UNION SELECT stripe_session_id FROM checkouts WHERE user_id = $1 AND stripe_session_id IS NOT NULL
		UNION SELECT id::text FROM purchases WHERE user_id = $1
		UNION SELECT stripe_payment_id FROM purchases WHERE user_id = $1
		UNION SELECT stripe_payment_id FROM refunds WHERE user_id = $1
		UNION SELECT id::text FROM mails WHERE user_id = $1
		UNION SELECT id::text FROM resends WHERE user_id = $1
		UNION SELECT id::text FROM email_changes WHERE user_id = $1
		UNION SELECT id::text FROM reports WHERE user_id = $1
		UNION SELECT id::text FROM sign_in_requests WHERE email = (SELECT email FROM users WHERE id = $1)`, user)
	if err != nil {
		return nil, fmt.Errorf("names of %s in jobs: %w", user, err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("names of %s in jobs: %w", user, err)
	}
	return names, nil
}

// Persons returns whom names in payloads stand for, by name. Those that stand
// for nobody who has an account are left out.
func Persons(ctx context.Context, q db.Querier, names []string) (map[string]uuid.UUID, error) {
	ids := []uuid.UUID{}
	for _, n := range names {
		if id, err := uuid.Parse(n); err == nil {
			ids = append(ids, id)
		}
	}
	rows, err := q.Query(ctx, `
		SELECT id::text, id FROM users WHERE id = ANY($1)
		UNION SELECT id::text, user_id FROM checkouts WHERE id = ANY($1) AND user_id IS NOT NULL
		UNION SELECT stripe_session_id, user_id FROM checkouts WHERE stripe_session_id = ANY($2) AND user_id IS NOT NULL
		UNION SELECT id::text, user_id FROM purchases WHERE id = ANY($1)
		UNION SELECT stripe_payment_id, user_id FROM purchases WHERE stripe_payment_id = ANY($2)
		UNION SELECT stripe_payment_id, user_id FROM refunds WHERE stripe_payment_id = ANY($2) AND user_id IS NOT NULL
		UNION SELECT id::text, user_id FROM mails WHERE id = ANY($1) AND user_id IS NOT NULL
		UNION SELECT id::text, user_id FROM resends WHERE id = ANY($1)
		UNION SELECT id::text, user_id FROM email_changes WHERE id = ANY($1)
		UNION SELECT id::text, user_id FROM reports WHERE id = ANY($1) AND user_id IS NOT NULL
		UNION SELECT r.id::text, u.id FROM sign_in_requests r JOIN users u ON u.email = r.email WHERE r.id = ANY($1)`, ids, names)
	if err != nil {
		return nil, fmt.Errorf("whom jobs are about: %w", err)
	}
	persons := map[string]uuid.UUID{}
	var name string
	var person uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&name, &person}, func() error {
		persons[name] = person
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("whom jobs are about: %w", err)
	}
	return persons, nil
}
