package progress_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"pilothandbook/handbook/progress"
)

var (
	created  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	received = created.AddDate(0, 1, 0)
)

// anyEvent draws what a device with a wrong clock may tell.
func anyEvent(t *rapid.T) progress.Event {
	return progress.Event{
		ID:     uuid.New(),
		Lesson: rapid.SampledFrom([]string{"lift", "drag", "stalls"}).Draw(t, "lesson"),
		Kind:   rapid.SampledFrom([]string{"open", "read", "read", "read", "finish", "dance"}).Draw(t, "kind"),
		At: created.Add(time.Duration(rapid.IntRange(0, 3600_000).Draw(t, "ms"))*time.Millisecond).
			AddDate(rapid.SampledFrom([]int{0, 0, 0, 0, -10, 10}).Draw(t, "skew"), 0, 0),
		ActiveMS: rapid.IntRange(0, 400_000).Draw(t, "active"),
	}
}

func anyEvents(t *rapid.T) []progress.Event {
	all := rapid.SliceOfN(rapid.Custom(anyEvent), 0, 30).Draw(t, "events")
	for n := range all {
		all[n] = all[n].Clamped(created, received)
	}
	return all
}

// spoilt returns events in another order, some of them more than once.
func spoilt(t *rapid.T, all []progress.Event) []progress.Event {
	if len(all) == 0 {
		return nil
	}
	again := rapid.SliceOfN(rapid.SampledFrom(all), 0, len(all)).Draw(t, "again")
	return rapid.Permutation(append(again, all...)).Draw(t, "order")
}

func TestFoldIsAFunctionOfTheSet(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		all := anyEvents(t)
		want := progress.Fold(progress.State{}, all...)
		sent := spoilt(t, all)
		cut := rapid.IntRange(0, len(sent)).Draw(t, "cut")
		got := progress.Fold(progress.Fold(progress.State{}, sent[:cut]...), sent[cut:]...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-all at once +reordered, repeated and split:\n%s", diff)
		}
		one := progress.State{}
		for _, e := range sent {
			before := one
			one = progress.Fold(one, e)
			if before.Completed && !one.Completed || one.Minutes() < before.Minutes() {
				t.Fatalf("%+v took away from %+v: %+v", e, before, one)
			}
		}
		if diff := cmp.Diff(want, one); diff != "" {
			t.Fatalf("-all at once +one by one:\n%s", diff)
		}
	})
}

// The model counts milliseconds one by one.
func TestFoldCountsEachMillisecondOnce(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		var all []progress.Event
		marked := map[int]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "events") {
			at, active := rapid.IntRange(0, 300).Draw(t, "at"), rapid.IntRange(0, 80).Draw(t, "active")
			all = append(all, progress.Event{Kind: progress.Read, At: created.Add(time.Duration(at) * time.Millisecond), ActiveMS: active})
			for ms := at - active; ms < at; ms++ {
				marked[ms] = true
			}
		}
		total := time.Duration(0)
		s := progress.Fold(progress.State{}, all...)
		for n, i := range s.Active {
			total += i.To.Sub(i.From)
			if n > 0 && !i.From.After(s.Active[n-1].To) {
				t.Fatalf("not joined: %v", s.Active)
			}
		}
		if int(total.Milliseconds()) != len(marked) {
			t.Fatalf("got %v, want %d ms of %v", total, len(marked), all)
		}
	})
}

func TestFoldLeavesItsArgument(t *testing.T) {
	t.Parallel()

	at := func(minute, active int) progress.Event {
		return progress.Event{Kind: progress.Read, At: created.Add(time.Duration(minute) * time.Minute), ActiveMS: active * 60_000}
	}
	s := progress.Fold(progress.State{}, at(10, 2), at(20, 2))
	want := progress.Fold(progress.State{}, at(10, 2), at(20, 2))
	progress.Fold(s, at(5, 1), at(15, 5), at(19, 4))
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestClamped(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name     string
		at, want time.Time
	}{
		{"in between", created.Add(time.Hour), created.Add(time.Hour)},
		{"before the account", created.AddDate(-10, 0, 0), created},
		{"a little ahead", received.Add(4 * time.Minute), received.Add(4 * time.Minute)},
		{"years ahead", received.AddDate(10, 0, 0), received.Add(5 * time.Minute)},
		{"below a millisecond", created.Add(1_999_999), created.Add(time.Millisecond)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			if got := (progress.Event{At: tc.at}).Clamped(created, received).At; !got.Equal(tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestMinutes(t *testing.T) {
	t.Parallel()

	read := func(end time.Duration, ms int) progress.Event {
		return progress.Event{Kind: progress.Read, At: created.Add(end), ActiveMS: ms}
	}
	for _, tc := range []struct {
		name   string
		events []progress.Event
		want   int
	}{
		{"nothing", nil, 0},
		{"just under a minute", []progress.Event{read(time.Hour, 59_999)}, 0},
		{"two halves make one", []progress.Event{read(time.Hour, 30_000), read(2*time.Hour, 30_000)}, 1},
		{"two devices at once", []progress.Event{read(time.Hour, 120_000), read(time.Hour+time.Minute, 120_000)}, 3},
		{"an interval is five minutes at most", []progress.Event{read(time.Hour, 1_472_231_803)}, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			if got := progress.Fold(progress.State{}, tc.events...).Minutes(); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ done, total, want int }{
		{0, 0, 0}, {5, 0, 0}, {0, 3, 0}, {1, 3, 33}, {199, 200, 99}, {3, 3, 100}, {4, 3, 100}, {-1, 3, 0},
	} {
		if got := progress.Percent(tc.done, tc.total); got != tc.want {
			t.Errorf("Percent(%d, %d) = %d, want %d", tc.done, tc.total, got, tc.want)
		}
	}
}
