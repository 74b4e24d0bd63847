package pay

import "time"

// LiveRetry is how Stripe repeats deliveries to an endpoint in live mode: for
// three days, waiting ever longer. It publishes no more than that; the steps
// are those that sellers have seen. scale shortens them: with 0.001, three days
// pass in about four minutes.
func LiveRetry(scale float64) []time.Duration {
	waits := []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}
	var sum time.Duration
	for _, w := range waits {
		sum += w
	}
	for ; sum+12*time.Hour <= 72*time.Hour; sum += 12 * time.Hour {
		waits = append(waits, 12*time.Hour)
	}
	for i, w := range waits {
		waits[i] = time.Duration(float64(w) * scale)
	}
	return waits
}
