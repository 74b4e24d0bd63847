package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/period"
	"pilothandbook/platform/db"
)

// most is how many lessons are listed by name.
const most = 12

// reading is what readers did.
type reading struct {
	Today, Before, Total read
	Days                 []read // on which something was, the latest first
	Lessons              []read // those that were left most
	More                 bool   // there are lessons that are not listed
	Readers, Done        chart
}

// read is what was done in some days, or with a lesson.
type read struct {
	Name                    string
	Readers, Finished, Left number
}

// tally counts, for one day and lesson, who finished it and who left it.
type tally struct {
	Day            time.Time
	Lesson         string
	Title          string
	Finished, Left int
}

func (v *view) askReading(ctx context.Context, q db.Querier) error {
	days, err := readers(ctx, q, v.reach())
	if err != nil {
		return err
	}
	lessons, err := progressed(ctx, q, v.reach())
	if err != nil {
		return err
	}
	total, err := distinct(ctx, q, v.Period)
	if err != nil {
		return err
	}
	r := &v.Reading
	r.Today, r.Before = sumRead(v.today(), days, lessons), sumRead(v.before(), days, lessons)
	r.Total = sumRead(v.Period, days, lessons)
	r.Total.Readers = count(total, v.Period.Link("/admin/readers"))
	var active, done, left []int
	for _, day := range v.Period.Days() {
		d := sumRead(v.Period.On(day), days, lessons)
		d.Name = day.Format("2 Jan")
		active, done, left = append(active, d.Readers.Value), append(done, d.Finished.Value), append(left, d.Left.Value)
		if d.Readers.Value+d.Finished.Value+d.Left.Value > 0 {
			r.Days = append(r.Days, d)
		}
	}
	slices.Reverse(r.Days)
	r.Lessons, r.More = leftMost(v.Period, lessons)
	r.Readers = bars("readers", "Active readers per day", v.Period, active, nil, strconv.Itoa)
	r.Done = bars("lessons", "Lessons finished per day, and left below the line", v.Period, done, left, strconv.Itoa)
	return nil
}

// readers returns how many people were reading on each day that had any.
func readers(ctx context.Context, q db.Querier, p period.Period) (map[time.Time]int, error) {
	rows, err := q.Query(ctx, `
		SELECT day, count(*)
		FROM (
			SELECT DISTINCT (at AT TIME ZONE 'UTC')::date AS day, user_id
			FROM study_events
			WHERE `+period.Active+`) AS active
		GROUP BY day`, p.Args()...)
	if err != nil {
		return nil, fmt.Errorf("readers: %w", err)
	}
	all := map[time.Time]int{}
	var day time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&day, &n}, func() error {
		all[day] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("readers: %w", err)
	}
	return all, nil
}

// distinct returns how many people were reading in all of a period.
func distinct(ctx context.Context, q db.Querier, p period.Period) (n int, err error) {
	err = q.QueryRow(ctx, `
		SELECT count(*)
		FROM (SELECT DISTINCT user_id FROM study_events WHERE `+period.Active+`) AS active`, p.Args()...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("readers: %w", err)
	}
	return n, nil
}

// progressed returns what readers finished and left, by day and lesson.
func progressed(ctx context.Context, q db.Querier, p period.Period) ([]tally, error) {
	rows, err := q.Query(ctx, `
		SELECT r.day, r.lesson_id, `+period.Title+`, r.finished, r.lefts
		FROM (
			SELECT (at AT TIME ZONE 'UTC')::date AS day, lesson_id, count(*) FILTER (WHERE done) AS finished, count(*) FILTER (WHERE NOT done) AS lefts
			FROM (
				SELECT completed_at AS at, lesson_id, true AS done
				FROM studied
				WHERE `+period.Finished+`
				UNION ALL
				SELECT last_access, lesson_id, false
				FROM studied
				WHERE `+period.Left+`) AS moments
			GROUP BY 1, 2) AS r`, p.Args()...)
	if err != nil {
		return nil, fmt.Errorf("lessons finished and left: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[tally])
	if err != nil {
		return nil, fmt.Errorf("lessons finished and left: %w", err)
	}
	return all, nil
}

// sumRead adds up what was done in a period. Readers are those of its last day,
// as who reads on two days is one reader.
func sumRead(p period.Period, days map[time.Time]int, lessons []tally) read {
	finished, left := 0, 0
	for _, t := range lessons {
		if !t.Day.Before(p.First) && !t.Day.After(p.Last) {
			finished, left = finished+t.Finished, left+t.Left
		}
	}
	return read{
		Readers:  count(days[p.Last], p.On(p.Last).Link("/admin/readers")),
		Finished: count(finished, p.Link("/admin/lessons", "show", "finished")),
		Left:     count(left, p.Link("/admin/lessons", "show", "left")),
	}
}

// leftMost returns the lessons that most readers left, and whether there are
// more lessons.
func leftMost(p period.Period, lessons []tally) ([]read, bool) {
	sums := map[string]tally{}
	for _, t := range lessons {
		if s := sums[t.Lesson]; !t.Day.Before(p.First) {
			sums[t.Lesson] = tally{Lesson: t.Lesson, Title: t.Title, Finished: s.Finished + t.Finished, Left: s.Left + t.Left}
		}
	}
	var all []read
	for _, t := range sums {
		all = append(all, read{
			Name:     t.Title,
			Finished: count(t.Finished, p.Link("/admin/lessons", "show", "finished", "lesson", t.Lesson)),
			Left:     count(t.Left, p.Link("/admin/lessons", "show", "left", "lesson", t.Lesson)),
		})
	}
	slices.SortFunc(all, func(a, b read) int {
		return cmp.Or(cmp.Compare(b.Left.Value, a.Left.Value), cmp.Compare(b.Finished.Value, a.Finished.Value), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(most, len(all))], len(all) > most
}
