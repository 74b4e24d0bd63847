package tally_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/tally"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func open(t *testing.T) (*platform.Platform, tally.Jobs) {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	platformtest.Exec(t, p, `SELECT make_analytics_partitions('2026-01-01', 2)`)
	return p, tally.Jobs{DB: p.DB}
}

func rollUp(t *testing.T, j tally.Jobs, day string) {
	t.Helper()
	if err := j.RollUp(t.Context(), job.RollUpAnalytics{Day: day}); err != nil {
		t.Error(err)
	}
}

// counted lists what was counted of a day: events, anonymous, people.
func counted(t *testing.T, p *platform.Platform, day string) string {
	t.Helper()
	return platformtest.Text(t, p, `
		SELECT coalesce(string_agg(concat_ws(' ', kind, module_id, lesson_id, version, events, anonymous, people), '; ' ORDER BY kind, module_id, lesson_id, version), '')
		FROM analytics_daily
		WHERE day = $1::text::date`, day)
}

// A day is that of UTC, each person counts once in each line of it, and what
// there is not does not count. It may be counted as often as one likes.
func TestRollUp(t *testing.T) {
	t.Parallel()
	p, j := open(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO analytics_events
		SELECT at::timestamptz, kind, module, lesson, version, CASE who WHEN 'ana' THEN $1::uuid WHEN 'bob' THEN $2::uuid END
		FROM (VALUES
			('2026-01-31 00:00:00Z', 'lesson-read', 'instrument', 'holding', '1.0.0', 'ana'),
			('2026-01-31 12:00:00+12', 'lesson-read', 'instrument', 'holding', '1.0.0', 'ana'),
			('2026-01-31 23:59:59.999Z', 'lesson-read', 'instrument', 'holding', '1.0.0', 'bob'),
			('2026-01-31 12:00:00Z', 'lesson-read', 'instrument', 'holding', '1.0.0', NULL),
			('2026-01-31 12:00:00Z', 'catalog-viewed', '', '', '', NULL),
			('2026-01-31 12:00:00Z', 'lesson-read', 'instrument', 'invented', '1.0.0', 'ana'),
			('2026-01-31 12:00:00Z', 'lesson-read', 'private_commercial', 'holding', '1.0.0', 'ana'),
			('2026-01-31 12:00:00Z', 'lesson-read', 'instrument', 'holding', '9.9.9', 'ana'),
			('2026-01-31 12:00:00Z', 'module-viewed', 'invented', '', '', 'ana'),
			('2026-01-30 23:59:59.999Z', 'catalog-viewed', '', '', '', 'ana'),
			('2026-02-01 00:00:00Z', 'catalog-viewed', '', '', '', 'ana')) AS told (at, kind, module, lesson, version, who)`, ana.ID, bob.ID)
	const want = "catalog-viewed    1 1 0; lesson-read instrument holding 1.0.0 4 1 2"
	for range 2 {
		rollUp(t, j, "2026-01-31")
		if got := counted(t, p, "2026-01-31"); got != want {
			t.Errorf("counted %q", got)
		}
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM analytics_daily`); n != "2" {
		t.Errorf("%s rows, want 2", n)
	}
	rollUp(t, j, "2026-02-01")

	// What came late counts, and what has gone does not any more.
	platformtest.Exec(t, p, `UPDATE analytics_events SET user_id = NULL WHERE user_id = $1`, bob.ID)
	platformtest.Exec(t, p, `DELETE FROM analytics_events WHERE kind = 'catalog-viewed' AND at::date = '2026-01-31'`)
	platformtest.Exec(t, p, `INSERT INTO analytics_events VALUES ('2026-01-31 13:00Z', 'search-used', '', '', '', NULL)`)
	rollUp(t, j, "2026-01-31")
	if got := counted(t, p, "2026-01-31"); got != "lesson-read instrument holding 1.0.0 4 2 1; search-used    1 1 0" {
		t.Errorf("counted again %q", got)
	}
	if got := counted(t, p, "2026-02-01"); got != "catalog-viewed    1 0 1" {
		t.Errorf("the day after %q", got)
	}
}

func TestToday(t *testing.T) {
	t.Parallel()
	p, j := open(t)
	platformtest.Exec(t, p, `INSERT INTO analytics_events SELECT now(), 'catalog-viewed', '', '', '' FROM generate_series(1, 7)`)
	today := platformtest.Text(t, p, `SELECT ((SELECT max(at) FROM analytics_events) AT TIME ZONE 'UTC')::date::text`)
	rollUp(t, j, "")
	if got := counted(t, p, today); got != "catalog-viewed    7 7 0" && today == platformtest.Text(t, p, `SELECT (now() AT TIME ZONE 'UTC')::date::text`) {
		t.Errorf("counted %q", got)
	}
}

// A day is that of UTC for a server in any zone.
func TestZones(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Pacific/Kiritimati", "Pacific/Pago_Pago"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			p, j := open(t)
			platformtest.Exec(t, p, `
				INSERT INTO analytics_events VALUES
					('2026-01-30 23:59:59Z', 'module-viewed', 'instrument', '', ''),
					('2026-01-31 00:00:00Z', 'catalog-viewed', '', '', ''),
					('2026-01-31 23:59:59Z', 'catalog-viewed', '', '', ''),
					('2026-02-01 00:00:00Z', 'module-viewed', 'instrument', '', '')`)
			platformtest.Exec(t, p, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = %L', current_database(), '`+zone+`'); END $$`)
			j.DB = p.DB.Apart() // a new connection has the zone
			t.Cleanup(func() { j.DB.Close(time.Second) })
			if got := platformtest.Text(t, &platform.Platform{DB: j.DB}, `SELECT current_setting('timezone')`); got != zone {
				t.Fatalf("the zone is %s", got)
			}
			rollUp(t, j, "2026-01-31")
			if got := counted(t, p, "2026-01-31"); got != "catalog-viewed    2 2 0" {
				t.Errorf("counted %q", got)
			}
		})
	}
}

// What was counted outlives its events, whoever asks to count again.
func TestEventsHaveGone(t *testing.T) {
	t.Parallel()
	p, j := open(t)
	platformtest.Exec(t, p, `INSERT INTO analytics_daily VALUES ('2019-05-05', 'search-used', '', '', '', 5, 1, 3)`)
	for _, day := range []string{"2019-05-05", "soon"} {
		if err := j.RollUp(t.Context(), job.RollUpAnalytics{Day: day}); err == nil {
			t.Errorf("%s was counted", day)
		}
	}
	if got := counted(t, p, "2019-05-05"); got != "search-used    5 1 3" {
		t.Errorf("left is %q", got)
	}
}

// Counting the same day at once is as counting it once.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	p, j := open(t)
	platformtest.Exec(t, p, `INSERT INTO analytics_events SELECT '2026-01-31 12:00Z', 'catalog-viewed', '', '', '' FROM generate_series(1, 100)`)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { rollUp(t, j, "2026-01-31") })
	}
	all.Wait()
	if got := counted(t, p, "2026-01-31"); got != "catalog-viewed    100 100 0" {
		t.Errorf("counted %q", got)
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	p, j := open(t)
	platformtest.Exec(t, p, `SELECT make_analytics_partitions((now() AT TIME ZONE 'UTC')::date - 31 * 20, 20)`)
	platformtest.Exec(t, p, `DROP TABLE `+platformtest.Text(t, p, `SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass`))
	for range 2 {
		if err := j.Keep(t.Context(), job.KeepAnalytics{}); err != nil {
			t.Fatal(err)
		}
	}
	months := func(sql string) string {
		return platformtest.Text(t, p, `SELECT string_agg(month, ' ' ORDER BY month) FROM (`+sql+`) AS all_months (month)`)
	}
	got := months(`SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass`)
	want := months(`SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month', '"analytics_events_"YYYY"_"MM') FROM generate_series(-13, 2) AS n`)
	if got != want {
		t.Errorf("months\n%s, want\n%s", got, want)
	}
	days := `SELECT string_agg(DISTINCT payload->>'day', ' ') FROM outbox WHERE kind = 'roll-up-analytics' AND queue = 'analytics'`
	if got, want := platformtest.Text(t, p, days), platformtest.Text(t, p, `SELECT concat_ws(' ', (now() AT TIME ZONE 'UTC')::date - 3, (now() AT TIME ZONE 'UTC')::date - 2, (now() AT TIME ZONE 'UTC')::date - 1)`); got != want {
		t.Errorf("days to count %q, want %q", got, want)
	}
}

// A worker that was away for days counts them all once it is back, from the one
// that it may have counted in part.
func TestAway(t *testing.T) {
	t.Parallel()
	for away, want := range map[int]int{1: 3, 3: 3, 10: 10, 200: 60} {
		p, j := open(t)
		platformtest.Exec(t, p, `
			INSERT INTO analytics_daily (day, kind, module_id, lesson_id, version, events, anonymous, people)
			SELECT (now() AT TIME ZONE 'UTC')::date - ago, 'catalog-viewed', '', '', '', 1, 1, 0
			FROM unnest(ARRAY[0, $1, $1 + 1]) AS ago`, away)
		if err := j.Keep(t.Context(), job.KeepAnalytics{}); err != nil {
			t.Fatal(err)
		}
		got := platformtest.Text(t, p, `
			SELECT concat_ws(' ', count(*), (now() AT TIME ZONE 'UTC')::date - min(payload->>'day')::date, (now() AT TIME ZONE 'UTC')::date - max(payload->>'day')::date)
			FROM outbox
			WHERE kind = 'roll-up-analytics'`)
		if want := fmt.Sprintf("%d %d 1", want, want); got != want {
			t.Errorf("away for %d days: jobs, first and last of the days ago: %q, want %q", away, got, want)
		}
	}
}
