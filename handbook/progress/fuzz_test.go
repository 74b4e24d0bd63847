package progress_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/progress"
)

// FuzzSyncBatch: whatever a device sends is refused, or becomes events that
// fold alike in any order, however often and however they are split.
func FuzzSyncBatch(f *testing.F) {
	const id = "0197a3c2-0000-7000-8000-00000000000"
	f.Add([]byte(`[{"id":"`+id+`1","lesson":"lift","kind":"read","at":"2026-01-02T10:00:00.250Z","active_ms":60000},
		{"id":"`+id+`2","lesson":"lift","kind":"read","at":"2026-01-02T10:00:30Z","active_ms":60000},
		{"id":"`+id+`3","lesson":"lift","kind":"finish","at":"2026-01-02T10:00:00+14:00"},
		{"id":"`+id+`4","lesson":"lift","kind":"finish","at":"2026-01-02T09:00:00Z"}]`), uint64(1))
	f.Add([]byte(`[{"id":"`+id+`1","lesson":"lift","kind":"read","at":"0000-01-01T00:00:00Z","active_ms":1e300},
		{"id":"`+id+`2","lesson":"lift","kind":"read","at":"9999-12-31T23:59:59.999999999-23:59","active_ms":0.5},
		{"id":"`+id+`3","lesson":"lift","kind":"open","at":"2026-01-01T00:00:00Z","active_ms":-0}]`), uint64(2))
	f.Add([]byte(`[null, {}, 1, {"id":"{`+id+`1}"}, {"kind":"dance","at":"2026-01-01T24:00:00Z"}, {"id":"\\u0000"}]`), uint64(3))
	f.Fuzz(func(t *testing.T, batch []byte, seed uint64) {
		var raws []json.RawMessage
		if json.Unmarshal(batch, &raws) != nil {
			return
		}
		var all []progress.Event
		for _, raw := range raws {
			e, _, err := progress.Parse(raw)
			if err != nil {
				continue
			}
			e = e.Clamped(created, received)
			if again := e.Clamped(created, received); again != e {
				t.Errorf("%+v is clamped to %+v", e, again)
			}
			all = append(all, e)
		}
		laws(t, all, rand.New(rand.NewPCG(seed, seed)))
	})
}

// laws checks that Fold is commutative, associative and idempotent.
func laws(t *testing.T, all []progress.Event, dice *rand.Rand) {
	t.Helper()
	want := progress.Fold(progress.State{}, all...)
	mixed := append(append([]progress.Event{}, all...), all...)
	dice.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	cut := dice.IntN(len(mixed) + 1)
	got := progress.Fold(progress.Fold(progress.State{}, mixed[:cut]...), mixed[cut:]...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-all at once +mixed, twice and split:\n%s", diff)
	}
	if diff := cmp.Diff(want, progress.Fold(want, all...)); diff != "" {
		t.Errorf("-once +again:\n%s", diff)
	}
	for n, i := range want.Active {
		if !i.From.Before(i.To) || n > 0 && !want.Active[n-1].To.Before(i.From) {
			t.Errorf("intervals %v", want.Active)
		}
	}
}
