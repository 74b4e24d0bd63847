// Package orders shows readers what they have bought.
//
//	GET /orders                     my orders, the newest first
//	GET /api/orders                 the same as JSON
//	GET /orders/:checkout           where Stripe sends the buyer back to; of a gift, its code
//	GET /orders/:checkout/receipt   on to Stripe's receipt
//
// The receipt is that of the charge: it costs nothing, shows discount and tax,
// and what was given back. (An invoice of Stripe's costs a share of each sale.)
// Its address is asked for each time, as it ends after a month; no page waits
// for it.
//
// The page of an order asks Stripe while the checkout is open and settles what it
// hears just as the webhook does, so that nobody waits for the webhook. What
// the address says proves nothing.
package orders

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/stripeapi"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed list.html order.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{
		db: p.DB, stripe: p.Stripe, inbox: inbox.Of(p), now: p.Now, notice: p.Notice, site: p.Config.AuthURL, secret: p.Config.AuthSecret.Reveal(),
		list: reader.New(files, "list.html"), order: reader.New(files, "order.html"),
	}
	return []web.Route{
		{Method: "GET", Path: "/orders", Handle: e.showList},
		{Method: "GET", Path: "/api/orders", Handle: e.tellList},
		{Method: "GET", Path: "/orders/:checkout", Handle: e.showOrder, Needs: []string{"STRIPE_SECRET_KEY", "AUTH_SECRET"}, Limit: looks},
		{Method: "GET", Path: "/orders/:checkout/receipt", Handle: e.receipt, Needs: []string{"STRIPE_SECRET_KEY"}, Limit: receipts},
	}
}

type endpoint struct {
	db          *db.Pool
	stripe      *stripeapi.API
	inbox       inbox.Inbox
	now         func() time.Time
	notice      string
	site        string
	secret      string // that gifts' codes are made with
	list, order *reader.Page
}

// order is a purchase as its buyer sees it.
type order struct {
	Checkout *uuid.UUID `json:"checkout"`
	Module   string     `json:"module"`
	Title    string     `json:"title"`
	Gift     bool       `json:"gift"`
	Amount   int        `json:"amount"`   // in cents: what was paid
	Discount int        `json:"discount"` // how much less that was
	Tax      int        `json:"tax"`      // how much of it was
	Currency string     `json:"currency"`
	Status   string     `json:"status"` // pending, completed, disputed, refunded or failed
	At       time.Time  `json:"at"`
	Lost     bool       `json:"-"` // the bank took it back
	Again    bool       `json:"-"` // it failed, and nothing was bought instead since
}

// Date returns the day for the page.
func (o order) Date() string { return o.At.UTC().Format("2 January 2006") }

func (e endpoint) showList(w http.ResponseWriter, r *http.Request) error {
	all, err := mine(r.Context(), e.db, access.User(r.Context()))
	if err != nil {
		return err
	}
	return e.list.Show(w, r, http.StatusOK, reader.View{Title: "Orders", Notice: e.notice, Data: all})
}

func (e endpoint) tellList(w http.ResponseWriter, r *http.Request) error {
	all, err := mine(r.Context(), e.db, access.User(r.Context()))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string][]order{"orders": all})
}

// lost is, in SQL, whether a bank took the payment of purchases p back.
const lost = `(p.status = 'refunded' AND EXISTS (SELECT FROM payment_facts WHERE stripe_payment_id = p.stripe_payment_id AND kind = 'dispute_lost'))`

// mine returns what a user has bought, or tried to where the money did not come.
func mine(ctx context.Context, q db.Querier, user uuid.UUID) ([]order, error) {
	rows, err := q.Query(ctx, `
		SELECT p.checkout_id, p.module_type, coalesce(m.title, p.module_type), coalesce(c.gift, false), p.amount, p.discount, p.tax, p.currency,
		       CASE WHEN `+purchase.Held+` THEN 'disputed' ELSE p.status END, p.purchased_at AS at, `+lost+`, false
		FROM purchases p
		LEFT JOIN modules m ON m.key = p.module_type
		LEFT JOIN checkouts c ON c.id = p.checkout_id
		WHERE p.user_id = $1
		UNION ALL
		SELECT c.id, c.module_type, m.title, c.gift, c.amount, 0, 0, c.currency, 'failed', f.at, false, NOT EXISTS (
			SELECT FROM purchases p
			WHERE p.user_id = $1 AND p.module_type = c.module_type AND p.purchased_at >= f.at)
		FROM checkouts c
		JOIN modules m ON m.key = c.module_type
		CROSS JOIN LATERAL (SELECT min(at) AS at FROM payment_facts WHERE checkout_id = c.id AND kind = 'failed') f
		WHERE c.user_id = $1 AND f.at IS NOT NULL AND NOT EXISTS (SELECT FROM purchases WHERE checkout_id = c.id)
		ORDER BY at DESC, checkout_id DESC`, user)
	if err != nil {
		return nil, fmt.Errorf("orders of %s: %w", user, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[order])
	if err != nil {
		return nil, fmt.Errorf("orders of %s: %w", user, err)
	}
	return all, nil
}
