// Package devices shows readers where they are signed in, and signs a device
// out.
//
//	GET  /devices          the devices
//	POST /devices/:device  signs a device out
//	GET  /api/devices      the devices
package devices

import (
	"context"
	"embed"
	"net/http"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), secure: p.Config.Secure(), notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/devices", Handle: e.show},
		{Method: "POST", Path: "/devices/:device", Handle: e.end},
		{Method: "GET", Path: "/api/devices", Handle: e.list},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	secure bool
	notice string
	page   *reader.Page
}

// device is one place where the reader is signed in.
type device struct {
	account.Device
	Current bool `json:"current"` // the one that asks
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	devices, err := e.of(r.Context(), access.Of(r.Context()))
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "Devices", Notice: e.notice, Data: devices})
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	devices, err := e.of(r.Context(), access.Of(r.Context()))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, devices)
}

func (e endpoint) end(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "device"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such device. Your devices show those that are signed in.")
	}
	who := access.Of(r.Context())
	hash, err := account.End(r.Context(), e.db, who.User, id)
	if err != nil {
		return err
	}
	e.gate.ForgetSession(r.Context(), who.User, hash)
	if id == who.Session {
		web.Cookie(w, e.secure, account.SessionCookie, "", 0)
		return web.SeeOther(w, r, "/")
	}
	return web.SeeOther(w, r, "/devices")
}

// of returns the reader's devices, the one that asks first.
func (e endpoint) of(ctx context.Context, who *access.Reader) ([]device, error) {
	all, err := account.Devices(ctx, e.db, who.User)
	if err != nil {
		return nil, err
	}
	devices := []device{}
	for _, d := range all {
		if d.ID == who.Session {
			devices = append([]device{{d, true}}, devices...)
		} else {
			devices = append(devices, device{d, false})
		}
	}
	return devices, nil
}
