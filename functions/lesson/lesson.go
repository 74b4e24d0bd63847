// Package lesson serves the lessons to those who may read them, and an offer
// to all others.
//
//	GET /modules/:module/lessons/:lesson      the lesson as a page
//	GET /api/modules/:module/lessons/:lesson  the lesson as JSON
//
// A lesson never changes under its version's checksum, and its page holds
// nothing personal: the bytes are the same for all who may read them. They are
// built once and kept compressed, in this process and in Redis. Whether
// somebody may read is decided before anything is sent, a 304 too.
package lesson

import (
	"context"
	"embed"
	"errors"
	"net/http"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
	"pilothandbook/reader/leaf"
)

//go:embed offer.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, cache: p.Cache, memory: p.Memory, gate: access.NewGate(p), notice: p.Notice,
		page: leaf.New(), offer: reader.New(files, "offer.html"),
	}
	e.stamp = e.makeStamp()
	return []web.Route{
		{Method: "GET", Path: "/modules/:module/lessons/:lesson", Access: web.Public, Handle: e.show},
		{Method: "GET", Path: "/api/modules/:module/lessons/:lesson", Access: web.Public, Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	cache  *cache.Cache
	memory *cache.Memory
	gate   access.Gate
	notice string
	page   leaf.Page
	offer  *reader.Page
	stamp  string // of what this build makes of a lesson
}

// The headers of a lesson, as net/http keeps them: shared by all answers,
// which only read them.
var (
	pageType = []string{"text/html; charset=utf-8"}
	jsonType = []string{"application/json; charset=utf-8"}
	// It may be kept by the reader's browser alone, and not be shown before
	// asking: so there is nothing for Vary to tell apart.
	ask = []string{"private, no-cache"}
)

// errClosed tells show that there is an offer to make.
var errClosed = errors.New("the lesson is not open to this reader")

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	l, err := e.open(r, asPage)
	if errors.Is(err, errClosed) {
		return e.propose(w, r, l)
	}
	if fault.Is(err, fault.NotFound) {
		return e.forward(w, r, err)
	}
	if err != nil {
		return err
	}
	return send(w, r, pageType, l)
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	l, err := e.open(r, asJSON)
	if errors.Is(err, errClosed) {
		return fault.New(fault.Unpaid, "%q is part of a module that is not yours yet. /api/modules/%s tells what it costs.", l.head.Title, web.Param(r, "module"))
	}
	if fault.Is(err, fault.NotFound) {
		return e.forward(w, r, err)
	}
	if err != nil {
		return err
	}
	return send(w, r, jsonType, l)
}

func send(w http.ResponseWriter, r *http.Request, contentType []string, l *ready) error {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = contentType, ask
	return l.body.Serve(w, r)
}

// open returns a lesson to somebody who may read it; errClosed comes with it
// otherwise.
func (e endpoint) open(r *http.Request, f form) (*ready, error) {
	ctx, module := r.Context(), web.Param(r, "module")
	v, err := version.Active(ctx, e.memory, e.db, module)
	if err != nil {
		return nil, err
	}
	l, err := e.recall(ctx, v, web.Param(r, "lesson"), f)
	if err != nil || l.head.Preview {
		return l, err
	}
	open, err := e.gate.Opens(ctx, module)
	if err == nil && !open {
		err = errClosed
	}
	return l, err
}

// proposal is what somebody sees who may not read the lesson yet.
type proposal struct {
	Lesson     version.Head
	Offer      version.Offer
	Bundle     *version.Offer   // that has the module too
	BundlePays int              // what the reader pays for it, in cents
	Why        string           // that is less than its price
	Unsure     *purchase.Unsure // for which the reader need not pay again
	SignedIn   bool
}

func (e endpoint) propose(w http.ResponseWriter, r *http.Request, l *ready) error {
	p, err := e.proposal(r.Context(), web.Param(r, "module"), l.head)
	if err != nil {
		return err
	}
	return e.offer.Show(w, r, http.StatusPaymentRequired, reader.View{Title: l.head.Title, Notice: e.notice, Data: p})
}

func (e endpoint) proposal(ctx context.Context, module string, h version.Head) (*proposal, error) {
	catalogue, err := version.Catalogue(ctx, e.db)
	if err != nil {
		return nil, err
	}
	p := &proposal{Lesson: h, SignedIn: access.Of(ctx) != nil}
	if p.Offer, err = version.In(catalogue, module); err != nil {
		return nil, err
	}
	if p.Unsure, err = purchase.UnsureOf(ctx, e.db, access.User(ctx), module); err != nil {
		return nil, err
	}
	if p.Bundle = version.Bundle(catalogue, module); p.Bundle == nil {
		return p, nil
	}
	price, err := purchase.PriceFor(ctx, e.db, access.User(ctx), p.Bundle.Module)
	if err != nil {
		return nil, err
	}
	p.BundlePays, p.Why = price.Amount, price.Why()
	return p, nil
}
