package lesson_test

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/functions/lesson"
	"pilothandbook/functions/module"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

// rounds is how often each version is activated. After those, it goes on until
// all readers have read enough.
var rounds = flag.Int("rounds", 6, "how often TestNoMixedVersions activates each version")

// enough is how many answers each reader looks at, at least.
const enough = 20

// edition is a version whose every part names its number.
func edition(number string) version.Publication {
	v := platformtest.Volume("instrument", "Title of "+number, 5900, "holding", "vor")
	v.Version.Version, v.Checksum = number, "sum of "+number
	for i := range v.Lessons {
		v.Lessons[i].Title, v.Lessons[i].Preview = "Lesson of "+number, true
		v.Lessons[i].HTML = "<p>Text of " + number + "</p>"
	}
	return v
}

// While authors activate versions at once, and publish one, every answer is of
// one version whole, and one version is active.
func TestNoMixedVersions(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	const publishers = 8
	var all []version.Version
	for n := range publishers {
		all = append(all, platformtest.Publish(t, p, edition(fmt.Sprintf("%d.0.0", n+1))))
	}
	var reading atomic.Bool
	reading.Store(true)
	paths := []string{"/api/modules/instrument", "/api/modules/instrument/lessons/vor", "/modules/instrument/lessons/vor"}
	reads := make([]atomic.Int32, len(paths))
	satisfied := func() bool {
		for i := range reads {
			if reads[i].Load() < enough {
				return false
			}
		}
		return true
	}
	var readers, writers errgroup.Group
	for i, path := range paths {
		readers.Go(func() error {
			defer reads[i].Add(enough) // after an error nobody need wait for it
			for reading.Load() {
				got := platformtest.Call(t, p, append(lesson.Routes(p), module.Routes(p)...), nil, "GET", path, nil)
				if numbers := numbersOf(got.Body, publishers+1); got.Status != http.StatusOK || len(numbers) != 1 {
					return fmt.Errorf("%s: %d, of versions %v", path, got.Status, numbers)
				}
				reads[i].Add(1)
			}
			return nil
		})
	}
	for _, v := range all {
		writers.Go(func() error {
			for round := 0; round < *rounds || !satisfied(); round++ {
				err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return version.Activate(t.Context(), tx, v.ID, uuid.Nil) })
				if err != nil {
					return err
				}
				var active int
				if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM content_versions WHERE is_active`).Scan(&active); err != nil || active != 1 {
					return fmt.Errorf("%d versions are active, %v", active, err)
				}
			}
			return nil
		})
	}
	platformtest.Publish(t, p, edition(fmt.Sprintf("%d.0.0", publishers+1)))
	err := writers.Wait()
	reading.Store(false)
	if err != nil {
		t.Error(err)
	}
	if err := readers.Wait(); err != nil {
		t.Error(err)
	}
	last := platformtest.Text(t, p, `SELECT (array_agg(version_id ORDER BY at DESC))[1]::text FROM activations`)
	if active := platformtest.Text(t, p, `SELECT id::text FROM content_versions WHERE is_active`); active != last {
		t.Errorf("active is %s, activated last %s", active, last)
	}
}

// numbersOf returns the versions that an answer has parts of.
func numbersOf(body string, publishers int) (numbers []string) {
	for n := range publishers {
		if number := fmt.Sprintf("of %d.0.0", n+1); strings.Contains(body, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}
