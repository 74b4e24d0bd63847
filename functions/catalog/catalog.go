// Package catalog shows what there is to read and to buy.
//
//	GET /             the catalogue, as a page
//	GET /api/modules  the same as JSON
//
// price is what everybody pays, your_price what the reader does; who owns a
// module has none. Who was given it for a time may buy it.
package catalog

import (
	"context"
	"embed"
	"net/http"
	"slices"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed page.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/", Access: web.Public, Handle: e.show},
		{Method: "GET", Path: "/api/modules", Access: web.Public, Handle: e.list},
	}
}

type endpoint struct {
	db     *db.Pool
	notice string
	page   *reader.Page
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	cards, err := e.cards(r.Context())
	if err != nil {
		return err
	}
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: "Catalogue", Notice: e.notice, Data: cards})
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	cards, err := e.cards(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string][]card{"modules": cards})
}

// card is a module in the catalogue, as one reader sees it.
type card struct {
	version.Offer
	purchase.Holding
	Pays  *int   `json:"your_price,omitempty"` // in cents
	Why   string `json:"why,omitempty"`        // that is less than the price
	Parts []part `json:"parts,omitempty"`      // of a bundle
	Saves int    `json:"saves,omitempty"`      // against buying the parts one by one
}

// part is a module that a bundle includes.
type part struct {
	Key     string `json:"key"`
	Title   string `json:"title"`
	Lessons int    `json:"lessons"`
	purchase.Holding
}

func (e endpoint) cards(ctx context.Context) ([]card, error) {
	offers, err := version.Catalogue(ctx, e.db)
	if err != nil {
		return nil, err
	}
	holdings, err := purchase.HoldingsOf(ctx, e.db, access.User(ctx))
	if err != nil {
		return nil, err
	}
	cards := make([]card, len(offers))
	for i, o := range offers {
		cards[i] = card{Offer: o, Holding: holdings.Of(o.Module, o.Includes)}
		cards[i].compose(offers, holdings)
		if err := e.price(ctx, &cards[i]); err != nil {
			return nil, err
		}
	}
	return cards, nil
}

// price fills in what the reader pays. It asks only where a part is owned, as
// nobody else has a price of their own.
func (e endpoint) price(ctx context.Context, c *card) error {
	if c.Owned {
		return nil
	}
	pays := c.Price
	if slices.ContainsFunc(c.Parts, func(p part) bool { return p.Owned }) {
		p, err := purchase.PriceFor(ctx, e.db, access.User(ctx), c.Module)
		if err != nil {
			return err
		}
		pays, c.Why = p.Amount, p.Why()
	}
	c.Pays = &pays
	return nil
}

// compose fills in what a bundle is made of. It saves something only where
// all its parts can be bought in the same currency.
func (c *card) compose(offers []version.Offer, holdings purchase.Holdings) {
	apart := 0
	for _, key := range c.Includes {
		o, err := version.In(offers, key)
		if err != nil || o.Currency != c.Currency {
			apart = -1 << 31
		}
		if err == nil {
			apart += o.Price
			c.Lessons += o.Lessons
			c.Parts = append(c.Parts, part{key, o.Title, o.Lessons, holdings[key]})
		}
	}
	c.Saves = max(0, apart-c.Price)
}
