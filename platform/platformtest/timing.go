package platformtest

import (
	"cmp"
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Timing is how many samples of each kind tests take that compare times. Times
// are judged from TimingJudged on: fewer only show that the test works and that
// answers are equal, as a few samples on a busy machine tell nothing.
//
//	go test ./functions/stripehook -run TestTiming -timing=100000 -timeout 1h
//	go test ./functions/signin -run TestTiming -timing=20000 -timeout 1h
var Timing = flag.Int("timing", 40, "samples of each kind that tests take which compare times")

// TimingJudged is how many samples are enough to judge by.
const TimingJudged = 10_000

// Samples takes n times of each of two deeds, in microseconds, in an order that
// is drawn anew for each pair, so that what the machine does besides meets both.
func Samples(n int, deed func(n int, second bool)) (first, second []float64) {
	for i := range n {
		swap := rand.N(2) == 1
		for _, which := range []bool{swap, !swap} {
			began := time.Now()
			deed(i, which)
			took := float64(time.Since(began)) / float64(time.Microsecond)
			if which {
				second = append(second, took)
			} else {
				first = append(first, took)
			}
		}
	}
	return first, second
}

// Median returns the middle one of some numbers.
func Median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// Welch returns Welch's t of two samples, without the slowest twentieth of each:
// those are the machine's.
func Welch(a, b []float64) float64 {
	ma, va := moments(a)
	mb, vb := moments(b)
	return (ma - mb) / math.Sqrt(va+vb)
}

// moments returns the mean, and the variance of the mean.
func moments(all []float64) (mean, variance float64) {
	kept := slices.Sorted(slices.Values(all))[:len(all)*19/20]
	n := float64(len(kept))
	for _, x := range kept {
		mean += x / n
	}
	for _, x := range kept {
		variance += (x - mean) * (x - mean) / (n - 1) / n
	}
	return mean, variance
}

// MannWhitney returns how likely two samples of one distribution differ as much
// in their ranks as these do, or more.
func MannWhitney(a, b []float64) float64 {
	type sample struct {
		x     float64
		first bool
	}
	var all []sample
	for _, x := range a {
		all = append(all, sample{x, true})
	}
	for _, x := range b {
		all = append(all, sample{x, false})
	}
	slices.SortFunc(all, func(s, o sample) int { return cmp.Compare(s.x, o.x) })
	ranks, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].x == all[i].x {
			j++
		}
		for _, s := range all[i:j] {
			if s.first {
				ranks += float64(i+j+1) / 2
			}
		}
		same := float64(j - i)
		ties += same*same*same - same
		i = j
	}
	na, nb, n := float64(len(a)), float64(len(b)), float64(len(all))
	u := ranks - na*(na+1)/2
	deviation := math.Sqrt(na * nb / 12 * (n + 1 - ties/(n*(n-1))))
	return math.Erfc(math.Abs(u-na*nb/2) / deviation / math.Sqrt2)
}
