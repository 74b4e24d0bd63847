package finish_test

import (
	"net/http"
	"testing"

	"pilothandbook/functions/finish"
	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// publish makes a module of three lessons, the first of them free.
func publish(t *testing.T, p *platform.Platform) {
	t.Helper()
	platformtest.Sell(t, p)
	for _, statement := range []string{
		`INSERT INTO lesson_ids SELECT unnest('{lift,drag,stalls}'::text[]), 'instrument'`, `
		INSERT INTO lessons (version_id, lesson_id, module_key, position, title, preview, dated, words, html)
		SELECT v.id, l.id, 'instrument', l.n, l.id, l.n = 1, '2026-01-01', 100, ''
		FROM content_versions v, unnest('{lift,drag,stalls}'::text[]) WITH ORDINALITY AS l(id, n)
		WHERE v.module_id = 'instrument'`,
	} {
		if _, err := p.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFinish(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	owner := platformtest.Learner(t, p, "owner@example.com")
	_, err := p.DB.Exec(t.Context(), `INSERT INTO grants (id, user_id, module_key) VALUES (gen_random_uuid(), $1, 'instrument')`, owner.ID)
	if err != nil {
		t.Fatal(err)
	}
	visitor := platformtest.Learner(t, p, "visitor@example.com")
	for _, tc := range []struct {
		name, lesson, form string
		who                *platformtest.User
		status             int
		to                 string
	}{
		{"on to the next", "/modules/instrument/lessons/lift", "", owner, http.StatusSeeOther, "/modules/instrument/lessons/drag"},
		{"after the last", "/modules/instrument/lessons/stalls", "", owner, http.StatusSeeOther, "/modules/instrument"},
		{"where the form says", "/modules/instrument/lessons/lift", "next=/orders", owner, http.StatusSeeOther, "/orders"},
		{"never off the site", "/modules/instrument/lessons/lift", "next=//evil.example", owner, http.StatusSeeOther, "/"},
		{"a free lesson", "/modules/instrument/lessons/lift", "", visitor, http.StatusSeeOther, "/modules/instrument/lessons/drag"},
		{"not bought", "/modules/instrument/lessons/drag", "", visitor, http.StatusPaymentRequired, ""},
		{"another module's", "/modules/private_commercial/lessons/lift", "", owner, http.StatusNotFound, ""},
		{"unknown", "/modules/instrument/lessons/canards", "", owner, http.StatusNotFound, ""},
		{"signed out", "/modules/instrument/lessons/lift", "", nil, http.StatusUnauthorized, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := platformtest.Send(t, p, finish.Routes(p), platformtest.Form(t, tc.who, tc.lesson+"/finish", tc.form))
			if got.Status != tc.status || got.Header.Get("Location") != tc.to {
				t.Errorf("got %d to %q, want %d to %q", got.Status, got.Header.Get("Location"), tc.status, tc.to)
			}
		})
	}
	for who, want := range map[*platformtest.User]int{owner: 2, visitor: 1} {
		m, err := progress.Of(t.Context(), p.DB, who.ID, "instrument")
		if err != nil || m.Done != want {
			t.Errorf("%s: %+v, %v; want %d done", who.Email, m, err, want)
		}
	}
}
