package stripehook

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
)

// event is the envelope of what Stripe tells, which is the same in every
// version of its API. Its object is read only when the version is ours.
type event struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	APIVersion string `json:"api_version"`
	Live       bool   `json:"livemode"`
	Created    int64  `json:"created"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`

	body []byte
}

func (ev event) at() time.Time { return time.Unix(ev.Created, 0) }

func read(body []byte) (event, error) {
	ev := event{body: body}
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
}

func quarantined(format string, args ...any) verdict {
	return verdict{state: purchase.Quarantined, reason: fmt.Sprintf(format, args...)}
}

// judge decides without the database what is to become of an event.
func (e endpoint) judge(ev event) verdict {
	report, ok := reports(ev.Type)
	switch {
	case !ok:
		return verdict{state: purchase.Ignored, reason: "nothing follows from this type"}
	case ev.APIVersion != stripe.APIVersion:
		return quarantined("API version is %q, ours is %q", ev.APIVersion, stripe.APIVersion)
	case e.config.StripeSecretKey != "" && ev.Live != e.config.Live():
		return quarantined("livemode is %v, our key's is %v", ev.Live, e.config.Live())
	}
	r, err := report(ev)
	if err != nil {
		return quarantined("object: %v", err)
	}
	return verdict{state: purchase.Settled, report: r}
}

// reports returns how an event of a type is read.
func reports(kind string) (func(event) (purchase.Report, error), bool) {
	switch kind {
	case "checkout.session.completed", "checkout.session.async_payment_succeeded":
		return session, true
	case "charge.refunded":
		return charge, true
	}
	return nil, false
}

func session(ev event) (purchase.Report, error) {
	var s stripe.CheckoutSession
	if err := json.Unmarshal(ev.Data.Object, &s); err != nil {
		return purchase.Report{}, err
	}
	return purchase.FromSession(&s, ev.at()), is(s.ID, s.Object, "checkout.session")
}

func charge(ev event) (purchase.Report, error) {
	var c stripe.Charge
	if err := json.Unmarshal(ev.Data.Object, &c); err != nil {
		return purchase.Report{}, err
	}
	return purchase.FromCharge(&c, ev.at()), is(c.ID, c.Object, "charge")
}

// is checks that an object is what the event's type says.
func is(id, object, want string) error {
	if id == "" || object != want {
		return fmt.Errorf("%q is a %q, not a %s", id, object, want)
	}
	return nil
}
