// Package stripehook takes in what Stripe tells.
//
//	POST /api/stripe/webhook   one event, signed
//
// Nothing of a request is read before its signature is verified over the raw
// bytes. Stripe hears 200 only after the event and all that follows from it
// are committed. What is not understood, or does not agree with what we sold,
// is kept in the inbox as quarantined and answered with 200 too, as sending it
// again would not help. Only when PostgreSQL does not take it is Stripe told to
// try again.
package stripehook

import (
	"net/http"
	"time"

	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// maxEvent bounds an event in bytes.
const maxEvent = 256 << 10

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{inbox: inbox.Of(p), config: p.Config, now: p.Now}
	return []web.Route{
		{Method: "POST", Path: "/api/stripe/webhook", Access: web.Signed, Handle: e.take, Needs: []string{"STRIPE_WEBHOOK_SECRET"}},
	}
}

type endpoint struct {
	inbox  inbox.Inbox
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
	ev, err := inbox.Read(body)
	if err != nil {
		return fault.New(fault.Invalid, "This is not an event of Stripe.").Because(err)
	}
	out, err := e.inbox.Take(r.Context(), ev)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]string{"state": out.State})
}
