package purchase_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pilothandbook/handbook/purchase"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func fact(kind purchase.Kind, amount int64, seconds int) purchase.Fact {
	return purchase.Fact{Kind: kind, Source: "x_1", Amount: amount, At: noon.Add(time.Duration(seconds) * time.Second)}
}

func TestState(t *testing.T) {
	t.Parallel()

	submitted, paid := fact(purchase.Submitted, 7900, 0), fact(purchase.Paid, 7900, 1)
	part, all := fact(purchase.PartlyRefunded, 900, 2), fact(purchase.Refunded, 7900, 3)
	taxed := fact(purchase.Paid, 5445, 1)
	taxed.Discount, taxed.Tax = 4950, 495
	disputed, won, lost := fact(purchase.Disputed, 7900, 4), fact(purchase.DisputeWon, 7900, 5), fact(purchase.DisputeLost, 8100, 6)
	for _, tc := range []struct {
		name  string
		facts []purchase.Fact
		want  purchase.Standing
	}{
		{"nothing", nil, purchase.Standing{}},
		{"a refund alone", []purchase.Fact{all}, purchase.Standing{}},
		{"an unknown kind", []purchase.Fact{fact("asked", 1, 1)}, purchase.Standing{}},
		{"a dispute alone", []purchase.Fact{disputed}, purchase.Standing{}},
		{"failed", []purchase.Fact{submitted, fact(purchase.Failed, 7900, 8)}, purchase.Standing{Failed: true}},
		{"failed and paid", []purchase.Fact{paid, fact(purchase.Failed, 7900, 8)}, purchase.Standing{Status: "completed", At: paid.At, Amount: 7900}},
		{"disputed", []purchase.Fact{disputed, paid}, purchase.Standing{Status: "completed", At: paid.At, Amount: 7900, Revoked: disputed.At}},
		{"won", []purchase.Fact{won, disputed, paid}, purchase.Standing{Status: "completed", At: paid.At, Amount: 7900}},
		{"won, of which nobody heard", []purchase.Fact{won, paid}, purchase.Standing{Status: "completed", At: paid.At, Amount: 7900}},
		{"lost", []purchase.Fact{lost, disputed, paid}, purchase.Standing{
			Status: "refunded", At: paid.At, Amount: 7900, Lost: 7900, LostAt: lost.At, Revoked: disputed.At}},
		{"lost, of which nobody heard", []purchase.Fact{lost, paid}, purchase.Standing{
			Status: "refunded", At: paid.At, Amount: 7900, Lost: 7900, LostAt: lost.At, Revoked: lost.At}},
		{"lost and refunded", []purchase.Fact{lost, disputed, paid, all}, purchase.Standing{
			Status: "refunded", At: paid.At, Amount: 7900, Refunded: 7900, RefundedAt: all.At, Lost: 7900, LostAt: lost.At, Revoked: all.At}},
		{"submitted", []purchase.Fact{submitted}, purchase.Standing{Status: "pending", At: noon, Amount: 7900}},
		{"paid", []purchase.Fact{paid, submitted}, purchase.Standing{Status: "completed", At: paid.At, Amount: 7900}},
		{"with discount and tax", []purchase.Fact{taxed}, purchase.Standing{Status: "completed", At: taxed.At, Amount: 5445, Discount: 4950, Tax: 495}},
		{"withdrawn", []purchase.Fact{fact(purchase.Withdrawn, 0, 3), fact(purchase.Paid, 0, 1), fact(purchase.Withdrawn, 0, 7)}, purchase.Standing{
			Status: "refunded", At: paid.At, Revoked: noon.Add(3 * time.Second)}},
		{"withdrawn, though it was paid", []purchase.Fact{fact(purchase.Withdrawn, 0, 3), paid}, purchase.Standing{Status: "completed", At: paid.At, Amount: 7900}},
		{"withdrawn, of which no sale is known", []purchase.Fact{fact(purchase.Withdrawn, 0, 3)}, purchase.Standing{}},
		{"nothing to pay", []purchase.Fact{fact(purchase.Paid, 0, 1)}, purchase.Standing{Status: "completed", At: paid.At}},
		{"part given back", []purchase.Fact{part, paid}, purchase.Standing{
			Status: "completed", At: paid.At, Amount: 7900, Refunded: 900, RefundedAt: part.At}},
		{"all given back", []purchase.Fact{all, part, paid}, purchase.Standing{
			Status: "refunded", At: paid.At, Amount: 7900, Refunded: 7900, RefundedAt: all.At, Revoked: all.At}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, purchase.State(tc.facts)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func facts() *rapid.Generator[[]purchase.Fact] {
	kinds := []purchase.Kind{
		purchase.Submitted, purchase.Failed, purchase.Paid, purchase.PartlyRefunded, purchase.Refunded,
		purchase.Disputed, purchase.DisputeWon, purchase.DisputeLost, purchase.Withdrawn,
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) purchase.Fact {
		f := fact(rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.Int64Range(0, 3).Draw(t, "amount"), rapid.IntRange(0, 5).Draw(t, "at"))
		f.Source = rapid.SampledFrom([]string{"x_1", "x_2"}).Draw(t, "source")
		f.Discount, f.Tax = rapid.Int64Range(0, 1).Draw(t, "discount"), rapid.Int64Range(0, 1).Draw(t, "tax")
		return f
	}), 0, 8)
}

// TestStateKnowsNoOrder compares every order, with repeats, with the first.
func TestStateKnowsNoOrder(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		set := facts().Draw(t, "facts")
		want := purchase.State(set)
		again := append(append([]purchase.Fact{}, set...), set[:rapid.IntRange(0, len(set)).Draw(t, "repeats")]...)
		for range 20 {
			shuffled := rapid.Permutation(again).Draw(t, "order")
			if diff := cmp.Diff(want, purchase.State(shuffled)); diff != "" {
				t.Fatalf("%v and %v differ:\n%s", set, shuffled, diff)
			}
		}
	})
}

// TestStateOfEveryOrder goes through every order of up to five of these facts,
// with the first once more at the end.
func TestStateOfEveryOrder(t *testing.T) {
	t.Parallel()

	second := fact(purchase.Disputed, 900, 8)
	second.Source = "x_2"
	all := []purchase.Fact{
		fact(purchase.Submitted, 7900, 0), fact(purchase.Failed, 7900, 9),
		fact(purchase.Disputed, 7900, 5), fact(purchase.DisputeWon, 7900, 6), fact(purchase.DisputeLost, 7900, 7), second,
		fact(purchase.Paid, 7900, 1), fact(purchase.Paid, 7900, 5), fact(purchase.Paid, 0, 2), fact(purchase.Withdrawn, 0, 10),
		fact(purchase.PartlyRefunded, 900, 2), fact(purchase.PartlyRefunded, 1900, 3), fact(purchase.PartlyRefunded, 1900, 8),
		fact(purchase.Refunded, 7900, 4), fact(purchase.Refunded, 7900, 7),
	}
	first := map[int]purchase.Standing{} // by set, as bits
	var story []purchase.Fact
	cases := 0
	var next func(set int)
	next = func(set int) {
		if len(story) > 0 {
			got := purchase.State(append(story, story[0]))
			if want, ok := first[set]; ok && want != got {
				t.Fatalf("%v: %+v, in another order %+v", story, got, want)
			}
			first[set] = got
			cases++
		}
		for i, f := range all {
			if set>>i&1 == 0 && len(story) < 5 {
				story = append(story, f)
				next(set | 1<<i)
				story = story[:len(story)-1]
			}
		}
	}
	next(0)
	if cases < 100_000 {
		t.Errorf("only %d stories were told", cases)
	}
}
