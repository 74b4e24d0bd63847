package progress_test

import (
	"net/http"
	"testing"

	"pilothandbook/functions/progress"
	"pilothandbook/platform/platformtest"
)

func TestShow(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, statement := range []string{
		`INSERT INTO lesson_ids SELECT unnest('{lift,drag,stalls}'::text[]), 'instrument'`, `
		INSERT INTO lessons (version_id, lesson_id, module_key, position, title, dated, words, html)
		SELECT v.id, l.id, 'instrument', l.n, initcap(l.id), '2026-01-01', 100, ''
		FROM content_versions v, unnest('{lift,drag,stalls}'::text[]) WITH ORDINALITY AS l(id, n)
		WHERE v.module_id = 'instrument'`, `
		INSERT INTO progress (id, user_id, lesson_id, completed, completed_at, last_access, active)
		SELECT gen_random_uuid(), id, 'drag', true, '2026-01-02T10:00Z', '2026-01-03T10:00Z', '{[2026-01-02T09:00Z,2026-01-02T09:02:59Z)}'
		FROM users
		WHERE email = 'ana@example.com'`,
	} {
		if _, err := p.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, module string
		who          *platformtest.User
		status       int
		golden       string
	}{
		{"some read", "instrument", ana, http.StatusOK, "read.json"},
		{"no lessons", "bundle", ana, http.StatusOK, "empty.json"},
		{"unknown module", "seaplane", ana, http.StatusNotFound, "unknown.json"},
		{"signed out", "instrument", nil, http.StatusUnauthorized, "signed-out.json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got := platformtest.Call(t, p, progress.Routes(p), tc.who, http.MethodGet, "/api/progress/"+tc.module, nil)
			if got.Status != tc.status {
				t.Errorf("got %d, want %d", got.Status, tc.status)
			}
			platformtest.Golden(t, tc.golden, got.Body)
		})
	}
}
