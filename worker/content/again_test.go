package content_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/content"
	"pilothandbook/worker/optimise"
)

// again renders a source once more.
func again(t *testing.T, p *platform.Platform, id uuid.UUID) {
	t.Helper()
	err := content.Jobs{DB: p.DB, Images: optimise.Here{}}.ProcessModule(t.Context(), job.ProcessModule{Source: id, Again: true, By: platformtest.Operator(t, p).ID})
	if err != nil {
		t.Fatal(err)
	}
}

// revisions tells those of instrument 0.1.0, with a star at the active one.
func revisions(t *testing.T, p *platform.Platform) string {
	t.Helper()
	return platformtest.Text(t, p, `
		SELECT string_agg(version || '/' || revision || CASE WHEN is_active THEN '*' ELSE '' END, ' ' ORDER BY release_date, id) FROM content_versions`)
}

// What another program makes of the same source is its next revision, which
// replaces the one that readers have, and only that. Nobody is told.
func TestReprocess(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	first := uploaded(t, p, "instrument", "0.1.0", files)
	if err := run(t.Context(), p, first, true); err != nil {
		t.Fatal(err)
	}
	again(t, p, first)
	if got := revisions(t, p); got != "0.1.0/1*" {
		t.Errorf("the same result gave %s", got)
	}
	former := func() { // as if an older program had rendered it
		platformtest.Exec(t, p, `UPDATE content_versions SET checksum = 'of a former program'`)
		platformtest.Exec(t, p, `DELETE FROM outbox`)
	}
	former()
	again(t, p, first)
	if got := revisions(t, p); got != "0.1.0/1 0.1.0/2*" {
		t.Errorf("another result gave %s", got)
	}
	if news := platformtest.Text(t, p, `SELECT count(*)::text FROM outbox WHERE kind = 'content-update-notification'`); news != "0" {
		t.Error("readers are told of a revision")
	}
	edit(t, files, "module.yaml", "0.1.0", "0.2.0")
	if err := run(t.Context(), p, uploaded(t, p, "instrument", "0.2.0", files), true); err != nil {
		t.Fatal(err)
	}
	former()
	again(t, p, first)
	if got := revisions(t, p); got != "0.1.0/1 0.1.0/2 0.2.0/1* 0.1.0/3" {
		t.Errorf("a version that readers do not have gave %s", got)
	}
	if by := platformtest.Text(t, p, `SELECT string_agg(DISTINCT actor::text, ' ') FROM audit_log WHERE action = 'version activated'`); by != platformtest.Operator(t, p).ID.String() {
		t.Errorf("the record says %s", by)
	}
}

// A lesson that readers have is not lost by mistake: it is said where it went.
func TestLessonsThatGo(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	publish := func(number string) error {
		return run(t.Context(), p, uploaded(t, p, "instrument", number, files), true)
	}
	if err := publish("0.1.0"); err != nil {
		t.Fatal(err)
	}
	edit(t, files, "module.yaml", "0.1.0", "0.2.0")
	edit(t, files, "module.yaml", "id: altimeter", "id: altitude")
	wantLines(t, publish("0.2.0"), []string{`module.yaml:10: the lesson "altimeter" of version 0.1.0, which readers have, is missing; write "moved_from: altimeter"`})
	if got := revisions(t, p); got != "0.1.0/1*" {
		t.Errorf("there are %s", got)
	}
	edit(t, files, "module.yaml", "id: altitude", "id: altitude\n    moved_from: altimeter")
	if err := publish("0.2.0"); err != nil {
		t.Fatal(err)
	}
	edit(t, files, "module.yaml", "0.2.0", "0.3.0")
	edit(t, files, "module.yaml", "    moved_from: altimeter\n", "")
	edit(t, files, "module.yaml", "id: airspeed", "id: altimeter")
	edit(t, files, "module.yaml", "lessons:", "retired: [airspeed]\nlessons:")
	wantLines(t, publish("0.3.0"), []string{`module.yaml:14: the id "altimeter" was that of the lesson which is "altitude" now`})
	edit(t, files, "module.yaml", "id: altimeter", "id: speed")
	if err := publish("0.3.0"); err != nil {
		t.Fatal(err)
	}
	got := platformtest.Text(t, p, `SELECT string_agg(lesson_id || ' ' || coalesce(moved_to, 'retired'), ', ' ORDER BY lesson_id) FROM former_lessons`)
	if !strings.Contains(got, "airspeed retired, altimeter altitude") {
		t.Errorf("kept: %s", got)
	}
}

// TestRolledBack: a lesson that only a version had which was rolled back since
// is not lost by mistake either.
func TestRolledBack(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	files := module(t, "testdata/module")
	publish := func(number string) error {
		return run(t.Context(), p, uploaded(t, p, "instrument", number, files), true)
	}
	if err := publish("0.1.0"); err != nil {
		t.Fatal(err)
	}
	first := active(t, p, "instrument").ID
	edit(t, files, "module.yaml", "0.1.0", "0.2.0")
	files["lessons/compass.mdx"] = files["lessons/airspeed.mdx"]
	files["module.yaml"].Data = append(files["module.yaml"].Data, "  - {id: compass, file: lessons/compass.mdx}\n"...)
	if err := publish("0.2.0"); err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return version.Activate(t.Context(), tx, first, uuid.Nil) }); err != nil {
		t.Fatal(err)
	}
	delete(files, "lessons/compass.mdx")
	edit(t, files, "module.yaml", "  - {id: compass, file: lessons/compass.mdx}\n", "")
	edit(t, files, "module.yaml", "0.2.0", "0.3.0")
	wantLines(t, publish("0.3.0"), []string{`module.yaml:10: the lesson "compass" of version 0.2.0, which readers had, is missing; write "moved_from: compass"`})
	edit(t, files, "module.yaml", "lessons:", "retired: [compass]\nlessons:")
	if err := publish("0.3.0"); err != nil {
		t.Error(err)
	}
}
