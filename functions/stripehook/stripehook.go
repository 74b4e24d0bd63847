// Package stripehook takes in what Stripe tells.
//
//	POST /api/stripe/webhook   one event, signed
//
// Nothing of a request is read before its signature is verified over the raw
// bytes. Then one transaction writes the event into the inbox and all that
// follows from it, and Stripe hears 200 only after the commit: an event is
// taken in once, however often it comes. What is not understood, or does not
// agree with what we sold, is kept in the inbox as quarantined and answered
// with 200 too, as sending it again would not help. Only when PostgreSQL does
// not take it is Stripe told to try again.
package stripehook

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// maxEvent bounds an event in bytes.
const maxEvent = 256 << 10

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, gate: access.NewGate(p), config: p.Config, now: p.Now}
	return []web.Route{
		{Method: "POST", Path: "/api/stripe/webhook", Access: web.Signed, Handle: e.take, Needs: []string{"STRIPE_WEBHOOK_SECRET"}},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	config *config.Config
	now    func() time.Time
}

func (e endpoint) take(w http.ResponseWriter, r *http.Request) error {
	body, err := web.Body(w, r, maxEvent)
	if err != nil {
		return err
	}
	if err := verify(body, r.Header, e.config.WebhookSecrets(), e.now()); err != nil {
		return fault.New(fault.Invalid, "The signature is not right.").Because(err)
	}
	ev, err := read(body)
	if err != nil {
		return fault.New(fault.Invalid, "This is not an event of Stripe.").Because(err)
	}
	out, err := e.settle(r.Context(), ev, e.judge(ev))
	if err != nil {
		return err
	}
	if out.User != uuid.Nil {
		e.gate.Forget(r.Context(), out.User)
	}
	return web.JSON(w, http.StatusOK, map[string]string{"state": out.State})
}

// settle writes the event and what follows from it. An event that came before
// changes nothing.
func (e endpoint) settle(ctx context.Context, ev event, v verdict) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		out = purchase.Outcome{State: v.state, Reason: v.reason}
		first, err := store(ctx, tx, ev, v)
		if err != nil || !first || v.state != purchase.Settled {
			return err
		}
		if out, err = purchase.Settle(ctx, tx, v.report); err != nil || out.State == purchase.Settled {
			return err
		}
		return mark(ctx, tx, ev.ID, out)
	})
	if unfit(err) {
		return keepUnfit(ctx, e.db, ev, err)
	}
	return out, err
}
