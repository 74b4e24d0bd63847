package job

import (
	"time"

	"pilothandbook/platform/queue"
)

// Analytics counts what readers looked at: two jobs at once.
var Analytics = queue.Queue{Name: "analytics", Concurrency: 2, Unknown: "Unknown analytics job type: %s"}

// RollUpAnalytics counts the events of a day, anew if it was counted before.
type RollUpAnalytics struct {
	Day string `json:"day,omitempty"` // as 2026-11-23, in UTC; without it the present one
}

// Job says how it is run. The next one comes soon anyway.
func (RollUpAnalytics) Job() queue.Spec {
	return queue.Spec{Kind: "roll-up-analytics", Queue: Analytics, Timeout: 5 * time.Minute, Failures: 6}
}

// KeepAnalytics makes the months that come, drops those that are too old, and
// has the days that are over counted for good.
type KeepAnalytics struct{}

// Job says how it is run: for most of the day.
func (KeepAnalytics) Job() queue.Spec {
	return queue.Spec{Kind: "keep-analytics", Queue: Analytics, Timeout: time.Minute, Failures: 25}
}
