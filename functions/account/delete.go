package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/handbook/analytics"
	"pilothandbook/handbook/audit"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
)

func (e endpoint) remove(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	typed, who := r.PostFormValue("confirm"), access.Of(r.Context())
	if strings.ToLower(strings.TrimSpace(typed)) != who.Email {
		return e.answer(w, r, func(s *settings) { s.Typed = typed },
			fault.In("confirm", "Nothing was deleted: please type %s, the address of this account.", who.Email))
	}
	d := deletion{user: who.User, admins: e.admins}
	if err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return d.run(r.Context(), tx) }); err != nil {
		return err
	}
	e.forget(r.Context(), d)
	web.Cookie(w, e.secure, accounts.SessionCookie, "", 0)
	return web.SeeOther(w, r, "/signin?after=deleted")
}

// forget drops what caches keep about a deleted account.
func (e endpoint) forget(ctx context.Context, d deletion) {
	e.gate.Forget(ctx, d.user)
	for _, hash := range d.sessions {
		e.gate.ForgetSession(ctx, d.user, hash)
	}
	for _, module := range d.modules {
		e.cache.Drop(ctx, cache.Progress, d.user.String()+":"+module)
	}
}

// deletion is an account on its way out: one transaction, in which it first
// reads what the rows that are about to go know.
type deletion struct {
	user      uuid.UUID
	admins    []string // the addresses of ADMIN_EMAILS
	email     string
	addresses []string // all that the account had, but for those that are somebody else's by now
	sessions  [][]byte // hashes of secrets
	modules   []string
	checkouts []uuid.UUID
	open      []string // sessions of Stripe that could still be paid
	customers []string // as Stripe names them
}

func (d *deletion) run(ctx context.Context, tx pgx.Tx) error {
	for _, step := range []struct {
		what string
		do   func(context.Context, pgx.Tx) error
	}{
		{"lock", d.lock}, {"read", d.read}, {"hush", d.hush}, {"balance", d.balance}, {"cancel", d.cancel},
		{"erase", d.erase}, {"scrub", d.scrub}, {"follow up", d.follow}, {"analytics", d.unfollow},
	} {
		if err := step.do(ctx, tx); err != nil {
			return fmt.Errorf("delete account %s: %s: %w", d.user, step.what, err)
		}
	}
	return nil
}

// lock holds the user before all that is theirs, as all do: see docs/design.md.
func (d *deletion) lock(ctx context.Context, tx pgx.Tx) error {
	var operates bool
	err := tx.QueryRow(ctx, `
		SELECT email, 'operator' = ANY(roles)
		FROM users
		WHERE id = $1
		FOR UPDATE`, d.user).Scan(&d.email, &operates)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.SignedOut, "Your account is deleted already. Signing in with the address makes a new one.")
	}
	if err != nil {
		return err
	}
	switch { // as long as nobody gives up the role alone, somebody has it
	case operates:
		return fault.In("confirm", "Nothing was deleted: you are an operator. Ask another operator to take that role away first; if there is none, make somebody an operator.")
	case slices.Contains(d.admins, d.email):
		return fault.In("confirm", "Nothing was deleted: ADMIN_EMAILS makes you an operator. Have another address stand there first.")
	}
	rows, err := tx.Query(ctx, `
		SELECT id
		FROM checkouts
		WHERE user_id = $1
		ORDER BY id
		FOR UPDATE`, d.user)
	if err != nil {
		return err
	}
	d.checkouts, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return err
}

func (d *deletion) read(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, `
		SELECT ARRAY(SELECT email FROM users WHERE id = $1
		             UNION
		             SELECT former FROM email_changes WHERE user_id = $1 AND former IS NOT NULL AND former NOT IN (SELECT email FROM users WHERE id <> $1)),
		       ARRAY(SELECT key FROM modules),
		       ARRAY(SELECT stripe_session_id FROM checkouts WHERE user_id = $1 AND state = 'open' AND stripe_session_id IS NOT NULL)`,
		d.user).Scan(&d.addresses, &d.modules, &d.open)
	if err != nil {
		return err
	}
	d.sessions, err = accounts.EndAll(ctx, tx, d.user)
	return err
}

// balance completes the books before what they can be checked against goes.
func (d *deletion) balance(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id)
		SELECT gen_random_uuid(), p.purchased_at, 'sale', p.module_type, p.amount, p.currency, p.stripe_payment_id
		FROM purchases p
		WHERE p.user_id = $1 AND p.status IN ('completed', 'refunded')
		ON CONFLICT (stripe_payment_id, kind) DO NOTHING`, d.user)
	return err
}

// cancel ends the jobs that wait for this user; those under way find nobody.
func (d *deletion) cancel(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		UPDATE outbox
		SET state = 'done', finished_at = now(), lease_until = NULL, progress = 'the account is deleted'
		WHERE (state = 'waiting' OR state = 'queued') AND payload->>'user' = $1::text`, d.user)
	return err
}

// hush takes out why jobs about the user failed: mail servers quote addresses.
func (d *deletion) hush(ctx context.Context, tx pgx.Tx) error {
	names, err := job.NamesOf(ctx, tx, d.user)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE outbox
		SET error = 'the account is deleted'
		WHERE error <> '' AND EXISTS (SELECT FROM jsonb_each_text(payload) WHERE value = ANY($1))`, names)
	return err
}

// erase deletes the user and all that goes with it, and leaves a tombstone.
func (d *deletion) erase(ctx context.Context, tx pgx.Tx) error {
	if err := accounts.ForgetChanges(ctx, tx, d.user); err != nil {
		return err
	}
	for _, q := range []struct {
		sql string
		arg any
	}{
		{`DELETE FROM sign_in_requests WHERE email = ANY($1)`, d.addresses},
		{`UPDATE mails SET address = '' WHERE user_id = $1`, d.user},
		{`UPDATE mails SET address = '' WHERE user_id IS NULL AND address = ANY($1)`, d.addresses},
		{`UPDATE checkouts SET params = '{}', url = '', state = CASE state WHEN 'open' THEN 'expired' ELSE state END WHERE user_id = $1`, d.user},
		{`DELETE FROM users WHERE id = $1`, d.user},
		{`INSERT INTO deleted_users (id) VALUES ($1)`, d.user},
	} {
		if _, err := tx.Exec(ctx, q.sql, q.arg); err != nil {
			return err
		}
	}
	return nil
}

// scrub takes the person out of what Stripe told, and notes as which customer
// Stripe knows them.
func (d *deletion) scrub(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		WITH theirs AS (
			SELECT id, payload #>> '{data,object,customer}' AS customer
			FROM events_of($1)),
		cleared AS (
			UPDATE stripe_events
			SET payload = scrubbed(payload)
			WHERE id IN (SELECT id FROM theirs))
		SELECT DISTINCT customer
		FROM theirs
		WHERE customer LIKE 'cus\_%'`, d.checkouts)
	if err != nil {
		return err
	}
	d.customers, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}

// follow has done what is left to do elsewhere, and says goodbye.
func (d *deletion) follow(ctx context.Context, tx pgx.Tx) error {
	goodbye := uuid.Must(uuid.NewV7())
	_, err := tx.Exec(ctx, `
		INSERT INTO mails (id, cause, kind, address, subject)
		VALUES ($1, $2, $3, $4, 'Your account is deleted')`,
		goodbye, "goodbye:"+d.user.String(), job.Goodbye{}.Job().Kind, d.email)
	if err != nil {
		return err
	}
	jobs := []queue.Args{job.Goodbye{Mail: goodbye}}
	for _, c := range d.customers {
		jobs = append(jobs, job.EraseCustomer{Customer: c})
	}
	for _, s := range d.open {
		jobs = append(jobs, job.CloseCheckout{Session: s})
	}
	for _, j := range jobs {
		if _, err := queue.Add(ctx, tx, j); err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, audit.Entry{Actor: d.user, Action: "account deleted", Subject: audit.User(d.user)})
}

// unfollow takes the person out of analytics. It is last, as nothing is written
// there from then on.
func (d *deletion) unfollow(ctx context.Context, tx pgx.Tx) error {
	return analytics.Forget(ctx, tx, d.user)
}
