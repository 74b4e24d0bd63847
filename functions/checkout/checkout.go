// Package checkout lets a reader buy a module at Stripe.
//
//	POST /checkout/:module   a form: on to Stripe's page; as JSON: {"url": "..."}
//
// The buyer must have agreed to the terms ("consent"); when and to which is kept
// with the checkout. With "gift" a code to give away is sold instead of access,
// at the full price. The price is ours, never the caller's; who owns a part of the bundle pays
// the difference. A row with the exact parameters is written before Stripe is
// asked, and its id is the idempotency key, so that nothing is lost when an
// answer is: asking again goes on with the same row. A reader has one open
// checkout per module, and gets it again until it is paid, expired, or the
// price or the terms have changed. Where Stripe answers that it failed, it says
// so for a day to that key: the next click begins anew. An order that Stripe
// does not take is our fault, as only an operator can mend it.
package checkout

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/singleflight"

	"pilothandbook/handbook/access"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/stripeapi"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// A click may lead to a few calls of Stripe; the reader waits no longer.
const patience = 25 * time.Second

// limit spares Stripe, which has limits of its own, and leaves room for
// whoever clicks a lot and for a class that buys behind one address.
var limit = web.Limit{
	Name: "checkout", Reader: web.Rate{N: 120, Per: time.Hour}, Address: web.Rate{N: 600, Per: time.Hour}, Total: web.Rate{N: 50_000, Per: time.Hour},
}

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, stripe: p.Stripe, now: p.Now, site: p.Config.AuthURL, host: p.Config.Host(), live: p.Config.Live(), tax: p.Config.StripeTax,
		clicks: &singleflight.Group{}, notice: p.Notice, page: reader.New(files, "page.html"),
	}
	return []web.Route{
		{Method: "POST", Path: "/checkout/:module", Handle: e.begin, Needs: []string{"STRIPE_SECRET_KEY"}, Limit: limit},
	}
}

type endpoint struct {
	db     *db.Pool
	stripe *stripeapi.API
	now    func() time.Time
	site   string // where Stripe sends the buyer back to
	host   string // of it, which marks what is sold here
	live   bool
	tax    bool // Stripe reckons it
	notice string
	page   *reader.Page
	clicks *singleflight.Group // one call of Stripe for all who press at once
}

func (e endpoint) begin(w http.ResponseWriter, r *http.Request) error {
	who := access.Of(r.Context())
	in, err := read(w, r)
	if err != nil {
		return err
	}
	if !in.Consent {
		return e.disagree(w, r, in)
	}
	// Nobody's leaving may end what others wait for.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	key := fmt.Sprint(who.User, in.module, in.Gift)
	url, err, _ := e.clicks.Do(key, func() (any, error) {
		return e.open(ctx, buyer{who.User, who.Email}, in)
	})
	if err != nil {
		return err
	}
	if web.WantsPage(r) {
		return web.SeeOther(w, r, url.(string))
	}
	return web.JSON(w, http.StatusOK, map[string]any{"url": url})
}

// open returns where the buyer goes on: Stripe's page, or our own of a
// checkout that turns out to be paid.
func (e endpoint) open(ctx context.Context, who buyer, in wish) (string, error) {
	for range 3 { // a checkout that is over, and one that ends meanwhile
		row, err := e.row(ctx, who, in)
		if err != nil {
			return "", err
		}
		s, err := e.session(ctx, row)
		if err == nil && row.Session == "" { // what made it cheaper may have gone back while Stripe made the page
			row.Today, err = offered(ctx, e.db, in.pays(who.ID), in.module)
		}
		switch {
		case err != nil:
		case s.Status == stripe.CheckoutSessionStatusComplete:
			return e.site + "/orders/" + row.ID.String() + "?paid=1", nil
		case s.Status == stripe.CheckoutSessionStatusExpired:
			err = expire(ctx, e.db, row.ID, s.ID)
		case row.current():
			return s.URL, nil
		default:
			err = e.withdraw(ctx, row.ID, s.ID)
		}
		if err != nil {
			return "", err
		}
	}
	return "", away(fmt.Errorf("no checkout of %q stays open", in.module))
}

// session returns the row's session at Stripe, and makes it if it is not known.
// One that Stripe does not know, or would not make so late, is as expired. What
// it refuses to make it would refuse again, so that the row ends.
func (e endpoint) session(ctx context.Context, row row) (*stripe.CheckoutSession, error) {
	over := &stripe.CheckoutSession{ID: row.Session, Status: stripe.CheckoutSessionStatusExpired}
	if row.Session != "" {
		p := &stripe.CheckoutSessionParams{}
		p.Context = ctx
		s, err := e.stripe.CheckoutSessions.Get(row.Session, p)
		if ended(err) {
			return over, nil
		}
		return s, away(err)
	}
	s, err := e.stripe.CheckoutSessions.New(row.params(ctx))
	switch {
	case err == nil:
		return s, keep(ctx, e.db, row.ID, s)
	case ended(err) && row.Expires.Before(e.now().Add(shortest)):
		return over, nil
	case ended(err):
		return nil, errors.Join(refused(err), expire(ctx, e.db, row.ID, row.Session))
	case broken(err): // what it may have made all the same nobody was sent to, so that nobody pays it
		err = errors.Join(err, expire(ctx, e.db, row.ID, row.Session))
	}
	return nil, away(err)
}

// withdraw takes an offer back at Stripe before its row makes room for one at
// today's price, so that nobody can pay both. One that was paid meanwhile
// stays, and is found so when it is read again.
func (e endpoint) withdraw(ctx context.Context, id uuid.UUID, session string) error {
	p := &stripe.CheckoutSessionExpireParams{}
	p.Context = ctx
	_, err := e.stripe.CheckoutSessions.Expire(session, p)
	if ended(err) {
		return nil
	}
	if err != nil {
		return away(err)
	}
	return expire(ctx, e.db, id, session)
}

// ended reports whether Stripe says that it has no such thing, or takes it no
// more: asking the same again would not help.
func ended(err error) bool {
	refusal, ok := errors.AsType[*stripe.Error](err)
	return ok && (refusal.HTTPStatusCode == http.StatusBadRequest || refusal.HTTPStatusCode == http.StatusNotFound)
}

// broken reports whether Stripe answers that it failed, which it keeps as the
// answer to the call's key. An answer of whatever stands before it is none.
func broken(err error) bool {
	failure, ok := errors.AsType[*stripe.Error](err)
	return ok && failure.HTTPStatusCode >= http.StatusInternalServerError
}

// away is what the buyer hears while Stripe does not answer, or not to us.
func away(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable,
		"Our payment service does not answer at the moment. Nothing was charged; please try again in a minute.").Because(err)
}

// refused is what the buyer hears of a sale that Stripe does not take, such as
// one that costs less than it allows in its currency: only we can change that.
func refused(err error) error {
	return fault.New(fault.Internal,
		"This cannot be bought at the moment: our payment service does not take the order. Nothing was charged. We are told, and will see to it; the contact page says where you can ask us about it.").Because(err)
}

// buyer is who pays; the address only saves typing at Stripe.
type buyer struct {
	ID    uuid.UUID
	Email string
}
