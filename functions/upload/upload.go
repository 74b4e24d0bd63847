// Package upload takes in a module's folder: a list of files whose contents
// were sent as blobs before. What is missing is asked for, so that an upload
// which broke off goes on where it stopped.
//
//	POST /api/uploads           what is missing; else a job makes a version of it
//	GET  /api/uploads/:upload   how far the job has come
package upload

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/job"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB}
	return []web.Route{
		{Method: http.MethodPost, Path: "/api/uploads", Access: web.Author, Handle: e.begin},
		{Method: http.MethodGet, Path: "/api/uploads/:upload", Access: web.Author, Handle: e.follow},
	}
}

type endpoint struct{ db *db.Pool }

// unchanged answers an upload of what is published.
type unchanged struct {
	Version   version.Version `json:"version"`
	Unchanged bool            `json:"unchanged"`
}

// missing answers an upload whose blobs are not all here.
type missing struct {
	Missing []string `json:"missing"`
}

// begun answers an upload that a worker makes a version of.
type begun struct {
	Job uuid.UUID `json:"job"`
	URL string    `json:"url"`
}

func (e endpoint) begin(w http.ResponseWriter, r *http.Request) error {
	in, err := web.DecodeUpTo[upload](w, r, maxBody)
	if err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	s := in.source()
	v, published, err := version.Same(r.Context(), e.db, s.Module, s.Version, s.Digest())
	if err != nil {
		return err
	}
	if published {
		return e.again(w, r, v, in.Activate)
	}
	names, err := source.Missing(r.Context(), e.db, s)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return web.JSON(w, http.StatusOK, missing{names})
	}
	id, err := e.start(r.Context(), s, in.Activate)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusAccepted, begun{Job: id, URL: "/api/uploads/" + id.String()})
}

// again answers an upload of what is published: nothing is made, but it is
// activated if that is wished.
func (e endpoint) again(w http.ResponseWriter, r *http.Request, v version.Version, activate bool) error {
	if activate && !v.Active {
		err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return version.Activate(r.Context(), tx, v.ID, access.User(r.Context())) })
		if err != nil {
			return err
		}
		v.Active = true
	}
	return web.JSON(w, http.StatusOK, unchanged{Version: v, Unchanged: true})
}

// start has a worker make a version of a source, if none is about to.
func (e endpoint) start(ctx context.Context, s source.Source, activate bool) (id uuid.UUID, err error) {
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		kept, err := source.Keep(ctx, tx, s, access.User(ctx))
		if err != nil {
			return err
		}
		wish := job.ProcessModule{Source: kept, Activate: activate}
		id, err = pending(ctx, tx, wish)
		if errors.Is(err, pgx.ErrNoRows) {
			id, err = queue.Add(ctx, tx, wish)
		}
		return err
	})
	return id, err
}

// pending finds a job that will do as much as is wished. No other begins
// meanwhile, because the source's row is locked since it was kept. The states
// are put as the indexes put them, which leave out the many that are done.
func pending(ctx context.Context, tx pgx.Tx, wish job.ProcessModule) (id uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `
		SELECT id
		FROM outbox
		WHERE (state = 'waiting' OR state IN ('queued', 'running')) AND kind = $1 AND payload @> $2
		ORDER BY id
		LIMIT 1`, wish.Job().Kind, wish).Scan(&id)
	if err != nil {
		return id, fmt.Errorf("jobs of source %s: %w", wish.Source, err)
	}
	return id, nil
}

// status is a job's with words for its author.
type status struct {
	queue.Status
	Text string `json:"text"`
}

func (e endpoint) follow(w http.ResponseWriter, r *http.Request) error {
	unknown := fault.New(fault.NotFound, "There is no upload %q. Finished ones are forgotten after a while; publish again to see what became of it.", web.Param(r, "upload"))
	id, err := uuid.Parse(web.Param(r, "upload"))
	if err != nil {
		return unknown
	}
	s, err := queue.Look(r.Context(), e.db, id)
	if errors.Is(err, queue.ErrNoJob) || err == nil && s.Kind != (job.ProcessModule{}).Job().Kind {
		return unknown
	}
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, status{Status: s, Text: words(s)})
}

// words say where a job stands.
func words(s queue.Status) string {
	switch {
	case s.State == queue.Done:
		return "The version is made."
	case s.State == queue.Dead:
		return "No version was made, and nothing was changed."
	case s.State == queue.Running && s.Progress != "":
		return "At work: " + s.Progress + "."
	case s.State == queue.Running:
		return "At work."
	case s.Error != "":
		return "The last attempt failed; another one follows."
	}
	return "Waiting for a worker."
}
