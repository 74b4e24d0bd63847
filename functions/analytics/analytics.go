// Package analytics takes in what browsers tell of pages that were seen.
//
//	POST /api/analytics   events of one browser, 10 at most
//
// Who is signed in is known by the session, and nothing else is kept of a
// person. A browser that sends Sec-GPC: 1 asks that nobody is followed: nothing
// of what it tells is kept, not without a name either.
package analytics

import (
	"net/http"
	"slices"
	"time"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/analytics"
	"pilothandbook/platform"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Bounds of one request.
const (
	maxEvents = 10
	maxBody   = 16 << 10
)

// limit is one request per page, for a class that reads behind one address, and
// 6,000 requests a second of a process: 5,000 events, if each comes alone. To ask
// Redis about each would take longer than all the rest. What it
// refuses is in handbook_requests_total, as 429 of this route.
var limit = web.Limit{
	Name: "analytics", Reader: web.Rate{N: 300, Per: time.Minute}, Address: web.Rate{N: 3000, Per: time.Minute}, Total: web.Rate{N: 360_000, Per: time.Minute}, Alone: true,
}

// Routes returns the function, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{events: analytics.NewRecorder(p), now: p.Now}
	return []web.Route{{Method: http.MethodPost, Path: "/api/analytics", Access: web.Public, Handle: e.take, Limit: limit, Glance: true}}
}

type endpoint struct {
	events *analytics.Recorder
	now    func() time.Time
}

// answer counts the events of a request. Those taken are written soon.
type answer struct {
	Taken   int `json:"taken"`
	Dropped int `json:"dropped"`
}

// envelope is what a browser sends.
type envelope struct {
	Events []told `json:"events"`
}

func (e endpoint) take(w http.ResponseWriter, r *http.Request) error {
	in, err := e.decode(w, r)
	if err != nil {
		return err
	}
	who, now := access.Of(r.Context()), e.now()
	good := make([]analytics.Event, 0, len(in.Events))
	for _, event := range in.Events {
		result := event.result(now)
		if r.Header.Get("Sec-GPC") == "1" {
			result = analytics.Refused
		}
		if result != analytics.Stored {
			e.events.Count(result, 1)
			continue
		}
		good = append(good, of(event, who))
	}
	taken := e.events.Add(good)
	return web.JSON(w, http.StatusAccepted, answer{Taken: taken, Dropped: len(in.Events) - taken})
}

// decode reads a request, and counts one that is refused.
func (e endpoint) decode(w http.ResponseWriter, r *http.Request) (envelope, error) {
	in, err := web.DecodeUpTo[envelope](w, r, maxBody)
	switch {
	case err != nil && fault.Of(err).Kind == fault.TooLarge:
		e.events.Count(analytics.Oversized, 1)
	case err != nil:
		e.events.Count(analytics.Malformed, 1)
	case len(in.Events) > maxEvents:
		e.events.Count(analytics.Oversized, len(in.Events))
		err = fault.In("events", "These are %d events. Send %d at most at once.", len(in.Events), maxEvents)
	}
	return in, err
}

// of makes an event a reader's. Whoever does not have the module of a lesson
// sees its preview.
func of(e told, who *access.Reader) analytics.Event {
	event := analytics.Event{At: e.At, Kind: e.Kind, Module: e.Module, Lesson: e.Lesson, Version: e.Version}
	if event.Kind == analytics.LessonRead && (who == nil || !slices.Contains(who.Opens, event.Module)) {
		event.Kind = analytics.PreviewRead
	}
	if who != nil {
		event.User = who.User
	}
	return event
}
