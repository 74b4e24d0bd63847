package jobs

import (
	"context"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
)

func (e endpoint) retryOne(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "job"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such job. The list shows all that are not done.")
	}
	return e.retry(w, r, id.String())
}

func (e endpoint) retryKind(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	kind := plain(r.PostFormValue("kind"))
	if kind == "" || kind == queue.All {
		return fault.In("kind", "Please choose the kind of the jobs that are to be tried again.")
	}
	return e.retry(w, r, kind)
}

// retry has dead jobs tried again, by job.Retry's rules.
func (e endpoint) retry(w http.ResponseWriter, r *http.Request, which string) error {
	var n int
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) (err error) {
		n, err = again(r.Context(), tx, which)
		return err
	})
	if f := fault.Of(err); err != nil && f.Kind == fault.Conflict && web.WantsPage(r) {
		return e.answer(w, r, web.Status(f.Kind), func(l *list) { l.Text = f.Text })
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, home+"?retried="+strconv.Itoa(n))
}

func again(ctx context.Context, tx pgx.Tx, which string) (int, error) {
	n, err := job.Retry(ctx, tx, which, access.User(ctx), "")
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, fault.New(fault.Conflict, "Nothing of this has failed for good any more: it is done, or somebody has had it tried again. The list shows where it stands.")
	}
	return n, nil
}
