package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/platform/db"
	"pilothandbook/reader"
)

// glossary is what ids in the record stand for, as far as it is still known.
type glossary struct {
	modules map[string]string // titles by key
	reasons map[string]string // by action and id, why a grant was given or taken back, or a mail sent again
}

// explain puts words to what entries know beside who, what and whom.
func explain(ctx context.Context, q db.Querier, all []entry) error {
	ids := []uuid.UUID{}
	for _, e := range all {
		for _, field := range []string{"grant", "resend"} {
			s, _ := e.Detail[field].(string)
			if id, err := uuid.Parse(s); err == nil {
				ids = append(ids, id)
			}
		}
	}
	g := glossary{}
	var err error
	if g.modules, err = pairs(ctx, q, `SELECT key, title FROM modules`); err != nil {
		return err
	}
	const reasons = `
		SELECT 'grant given ' || id, reason FROM grants WHERE id = ANY($1)
		UNION ALL
		SELECT 'grant revoked ' || id, revoke_reason FROM grants WHERE id = ANY($1)
		UNION ALL
		SELECT 'mail resent ' || id, reason FROM resends WHERE id = ANY($1)`
	if g.reasons, err = pairs(ctx, q, reasons, ids); err != nil {
		return err
	}
	for i, e := range all {
		for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
			if fact := g.say(e, k); fact != "" {
				all[i].Facts = append(all[i].Facts, fact)
			}
		}
	}
	return nil
}

// pairs returns what a query of two columns tells.
func pairs(ctx context.Context, q db.Querier, sql string, args ...any) (map[string]string, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("words for the audit log: %w", err)
	}
	all := map[string]string{}
	var k, v string
	_, err = pgx.ForEachRow(rows, []any{&k, &v}, func() error {
		all[k] = v
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("words for the audit log: %w", err)
	}
	return all, nil
}

// say tells one field of an entry, "" for what says nothing to a reader.
func (g glossary) say(e entry, field string) string {
	value := fmt.Sprint(e.Detail[field])
	switch field {
	case "grant", "resend":
		return g.reasons[e.Action+" "+value]
	case "refund", "currency", "token", "passkey", "mail":
		return ""
	case "module":
		if title := g.modules[value]; title != "" {
			return title
		}
	case "until":
		if t, err := time.Parse(time.RFC3339, value); err == nil {
			return "until " + t.UTC().Format("2 January 2006, 15:04") + " UTC"
		}
	case "amount":
		cents, ok := e.Detail[field].(float64)
		if currency, known := e.Detail["currency"].(string); ok && known {
			return reader.Money(int(cents), currency)
		}
	}
	return strings.ReplaceAll(field, "_", " ") + " " + value
}
