package platformtest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pilothandbook/platform/platformtest"
)

// What judges times tells a small difference from none.
func TestTellsTimesApart(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	sample := func(shift float64) []float64 {
		all := make([]float64, 20_000)
		for i := range all {
			all[i] = 100 + shift + 10*draw.NormFloat64()
		}
		return all
	}
	one, same, slower := sample(0), sample(0), sample(1)
	if x := platformtest.Welch(one, same); math.Abs(x) > 4.5 {
		t.Errorf("equal times: t = %.2f", x)
	}
	if x := platformtest.Welch(one, slower); math.Abs(x) < 4.5 {
		t.Errorf("a hundredth slower: t = %.2f", x)
	}
	if p := platformtest.MannWhitney(one, same); p < 0.01 {
		t.Errorf("equal times: p = %.4f", p)
	}
	if p := platformtest.MannWhitney(one, slower); p > 0.01 {
		t.Errorf("a hundredth slower: p = %.4f", p)
	}
	// By hand: U is 1 of 9, its mean 4.5 and its deviation 2.2913.
	if p := platformtest.MannWhitney([]float64{1, 2, 4}, []float64{3, 5, 6}); math.Abs(p-0.1266) > 0.001 {
		t.Errorf("three and three: p = %.4f", p)
	}
	if m := platformtest.Median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("median %g", m)
	}
}

// Each deed is done as often as the other.
func TestSamples(t *testing.T) {
	t.Parallel()
	done := map[bool]int{}
	a, b := platformtest.Samples(50, func(_ int, second bool) { done[second]++ })
	if len(a) != 50 || len(b) != 50 || done[true] != 50 || done[false] != 50 {
		t.Errorf("%d and %d samples of %v", len(a), len(b), done)
	}
}
