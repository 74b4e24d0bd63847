package progress_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/progress"
	"pilothandbook/platform/platformtest"
)

// A row does not grow without bound, whatever a device tells.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	user := learner(t, p, "ana@example.com")
	blink := func(lesson string, second int) progress.Event {
		return progress.Event{ID: uuid.New(), Lesson: lesson, Kind: "read", At: created.Add(time.Duration(second) * time.Second), ActiveMS: 1}
	}
	first := blink("lift", 3)
	record(t, p, user, raw(first))
	_, err := p.DB.Exec(t.Context(), `
		UPDATE progress
		SET active = active + (SELECT range_agg(tstzrange(s, s + interval '1 second'))
		                       FROM generate_series(now(), now() + interval '1 year', interval '1 minute') WITH ORDINALITY AS g(s, n)
		                       WHERE n < $2)
		WHERE user_id = $1`, user, progress.MaxIntervals)
	if err != nil {
		t.Fatal(err)
	}
	finish := progress.Event{ID: uuid.New(), Lesson: "lift", Kind: "finish", At: received}
	batch := []json.RawMessage{raw(blink("lift", 5)), raw(first), raw(finish), raw(blink("drag", 5))}
	var results []string
	for _, r := range record(t, p, user, batch...) {
		results = append(results, r.Result)
	}
	for n, want := range []string{"invalid", "known", "stored", "stored"} {
		if results[n] != want {
			t.Errorf("event %d is %s, want %s", n, results[n], want)
		}
	}
	if got := kept(t, p, user); len(got["lift"].Active) != progress.MaxIntervals || !got["lift"].Completed || len(got["drag"].Active) != 1 {
		t.Errorf("kept %d intervals, %+v", len(got["lift"].Active), got["drag"])
	}
}
