package inbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
)

// Event is the envelope of what Stripe tells, which is the same in every
// version of its API. Its object is read only when the version is ours.
type Event struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	APIVersion string `json:"api_version"`
	Live       bool   `json:"livemode"`
	Created    int64  `json:"created"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`

	body []byte
	seen time.Time // when its object was read again, where that has changed since the event

	renewed bool // its object was read again in our version, to take the place of the copy that was not
}

// At returns when what the event tells was so: when Stripe made it, unless its
// object was read again and is another by now.
func (ev Event) At() time.Time {
	if !ev.seen.IsZero() {
		return ev.seen
	}
	return ev.made()
}

func (ev Event) made() time.Time { return time.Unix(ev.Created, 0) }

// Read reads an event as Stripe sends it.
func Read(body []byte) (Event, error) {
	ev := Event{body: body}
	if err := json.Unmarshal(body, &ev); err != nil {
		return ev, err
	}
	if ev.ID == "" || ev.Type == "" || !plain(ev.ID+ev.Type+ev.APIVersion) || ev.Created < 0 || ev.Created > maxTime {
		return ev, errors.New("not the envelope of an event")
	}
	return ev, nil
}

// maxTime is the last second of the year 9999.
const maxTime = 253402300799

func plain(s string) bool {
	return len(s) <= 300 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// verdict is what is to become of an event.
type verdict struct {
	state, reason string
	report        purchase.Report // of a settled one
	foreign       bool            // quarantined only for its version: its object can be read again in ours
}

func quarantined(format string, args ...any) verdict {
	return verdict{state: purchase.Quarantined, reason: fmt.Sprintf(format, args...)}
}

// judge decides without the database what is to become of an event.
func (i Inbox) judge(ev Event) verdict {
	rule, ok := rules()[ev.Type]
	switch {
	case !ok:
		return verdict{state: purchase.Ignored, reason: "nothing follows from this type"}
	case i.config.StripeSecretKey != "" && ev.Live != i.config.Live():
		return quarantined("livemode is %v, our key's is %v", ev.Live, i.config.Live())
	case ev.APIVersion != stripe.APIVersion:
		v := quarantined("API version is %q, ours is %q", ev.APIVersion, stripe.APIVersion)
		v.foreign = true
		return v
	}
	r, err := rule.read(ev)
	if err != nil {
		return quarantined("object: %v", err)
	}
	return verdict{state: purchase.Settled, report: r.At(i.config.Host())}
}

type reader func(Event) (purchase.Report, error)

// rule is how events of a type are read.
type rule struct {
	about thing
	read  reader
}

// rules says how events are read, by type; from one of any other type nothing
// follows. Every dispute event tells the dispute's status, and an inquiry
// becomes a dispute without a second "created": so all of them count.
func rules() map[string]rule {
	session, charge, dispute, refund := things()
	return map[string]rule{
		"checkout.session.completed":               {session, readSession(purchase.FromSession)},
		"checkout.session.async_payment_succeeded": {session, readSession(purchase.FromSession)},
		"checkout.session.async_payment_failed":    {session, readSession(purchase.FromFailure)},
		"checkout.session.expired":                 {session, readSession(purchase.FromSession)},
		"charge.refunded":                          {charge, readCharge},
		"charge.dispute.created":                   {dispute, readDispute},
		"charge.dispute.updated":                   {dispute, readDispute},
		"charge.dispute.funds_withdrawn":           {dispute, readDispute},
		"charge.dispute.funds_reinstated":          {dispute, readDispute},
		"charge.dispute.closed":                    {dispute, readDispute},
		"charge.refund.updated":                    {refund, readRefund},
		"refund.updated":                           {refund, readRefund},
		"refund.failed":                            {refund, readRefund},
	}
}

// Types lists the types of events from which something follows, sorted.
func Types() []string {
	return slices.Sorted(maps.Keys(rules()))
}

// checkoutSession is what counts of a session. Stripe's own types have all of
// it, which takes several times as long to read; and what a process reads first
// of them takes milliseconds more, as each leads to nearly all others.
type checkoutSession struct {
	ID                string                              `json:"id"`
	Object            string                              `json:"object"`
	Status            stripe.CheckoutSessionStatus        `json:"status"`
	PaymentStatus     stripe.CheckoutSessionPaymentStatus `json:"payment_status"`
	PaymentIntent     *paymentIntent                      `json:"payment_intent"`
	AmountSubtotal    int64                               `json:"amount_subtotal"`
	AmountTotal       int64                               `json:"amount_total"`
	TotalDetails      *totalDetails                       `json:"total_details"`
	Conversion        *conversion                         `json:"currency_conversion"`
	Currency          stripe.Currency                     `json:"currency"`
	Livemode          bool                                `json:"livemode"`
	ClientReferenceID string                              `json:"client_reference_id"`
	Metadata          map[string]string                   `json:"metadata"`
}

type totalDetails struct {
	AmountDiscount int64 `json:"amount_discount"`
	AmountTax      int64 `json:"amount_tax"`
}

// conversion tells what a buyer who paid in their own currency would have paid
// in that of the price.
type conversion struct {
	AmountSubtotal int64           `json:"amount_subtotal"`
	AmountTotal    int64           `json:"amount_total"`
	SourceCurrency stripe.Currency `json:"source_currency"`
}

// paymentIntent is told by its id alone, or expanded.
type paymentIntent struct {
	ID     string                     `json:"id"`
	Status stripe.PaymentIntentStatus `json:"status"`
}

// UnmarshalJSON reads either.
func (p *paymentIntent) UnmarshalJSON(b []byte) error {
	if id, ok := stripe.ParseID(b); ok {
		*p = paymentIntent{ID: id}
		return nil
	}
	type expanded paymentIntent
	return json.Unmarshal(b, (*expanded)(p))
}

func (s checkoutSession) whole() *stripe.CheckoutSession {
	all := &stripe.CheckoutSession{
		ID: s.ID, Object: s.Object, Status: s.Status, PaymentStatus: s.PaymentStatus,
		AmountSubtotal: s.AmountSubtotal, AmountTotal: s.AmountTotal, Currency: s.Currency,
		Livemode: s.Livemode, ClientReferenceID: s.ClientReferenceID, Metadata: s.Metadata,
	}
	if p := s.PaymentIntent; p != nil {
		all.PaymentIntent = &stripe.PaymentIntent{ID: p.ID, Status: p.Status}
	}
	if c := s.Conversion; c != nil {
		all.CurrencyConversion = &stripe.CheckoutSessionCurrencyConversion{AmountSubtotal: c.AmountSubtotal, AmountTotal: c.AmountTotal, SourceCurrency: c.SourceCurrency}
	}
	if d := s.TotalDetails; d != nil {
		all.TotalDetails = &stripe.CheckoutSessionTotalDetails{AmountDiscount: d.AmountDiscount, AmountTax: d.AmountTax}
	}
	return all
}

func readSession(from func(*stripe.CheckoutSession, time.Time) purchase.Report) reader {
	return func(ev Event) (purchase.Report, error) {
		var s checkoutSession
		if err := json.Unmarshal(ev.Data.Object, &s); err != nil {
			return purchase.Report{}, err
		}
		return from(s.whole(), ev.At()), is(s.ID, s.Object, "checkout.session")
	}
}

func readCharge(ev Event) (purchase.Report, error) {
	var c stripe.Charge
	if err := json.Unmarshal(ev.Data.Object, &c); err != nil {
		return purchase.Report{}, err
	}
	return purchase.FromCharge(&c, ev.At()), is(c.ID, c.Object, "charge")
}

func readDispute(ev Event) (purchase.Report, error) {
	var d stripe.Dispute
	if err := json.Unmarshal(ev.Data.Object, &d); err != nil {
		return purchase.Report{}, err
	}
	if err := is(d.ID, d.Object, "dispute"); err != nil {
		return purchase.Report{}, err
	}
	return purchase.FromDispute(&d, ev.At())
}

func readRefund(ev Event) (purchase.Report, error) {
	var r stripe.Refund
	if err := json.Unmarshal(ev.Data.Object, &r); err != nil {
		return purchase.Report{}, err
	}
	return purchase.FromRefund(&r), is(r.ID, r.Object, "refund")
}

// is checks that an object is what the event's type says.
func is(id, object, want string) error {
	if id == "" || object != want {
		return fmt.Errorf("%q is a %q, not a %s", id, object, want)
	}
	return nil
}
