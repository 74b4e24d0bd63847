package roles

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

func (e endpoint) change(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	c := change{actor: access.User(r.Context()), role: r.PostFormValue("role")}
	var err error
	if c.person, err = account.Person(web.Param(r, "person")); err != nil {
		return err
	}
	if c.role != "author" && c.role != "operator" {
		return e.answer(w, r, fault.In("role", "There are two roles: author and operator. Please use one of the buttons."))
	}
	switch r.PostFormValue("change") {
	case "add":
		err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return e.add(r.Context(), tx, c) })
	case "remove":
		err = db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return e.remove(r.Context(), tx, c) })
	default:
		err = fault.In("change", "A role is given or taken away. Please use one of the buttons.")
	}
	if err != nil {
		return e.answer(w, r, err)
	}
	e.gate.Forget(r.Context(), c.person)
	return web.SeeOther(w, r, path(c.person)+"?saved="+r.PostFormValue("change"))
}

// change is a role that somebody gets or loses.
type change struct {
	actor, person uuid.UUID
	role          string
}

// lock keeps changes of roles apart, and returns whose they are. Without it
// two operators could take each other's role away at the same moment, and
// nobody would be left.
func (e endpoint) lock(ctx context.Context, tx pgx.Tx, c change) (email string, has bool, err error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('roles', 0))`); err != nil {
		return "", false, fmt.Errorf("lock roles: %w", err)
	}
	var may bool
	err = tx.QueryRow(ctx, `
		SELECT 'operator' = ANY(roles) OR email = ANY($2)
		FROM users
		WHERE id = $1`, c.actor, e.config.Admins()).Scan(&may)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", false, fmt.Errorf("is %s an operator: %w", c.actor, err)
	}
	if !may {
		return "", false, fault.New(fault.Forbidden, "Only operators may do this, and you are none any more. Ask one for the role.")
	}
	err = tx.QueryRow(ctx, `
		SELECT email, $2 = ANY(roles)
		FROM users
		WHERE id = $1
		FOR NO KEY UPDATE`, c.person, c.role).Scan(&email, &has)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, account.Nobody()
	}
	if err != nil {
		return "", false, fmt.Errorf("roles of %s: %w", c.person, err)
	}
	return email, has, nil
}

func (e endpoint) add(ctx context.Context, tx pgx.Tx, c change) error {
	email, has, err := e.lock(ctx, tx, c)
	if err != nil {
		return err
	}
	if has || e.set(email) {
		return fault.New(fault.Conflict, "They have the role %s already. Nothing was changed.", c.role)
	}
	_, err = tx.Exec(ctx, `
		UPDATE users
		SET roles = array_append(roles, $2)
		WHERE id = $1`, c.person, c.role)
	if err != nil {
		return fmt.Errorf("make %s %s: %w", c.person, c.role, err)
	}
	return audit.Write(ctx, tx, audit.Entry{
		Actor: c.actor, Action: "role given", Subject: audit.User(c.person), Detail: map[string]any{"role": c.role},
	})
}

// remove takes a role away. As whoever does so is an operator and keeps the
// role, an operator is always left.
func (e endpoint) remove(ctx context.Context, tx pgx.Tx, c change) error {
	email, has, err := e.lock(ctx, tx, c)
	switch {
	case err != nil:
		return err
	case e.set(email):
		return fault.New(fault.Conflict, "%s has its roles by ADMIN_EMAILS, in the configuration of the web service and the worker. Take it out there, and the roles end with the next start.", email)
	case !has:
		return fault.New(fault.Conflict, "They do not have the role %s. Nothing was changed.", c.role)
	case c.role == "operator" && c.person == c.actor:
		return fault.New(fault.Conflict, "You cannot take your own operator role away, so that there is always an operator left. Ask another operator to do it; if there is none, make somebody an operator first.")
	}
	_, err = tx.Exec(ctx, `
		UPDATE users
		SET roles = array_remove(roles, $2)
		WHERE id = $1`, c.person, c.role)
	if err != nil {
		return fmt.Errorf("take the role %s from %s: %w", c.role, c.person, err)
	}
	entry := audit.Entry{Actor: c.actor, Action: "role taken", Subject: audit.User(c.person), Detail: map[string]any{"role": c.role}}
	if c.role == "author" {
		tag, err := tx.Exec(ctx, `
			UPDATE tokens
			SET revoked_at = now()
			WHERE user_id = $1 AND revoked_at IS NULL`, c.person)
		if err != nil {
			return fmt.Errorf("revoke tokens of %s: %w", c.person, err)
		}
		entry.Detail["tokens_revoked"] = tag.RowsAffected()
	}
	return audit.Write(ctx, tx, entry)
}
