package version_test

import (
	"testing"

	"github.com/google/uuid"

	"pilothandbook/handbook/version"
	"pilothandbook/platform/platformtest"
)

// A version is news once: when it is first activated, and nothing newer was
// before. Readers who studied ahead are looked for whenever the lessons change.
func TestActivateTells(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	versions := map[string]uuid.UUID{}
	for _, number := range []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"} {
		v, err := insert(t.Context(), p, publication(t, p, "instrument", number))
		if err != nil {
			t.Fatal(err)
		}
		versions[number] = v.ID
	}
	for _, tc := range []struct {
		name, number string
		want         string
	}{
		{"the first", "1.0.0", "content-update-notification sync-readers"},
		{"the same again", "1.0.0", ""},
		{"a later one", "1.2.0", "content-update-notification sync-readers"},
		{"back to the first", "1.0.0", "sync-readers"},
		{"an older one that never was active", "1.1.0", "sync-readers"},
		{"forward again", "1.2.0", "sync-readers"},
		{"the newest", "1.3.0", "content-update-notification sync-readers"},
	} {
		if _, err := p.DB.Exec(t.Context(), `DELETE FROM outbox`); err != nil {
			t.Fatal(err)
		}
		if err := activate(t.Context(), p, versions[tc.number]); err != nil {
			t.Fatal(err)
		}
		var got string
		err := p.DB.QueryRow(t.Context(), `
			SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '')
			FROM outbox
			WHERE payload->>'version' = $1::uuid::text AND kind IN ('content-update-notification', 'sync-readers')`, versions[tc.number]).Scan(&got)
		if err != nil || got != tc.want {
			t.Errorf("%s: jobs %q, %v; want %q", tc.name, got, err, tc.want)
		}
	}
	if v, err := version.Active(t.Context(), p.Memory, p.DB, "instrument"); err != nil || v.ID != versions["1.3.0"] {
		t.Errorf("active is %v, %v", v, err)
	}
}
