package analytics

import (
	"encoding/json"
	"strings"
	"time"

	"pilothandbook/handbook/analytics"
)

// When an event may have happened. Days before yesterday are counted for good.
const (
	ahead = 5 * time.Minute
	ago   = 24 * time.Hour
)

// maxName bounds names of modules, lessons and versions, in bytes.
const maxName = 100

// about says what events of a kind name.
type about struct{ module, lesson bool }

// kinds lists what browsers may tell of. That a lesson was a preview they do
// not know.
var kinds = map[analytics.Kind]about{
	analytics.CatalogViewed:    {},
	analytics.ModuleViewed:     {module: true},
	analytics.CheckoutStarted:  {module: true},
	analytics.PurchaseReturned: {},
	analytics.LessonRead:       {module: true, lesson: true},
	analytics.LessonFinished:   {module: true, lesson: true},
	analytics.SearchUsed:       {},
}

// read returns an event as it is to be stored, or why it is not.
func read(raw json.RawMessage, now time.Time) (analytics.Event, analytics.Result) {
	var in struct {
		Kind    analytics.Kind `json:"kind"`
		At      time.Time      `json:"at"`
		Module  string         `json:"module"`
		Lesson  string         `json:"lesson"`
		Version string         `json:"version"` // of the module, with a lesson
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return analytics.Event{}, analytics.Malformed
	}
	want, known := kinds[in.Kind]
	switch {
	case !known || !fits(in.Module, want.module) || !fits(in.Lesson, want.lesson) || !fits(in.Version, want.lesson):
		return analytics.Event{}, analytics.Malformed
	case in.At.After(now.Add(ahead)):
		return analytics.Event{}, analytics.Future
	case in.At.Before(now.Add(-ago)):
		return analytics.Event{}, analytics.Old
	}
	return analytics.Event{At: in.At, Kind: in.Kind, Module: in.Module, Lesson: in.Lesson, Version: in.Version}, analytics.Stored
}

// fits reports whether a name is there if it is wanted, and can be one. Whether
// there is anything of that name is asked when the day is counted.
func fits(name string, wanted bool) bool {
	visible := func(r rune) bool { return r > ' ' && r < 0x7f }
	return (name != "") == wanted && len(name) <= maxName && strings.TrimFunc(name, visible) == ""
}
