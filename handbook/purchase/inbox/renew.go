package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/stripeapi"
)

// thing is what an event can be about.
type thing struct {
	object string // its name
	path   string // where it is read
	moves  string // the field that tells how far it has come
}

func things() (session, charge, dispute, refund thing) {
	return thing{"checkout.session", "/v1/checkout/sessions/%s", "payment_status"},
		thing{"charge", "/v1/charges/%s", "amount_refunded"},
		thing{"dispute", "/v1/disputes/%s", "status"},
		thing{"refund", "/v1/refunds/%s", "status"}
}

// TakeFound takes in an event that was found at Stripe, which keeps each in the
// version that its account had when it happened. The object of one that is in
// another version than ours is read again.
func (i Inbox) TakeFound(ctx context.Context, ev Event) (purchase.Outcome, error) {
	v := i.judge(ev)
	if !v.foreign {
		return i.Take(ctx, ev)
	}
	renewed, missing, err := i.renew(ctx, ev)
	if err != nil {
		return purchase.Outcome{State: v.state, Reason: v.reason}, fmt.Errorf("event %s of another version: %w", ev.ID, err)
	}
	if missing == "" {
		return i.Take(ctx, renewed)
	}
	v.reason += "; " + missing
	out, err := i.Take(ctx, ev)
	if err == nil {
		out.Reason = v.reason
		_, err = i.db.Exec(ctx, mark, ev.ID, v.state, v.reason)
	}
	return out, err
}

// renew returns an event as it is told in our version: with its object as
// Stripe has it now. Where Stripe has none, or does not tell it, missing says so.
func (i Inbox) renew(ctx context.Context, ev Event) (renewed Event, missing string, err error) {
	if err := i.config.Require("STRIPE_SECRET_KEY"); err != nil {
		return ev, "", err
	}
	about := rules()[ev.Type].about
	var told, now map[string]json.RawMessage
	var id string
	_ = json.Unmarshal(ev.Data.Object, &told) // what is no object has no id
	if json.Unmarshal(told["id"], &id) != nil || id == "" {
		return ev, "it does not tell the id of its " + about.object, nil
	}
	object, err := i.fetch(ctx, about, id)
	switch {
	case stripeapi.Gone(err):
		return ev, fmt.Sprintf("Stripe has no %s %s", about.object, id), nil
	case stripeapi.Refused(err):
		return ev, fmt.Sprintf("Stripe does not tell %s %s: %v", about.object, id, err), nil
	}
	if err == nil {
		err = json.Unmarshal(object, &now)
	}
	if err != nil {
		return ev, "", fmt.Errorf("read %s %s again: %w", about.object, id, err)
	}
	renewed, err = ev.with(object)
	if was := told[about.moves]; was != nil && !bytes.Equal(was, now[about.moves]) {
		renewed.seen = i.now() // when it came to that is told by another event
	}
	return renewed, "", err
}

// fetch reads an object as Stripe sends it.
func (i Inbox) fetch(ctx context.Context, about thing, id string) ([]byte, error) {
	var got struct{ stripe.APIResource }
	at := i.stripe.Charges // any of them calls the same server with the same key
	err := at.B.Call(http.MethodGet, stripe.FormatURLPath(about.path, id), at.Key, &stripe.Params{Context: ctx}, &got)
	if err != nil {
		return nil, err
	}
	return got.LastResponse.RawJSON, nil
}

// with returns an event of our version with another object. What version it was
// told in is kept beside it.
func (ev Event) with(object []byte) (Event, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(ev.body, &all); err != nil {
		return ev, err
	}
	all["told_in"], all["api_version"] = quote(ev.APIVersion), quote(stripe.APIVersion)
	all["data"] = []byte(`{"object": ` + string(object) + `}`)
	body, err := json.Marshal(all)
	if err != nil {
		return ev, err
	}
	renewed, err := Read(body)
	renewed.renewed = true
	return renewed, err
}

func quote(text string) json.RawMessage {
	b, _ := json.Marshal(text) // never fails
	return b
}
