package operate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase/inbox"
)

// stripe uses the key as the worker does, and looks who is told of payments.
func (d doctor) stripe(ctx context.Context, f *findings) {
	if d.Config.StripeSecretKey == "" {
		f.add(bad, "Stripe", "STRIPE_SECRET_KEY is not set", "set it as web and worker have it")
		return
	}
	p := &stripe.EventListParams{}
	p.Context, p.Single, p.Limit = ctx, true, stripe.Int64(1)
	asked := d.Now()
	list := d.Stripe.Events.List(p)
	took := d.Now().Sub(asked)
	if err := list.Err(); err != nil {
		f.add(bad, "Stripe", refusal(err), "see that STRIPE_SECRET_KEY is a key of this account that is neither rolled nor restricted")
		return
	}
	d.mode(f)
	if answer := list.EventList().LastResponse; answer != nil {
		if theirs, err := http.ParseTime(answer.Header.Get("Date")); err == nil { // it has no fractions
			compareClocks(f, "Stripe", theirs.Add(time.Second/2).Sub(asked.Add(took/2)), took/2+time.Second/2)
		}
	}
	d.webhook(ctx, f)
	d.deliveries(ctx, f)
}

func refusal(err error) string {
	if e, told := errors.AsType[*stripe.Error](err); told && e.HTTPStatusCode != 0 {
		return fmt.Sprintf("it refuses the key: %d %s", e.HTTPStatusCode, e.Msg)
	}
	return "it does not answer: " + err.Error()
}

// mode tells whether money moves.
func (d doctor) mode(f *findings) {
	switch {
	case d.Config.StripeAPIBase != "":
		f.add(warn, "Stripe", "the key works at "+d.Config.StripeAPIBase+", which is not Stripe", "leave STRIPE_API_BASE unset in production")
	case !d.Config.Live():
		f.add(warn, "Stripe", "the key works, but is a test key: no money moves", "set the sk_live_ key to sell")
	default:
		f.add(ok, "Stripe", "the key works, and money moves", "")
	}
}

// webhook looks for the endpoint that tells this handbook of payments.
func (d doctor) webhook(ctx context.Context, f *findings) {
	if len(d.Config.WebhookSecrets()) == 0 {
		f.add(warn, "webhook", "STRIPE_WEBHOOK_SECRET is not set here; web needs it", "run the doctor with the variables of web too")
	}
	want := d.Config.AuthURL + "/api/stripe/webhook"
	p := &stripe.WebhookEndpointListParams{}
	p.Context, p.Single, p.Limit = ctx, true, stripe.Int64(100)
	list := d.Stripe.WebhookEndpoints.List(p)
	var elsewhere []string
	for list.Next() {
		e := list.WebhookEndpoint()
		if e.URL == want {
			judgeWebhook(f, e)
			return
		}
		if u, err := url.Parse(e.URL); err == nil {
			elsewhere = append(elsewhere, u.Host)
		}
	}
	if err := list.Err(); err != nil {
		f.add(warn, "webhook", "this key may not list webhook endpoints: "+refusal(err),
			"look in Stripe's dashboard that one leads to "+want+" with API version "+stripe.APIVersion)
		return
	}
	says := "no endpoint leads to " + want
	if len(elsewhere) > 0 {
		says += ", only to " + strings.Join(elsewhere, ", ")
	}
	f.add(bad, "webhook", says, "make one in Stripe's dashboard, with API version "+stripe.APIVersion+" and all events of checkout.session, charge.refunded, charge.refund.updated, charge.dispute, refund.updated and refund.failed; until then purchases open late, by reconciliation")
}

// deliveries asks for events that Stripe could not deliver. A signature that
// was refused leaves nothing here, so this is how it shows.
func (d doctor) deliveries(ctx context.Context, f *findings) {
	now, no := d.Now(), false
	p := &stripe.EventListParams{
		DeliverySuccess: &no, Types: stripe.StringSlice(inbox.Types()),
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: now.Add(-24 * time.Hour).Unix(), LesserThan: now.Add(-5 * time.Minute).Unix()},
	}
	p.Context, p.Single, p.Limit = ctx, true, stripe.Int64(100)
	list, late, oldest := d.Stripe.Events.List(p), 0, now
	for list.Next() {
		late, oldest = late+1, time.Unix(list.Event().Created, 0)
	}
	switch {
	case list.Err() != nil:
		f.add(warn, "deliveries", "Stripe does not tell what it could not deliver: "+refusal(list.Err()), "look in its dashboard")
	case late > 0:
		f.add(warn, "deliveries", fmt.Sprintf("Stripe could not deliver %d events of the last day at once, the first of them %s ago", late, now.Sub(oldest).Round(time.Second)),
			"see in its dashboard what was answered: 400 means that STRIPE_WEBHOOK_SECRET is not the endpoint's. What was missed is settled by: handbook reconcile")
	default:
		f.add(ok, "deliveries", "Stripe knows of no event of the last day that it could not deliver; whether STRIPE_WEBHOOK_SECRET is the endpoint's only a delivery shows", "")
	}
}

// judgeWebhook checks an endpoint that leads here.
func judgeWebhook(f *findings, e *stripe.WebhookEndpoint) {
	var missing []string
	for _, kind := range inbox.Types() {
		if !slices.Contains(e.EnabledEvents, kind) && !slices.Contains(e.EnabledEvents, "*") {
			missing = append(missing, kind)
		}
	}
	switch {
	case e.Status != "enabled":
		f.add(bad, "webhook", "its endpoint is "+e.Status, "enable it in Stripe's dashboard")
	case e.APIVersion == "":
		f.add(warn, "webhook", "its endpoint has no API version of its own: the account's counts, and events in another one than "+stripe.APIVersion+" are quarantined", "make one with API version "+stripe.APIVersion)
	case e.APIVersion != stripe.APIVersion:
		f.add(bad, "webhook", "its endpoint has API version "+e.APIVersion+": all its events are quarantined until reconciliation reads them again", "make one with API version "+stripe.APIVersion+" and delete this one; then, for what is quarantined: handbook replay all")
	case len(missing) > 0:
		f.add(bad, "webhook", "its endpoint does not tell of "+strings.Join(missing, ", "), "select them in Stripe's dashboard")
	default:
		f.add(ok, "webhook", "its endpoint is enabled, with API version "+e.APIVersion, "")
	}
}
