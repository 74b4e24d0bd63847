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

// told is an event as a browser tells it. One that is no such object does not
// refuse the others; fields of newer scripts pass.
type told struct {
	fields
	malformed bool
}

type fields struct {
	Kind    analytics.Kind `json:"kind"`
	At      time.Time      `json:"at"`
	Module  string         `json:"module"`
	Lesson  string         `json:"lesson"`
	Version string         `json:"version"` // of the module, with a lesson
}

// UnmarshalJSON never fails.
func (e *told) UnmarshalJSON(b []byte) error {
	e.malformed = json.Unmarshal(b, &e.fields) != nil
	return nil
}

// result says whether an event is to be stored, or why not.
func (e told) result(now time.Time) analytics.Result {
	want, known := kinds[e.Kind]
	switch {
	case e.malformed || !known || !fits(e.Module, want.module) || !fits(e.Lesson, want.lesson) || !fits(e.Version, want.lesson):
		return analytics.Malformed
	case e.At.After(now.Add(ahead)):
		return analytics.Future
	case e.At.Before(now.Add(-ago)):
		return analytics.Old
	}
	return analytics.Stored
}

// fits reports whether a name is there if it is wanted, and can be one. Whether
// there is anything of that name is asked when the day is counted.
func fits(name string, wanted bool) bool {
	visible := func(r rune) bool { return r > ' ' && r < 0x7f }
	return (name != "") == wanted && len(name) <= maxName && strings.TrimFunc(name, visible) == ""
}
