package grants

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
)

// gift is what an operator opens.
type gift struct {
	person uuid.UUID
	module string
	reason string
	until  *time.Time // nil is without end
}

func (e endpoint) give(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	keep := func(v *view) {
		v.Module, v.Reason, v.Until = r.PostFormValue("module"), r.PostFormValue("reason"), r.PostFormValue("until")
	}
	g, err := e.gift(r)
	if err == nil {
		err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return g.write(r.Context(), tx) })
	}
	if err != nil {
		return e.answer(w, r, keep, err)
	}
	e.gate.Forget(r.Context(), g.person)
	return web.SeeOther(w, r, path(g.person)+"?saved=given")
}

// gift reads the form.
func (e endpoint) gift(r *http.Request) (g gift, err error) {
	if g.person, err = account.Person(web.Param(r, "person")); err != nil {
		return g, err
	}
	all, err := modules(r.Context(), e.db)
	if err != nil {
		return g, err
	}
	for _, m := range all {
		if m.Key == r.PostFormValue("module") {
			g.module = m.Key
		}
	}
	if g.module == "" {
		return g, fault.In("module", "Please choose one of the modules.")
	}
	if g.reason, err = audit.Reason("reason", r.PostFormValue("reason")); err != nil {
		return g, err
	}
	g.until, err = e.end(r.PostFormValue("until"))
	return g, err
}

// end returns when the day is over that was typed, nil for none.
func (e endpoint) end(typed string) (*time.Time, error) {
	if typed == "" {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		return nil, fault.In("until", "Please enter a day as year-month-day, such as 2030-12-31, or nothing.")
	}
	if !day.After(e.now()) {
		return nil, fault.In("until", "Please choose a day after today, or leave it empty for no end.")
	}
	over := day.AddDate(0, 0, 1)
	return &over, nil
}

// write opens the module, unless an operator has done so already. The lock on
// the person keeps two clicks apart.
func (g gift) write(ctx context.Context, tx pgx.Tx) error {
	id := uuid.Must(uuid.NewV7())
	err := tx.QueryRow(ctx, `
		SELECT id
		FROM users
		WHERE id = $1
		FOR NO KEY UPDATE`, g.person).Scan(&g.person)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.Nobody()
	}
	if err != nil {
		return fmt.Errorf("open %q to %s: %w", g.module, g.person, err)
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO grants (id, user_id, module_key, reason, expires_at)
		SELECT $1, $2, $3, $4, $5
		WHERE NOT EXISTS (
			SELECT FROM grants
			WHERE user_id = $2 AND module_key = $3 AND purchase_id IS NULL AND gift_id IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))`,
		id, g.person, g.module, g.reason, g.until)
	if err != nil {
		return fmt.Errorf("open %q to %s: %w", g.module, g.person, err)
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.Conflict, "An operator has opened this module to them already, as the list below shows. Take that back first if it is to end on another day.")
	}
	if _, err := queue.Add(ctx, tx, job.GrantGiven{User: g.person, Grant: id}); err != nil {
		return err
	}
	detail := map[string]any{"grant": id, "module": g.module}
	if g.until != nil {
		detail["until"] = g.until.Format(time.RFC3339)
	}
	return audit.Write(ctx, tx, audit.Entry{Actor: access.User(ctx), Action: "grant given", Subject: audit.User(g.person), Detail: detail})
}

func (e endpoint) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	who, err := account.Person(web.Param(r, "person"))
	if err != nil {
		return err
	}
	id, err := uuid.Parse(web.Param(r, "grant"))
	if err != nil {
		return noGrant()
	}
	reason, err := audit.Reason("revoke", r.PostFormValue("reason"))
	if err == nil {
		err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return take(r.Context(), tx, who, id, reason) })
	}
	if err != nil {
		return e.answer(w, r, func(v *view) { v.Revoking, v.RevokeReason = id.String(), r.PostFormValue("reason") }, err)
	}
	e.gate.Forget(r.Context(), who)
	return web.SeeOther(w, r, path(who)+"?saved=revoked")
}

func noGrant() error {
	return fault.New(fault.NotFound, "There is no such grant. The list of this person's grants shows all there are.")
}

// take closes what an operator opened.
func take(ctx context.Context, tx pgx.Tx, who, id uuid.UUID, reason string) error {
	var module string
	var bought, open bool
	err := tx.QueryRow(ctx, `
		SELECT module_key, purchase_id IS NOT NULL OR gift_id IS NOT NULL, revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
		FROM grants
		WHERE id = $1 AND user_id = $2
		FOR UPDATE`, id, who).Scan(&module, &bought, &open)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return noGrant()
	case err != nil:
		return fmt.Errorf("take grant %s back: %w", id, err)
	case bought:
		return fault.New(fault.Conflict, "This was bought, so it is not taken back here: give the payment back, or take the free order back, by the link below.")
	case !open:
		return fault.New(fault.Conflict, "This is closed already. Nothing was changed. The page of the person shows what they have now.")
	}
	_, err = tx.Exec(ctx, `
		UPDATE grants
		SET revoked_at = now(), revoke_reason = $2
		WHERE id = $1`, id, reason)
	if err != nil {
		return fmt.Errorf("take grant %s back: %w", id, err)
	}
	if _, err := queue.Add(ctx, tx, job.GrantClosed{User: who, Grant: id}); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: access.User(ctx), Action: "grant revoked", Subject: audit.User(who), Detail: map[string]any{"grant": id, "module": module},
	})
}
