package audit_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestFind(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, gone := platformtest.Learner(t, p, "ana@example.com").ID, uuid.New()
	for _, e := range []audit.Entry{
		{Actor: ana, Action: "one", Subject: audit.User(gone)},
		{Action: "two", Subject: audit.User(ana)},
		{Actor: gone, Action: "", Subject: audit.Payment("pi_1")},
		{Actor: gone, Action: "one", Subject: "user:nobody"},
	} {
		if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return audit.Write(t.Context(), tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
	all, err := audit.Find(t.Context(), p.DB, audit.Filter{})
	if err != nil || len(all) != 4 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	for _, tc := range []struct {
		name   string
		filter audit.Filter
		want   string
	}{
		{"all", audit.Filter{}, "One user nobody by a deleted account; payment pi_1 by a deleted account; Two ana@example.com by the handbook itself; One a deleted account by ana@example.com"},
		{"two", audit.Filter{Limit: 2}, "One user nobody by a deleted account; payment pi_1 by a deleted account"},
		{"before", audit.Filter{Before: all[2].ID}, "One a deleted account by ana@example.com"},
		{"a person", audit.Filter{Person: ana}, "Two ana@example.com by the handbook itself; One a deleted account by ana@example.com"},
		{"a person and an action", audit.Filter{Person: gone, Action: "one"}, "One user nobody by a deleted account; One a deleted account by ana@example.com"},
		{"nothing", audit.Filter{Action: "three"}, ""},
	} {
		found, err := audit.Find(t.Context(), p.DB, tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i, r := range found {
			if i > 0 {
				got += "; "
			}
			if r.What() != "" {
				got += r.What() + " "
			}
			got += r.About + " by " + r.By
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
