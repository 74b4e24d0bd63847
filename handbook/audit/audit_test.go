package audit_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestItOnlyGrows(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, operator := uuid.New(), uuid.New()
	for _, e := range []audit.Entry{
		{Actor: operator, Action: "role granted", Subject: audit.User(ana), Detail: map[string]any{"role": "author"}},
		{Action: "account expired", Subject: audit.User(ana)},
	} {
		if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return audit.Write(t.Context(), tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{
		`UPDATE audit_log SET actor = NULL`, `DELETE FROM audit_log`, `TRUNCATE audit_log`, `DELETE FROM audit_log WHERE false`,
	} {
		if _, err := p.DB.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "audit_log only grows") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	var got string
	err := p.DB.QueryRow(t.Context(), `
		SELECT string_agg(concat_ws(' ', coalesce(actor::text, 'nobody'), action, subject, detail), '; ' ORDER BY id)
		FROM audit_log`).Scan(&got)
	want := operator.String() + ` role granted user:` + ana.String() + ` {"role": "author"}; nobody account expired user:` + ana.String() + ` {}`
	if err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// What was not done is not told.
func TestItGoesWithItsCause(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		if err := audit.Write(t.Context(), tx, audit.Entry{Action: "nothing", Subject: "nobody"}); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `SELECT 1 / 0`)
		return err
	})
	var n int
	if scan := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM audit_log`).Scan(&n); err == nil || scan != nil || n != 0 {
		t.Errorf("%v, %v, %d entries", err, scan, n)
	}
}
