package orders

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/gift"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/stripeapi"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// patience is how long the page waits for Stripe; then it shows what is known.
const patience = 8 * time.Second

// looks spares Stripe, and leaves room for a page that looks again every three
// seconds, and for a class that buys behind one address.
var looks = web.Limit{
	Name: "order", Reader: web.Rate{N: 300, Per: 10 * time.Minute}, Address: web.Rate{N: 3000, Per: 10 * time.Minute}, Total: web.Rate{N: 100_000, Per: time.Hour},
}

// checkout is one try to buy, as far as it has come.
type checkout struct {
	Module   string
	Title    string
	Amount   int // paid, or to be paid
	Discount int // how much less that is
	Tax      int // how much of it is
	Currency string
	State    string     // open, complete or expired
	Session  string     // at Stripe; "" while it is not known
	Status   string     // of the purchase; "" while there is none
	At       *time.Time // when it was paid, or ordered while it is not; nil while there is no purchase
	Payment  string     // Stripe's number of it
	Failed   bool       // the money that was under way did not come
	Held     bool       // a bank asks for the money back
	Lost     bool       // and got it
	Back     bool       // it is given back, as it bought what was owned already
	Opens    []open     // the modules to read now
	Gift     bool
	Code     string     // of a gift that counts
	Redeemed *time.Time // when the code was
}

type open struct{ Key, Title string }

// What the page of a checkout says.
const (
	granted    = "granted"
	toGive     = "to give"
	underWay   = "under way"
	unfinished = "not finished"
	failed     = "failed"
	held       = "held"
	givenBack  = "given back"
	refunded   = "refunded"
	looking    = "looking"
)

// view is what the page of a checkout shows.
type view struct {
	checkout
	Order   uuid.UUID
	Says    string
	Site    string
	Open    bool // the buyer may read the module all the same, by something else
	Passkey bool // the buyer, who came to buy, is told of passkeys now
}

// Paid is when the order is one of which something can be shown on paper.
func (v view) Paid() bool { return v.Status == "completed" || v.Status == "refunded" }

func (e endpoint) showOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.Parse(web.Param(r, "checkout"))
	if err != nil {
		return missing()
	}
	v, err := e.look(r.Context(), id, r.URL.Query().Has("paid"))
	if err != nil {
		return err
	}
	return e.order.Show(w, r, http.StatusOK, reader.View{Title: v.Title, Notice: e.notice, Data: v})
}

// look returns what is known of the reader's checkout, after asking Stripe
// about one that is open.
func (e endpoint) look(ctx context.Context, id uuid.UUID, back bool) (v view, err error) {
	user := access.User(ctx)
	if v.checkout, err = e.find(ctx, user, id); err != nil {
		return v, err
	}
	v.Says = unfinished
	if v.State == "open" && v.Session != "" {
		if v.Says, err = e.refresh(ctx, v.checkout, back); err != nil {
			return v, err
		}
		if v.checkout, err = e.find(ctx, user, id); err != nil {
			return v, err
		}
	}
	if v.Status != "" || v.Failed {
		v.Says = v.says()
	}
	if v.Says != toGive {
		v.Code = ""
	}
	v.Order, v.Site = id, e.site
	if !v.Gift && (v.Says == refunded || v.Says == held) {
		if v.Open, err = e.open(ctx, user, v.checkout); err != nil {
			return v, err
		}
	}
	if account.PasskeySite(e.site) != "" && (v.Says == granted || v.Says == toGive) {
		keys, err := account.PasskeysOf(ctx, e.db, user)
		if err != nil {
			return v, err
		}
		v.Passkey = keys.Offer
	}
	return v, nil
}

// open reports whether a user may read what a checkout sold that opens nothing.
func (e endpoint) open(ctx context.Context, user uuid.UUID, c checkout) (bool, error) {
	holdings, err := purchase.HoldingsOf(ctx, e.db, user)
	if err != nil {
		return false, err
	}
	parts := make([]string, len(c.Opens))
	for i, o := range c.Opens {
		parts[i] = o.Key
	}
	return holdings.Of(c.Module, parts).Open(), nil
}

// refresh asks Stripe about an open checkout, settles what it tells and
// returns what to say where nothing is bought. back tells that the buyer comes
// from Stripe's page; it only decides what is said while Stripe is away.
func (e endpoint) refresh(ctx context.Context, c checkout, back bool) (string, error) {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p := &stripe.CheckoutSessionParams{}
	p.Context = short
	p.AddExpand("payment_intent") // tells when it was paid
	s, err := e.stripe.CheckoutSessions.Get(c.Session, p)
	switch {
	case stripeapi.Gone(err) || err != nil && !back:
		return unfinished, nil
	case err != nil:
		return underWay, nil
	}
	out, err := e.inbox.Settle(ctx, purchase.FromSession(s, e.now()))
	if err != nil {
		return "", err
	}
	if out.State == purchase.Settled {
		return unfinished, nil
	}
	return looking, nil
}

// says returns what to say of a purchase.
func (c checkout) says() string {
	switch {
	case c.Status == "refunded":
		return refunded
	case c.Back:
		return givenBack
	case c.Held:
		return held
	case c.Status == "completed" && c.Gift:
		return toGive
	case c.Status == "completed":
		return granted
	case c.Status == "":
		return failed
	}
	return underWay
}

func missing() error {
	return fault.New(fault.NotFound, "There is no such order among yours. Your orders list all there are.")
}

// find adds the code of a gift to its checkout.
func (e endpoint) find(ctx context.Context, user, id uuid.UUID) (checkout, error) {
	c, err := find(ctx, e.db, user, id)
	if c.Code != "" {
		c.Code = gift.Code(e.secret, c.Code)
	}
	return c, err
}

// find returns a checkout of a user with all that came of it.
func find(ctx context.Context, q db.Querier, user, id uuid.UUID) (checkout, error) {
	var c checkout
	err := q.QueryRow(ctx, `
		SELECT c.module_type, m.title, coalesce(p.amount, c.amount), coalesce(p.discount, 0), coalesce(p.tax, 0), c.currency, c.state,
		       coalesce(c.stripe_session_id, ''), coalesce(p.status, ''), p.purchased_at, coalesce(p.stripe_payment_id, ''),
		       EXISTS (SELECT FROM payment_facts WHERE checkout_id = c.id AND kind = 'failed'),
		       p.id IS NOT NULL AND `+purchase.Held+`, p.id IS NOT NULL AND `+lost+`,
		       EXISTS (SELECT FROM refunds WHERE stripe_payment_id = p.stripe_payment_id AND reason = 'duplicate'),
		       coalesce((
		           SELECT jsonb_agg(jsonb_build_object('Key', o.key, 'Title', o.title) ORDER BY o.key)
		           FROM opened_by(c.module_type) b
		           JOIN modules o ON o.key = b AND o.includes = '{}'), '[]'),
		       c.gift, coalesce(g.mark, ''), g.redeemed_at
		FROM checkouts c
		JOIN modules m ON m.key = c.module_type
		LEFT JOIN purchases p ON p.checkout_id = c.id
		LEFT JOIN gifts g ON g.stripe_payment_id = p.stripe_payment_id
		WHERE c.id = $1 AND c.user_id = $2`, id, user,
	).Scan(&c.Module, &c.Title, &c.Amount, &c.Discount, &c.Tax, &c.Currency, &c.State, &c.Session, &c.Status, &c.At, &c.Payment, &c.Failed, &c.Held, &c.Lost, &c.Back, &c.Opens,
		&c.Gift, &c.Code, &c.Redeemed)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, missing()
	}
	if err != nil {
		return c, fmt.Errorf("checkout %s of %s: %w", id, user, err)
	}
	return c, nil
}
