// Package events takes in what readers' devices tell of their reading.
//
//	POST /api/events   study events of one device, in any order, repeats allowed
//
// It does not ask whether the reader owns the module: a preview counts as
// well, and what somebody has learned is kept whatever becomes of a purchase.
package events

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Bounds of one request.
const (
	maxEvents = 500
	maxDevice = 100
)

// limit is far from what reading makes, which is a few events a minute per
// device. Who was offline for a year sends some hundred batches at once.
var limit = web.Limit{Name: "events", Reader: web.Rate{N: 1200, Per: 20 * time.Minute}}

// Routes returns the function, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, cache: p.Cache, now: p.Now}
	return []web.Route{{Method: http.MethodPost, Path: "/api/events", Handle: e.take, Limit: limit}}
}

type endpoint struct {
	db    *db.Pool
	cache *cache.Cache
	now   func() time.Time
}

type answer struct {
	Results []progress.Result `json:"results"`
}

func (e endpoint) take(w http.ResponseWriter, r *http.Request) error {
	in, err := decode(w, r)
	if err != nil {
		return err
	}
	user := access.User(r.Context())
	results, modules, err := progress.Record(r.Context(), e.db, progress.Batch{
		User: user, Device: in.Device, Received: e.now(), Events: in.Events,
	})
	if err != nil {
		return err
	}
	progress.Keep(r.Context(), e.db, e.cache, user, modules)
	return web.JSON(w, http.StatusOK, answer{results})
}

// envelope is what a device sends. Events are read one by one later, so that
// a bad one does not refuse the others; fields of newer clients pass.
type envelope struct {
	Device string            `json:"device"`
	Events []json.RawMessage `json:"events"`
}

func decode(w http.ResponseWriter, r *http.Request) (in envelope, err error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return in, fault.New(fault.Invalid, "The request must be JSON, with the content type application/json. Set that header and send it again.")
	}
	b, err := web.Body(w, r, web.MaxBody)
	if err != nil {
		return in, err
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return in, explain(err)
	}
	return in, in.check()
}

func explain(err error) error {
	t, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return fault.New(fault.Invalid, "The request is not valid JSON. Mend it and send it again.").Because(err)
	case t.Field == "":
		return fault.New(fault.Invalid, "The request must be a JSON object with device and events. The description of the API shows both.").Because(err)
	}
	return fault.In(t.Field, "%q cannot be a %s. The description of the API tells what it takes.", t.Field, t.Value).Because(err)
}

func (in envelope) check() error {
	switch {
	case len(in.Device) > maxDevice:
		return fault.In("device", "The device's name is too long: %d bytes at most.", maxDevice)
	case strings.ContainsRune(in.Device, 0):
		return fault.In("device", "The device's name has a character that cannot be stored.")
	case in.Events == nil:
		return fault.In("events", "Send the events as a list.")
	case len(in.Events) > maxEvents:
		return fault.In("events", "These are %d events. Send %d at most at once.", len(in.Events), maxEvents)
	}
	return nil
}
