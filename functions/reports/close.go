package reports

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

func (e endpoint) close(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	id, err := uuid.Parse(web.Param(r, "report"))
	if err != nil {
		return noReport()
	}
	outcome, word, err := end(r)
	if err == nil {
		err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return write(r.Context(), tx, id, outcome, word) })
	}
	if err != nil {
		return e.answer(w, r, func(l *list) {
			l.Report, l.Outcome, l.Word = id.String(), r.PostFormValue("outcome"), r.PostFormValue("word")
		}, err)
	}
	return web.SeeOther(w, r, home+"?saved")
}

// end reads the form.
func end(r *http.Request) (outcome, word string, err error) {
	outcome = r.PostFormValue("outcome")
	if !slices.Contains(outcomes(), outcome) {
		return "", "", fault.In("outcome", "Please choose what became of it.")
	}
	word, err = audit.Reason("word", r.PostFormValue("word"))
	return outcome, word, err
}

// write closes a report that is open.
func write(ctx context.Context, tx pgx.Tx, id uuid.UUID, outcome, word string) error {
	if err := closing(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		UPDATE reports
		SET closed_at = now(), outcome = $2, word = $3
		WHERE id = $1`, id, outcome, word)
	if err != nil {
		return fmt.Errorf("close report %s: %w", id, err)
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: access.User(ctx), Action: "report closed", Subject: audit.Report(id), Detail: map[string]any{"outcome": outcome},
	})
}
