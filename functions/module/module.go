// Package module shows one module: what is in it, how far its reader is, and
// how to get it.
//
//	GET /modules/:module      the outline, as a page
//	GET /api/modules/:module  the same as JSON
//
// price is what everybody pays, your_price what the reader does; who owns the
// module has none. Who was given it for a time may read it until that ends, and
// may buy it.
package module

import (
	"context"
	"embed"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/compare"
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
	e := endpoint{db: p.DB, gate: access.NewGate(p), tax: p.Config.StripeTax, notice: p.Notice, page: reader.New(files, "page.html")}
	return []web.Route{
		{Method: "GET", Path: "/modules/:module", Access: web.Public, Handle: e.show},
		{Method: "GET", Path: "/api/modules/:module", Access: web.Public, Handle: e.tell},
	}
}

type endpoint struct {
	db     *db.Pool
	gate   access.Gate
	tax    bool // comes on top of prices, or is in them
	notice string
	page   *reader.Page
}

// outline is a module as one reader sees it.
type outline struct {
	version.Offer
	standing
	Opened   bool    `json:"-"`
	Pays     *int    `json:"your_price,omitempty"` // in cents
	Why      string  `json:"why,omitempty"`        // that is less than the price
	Tax      bool    `json:"-"`
	SignedIn bool    `json:"-"`
	Contents []entry `json:"contents"`
	Parts    []part  `json:"parts,omitempty"` // of a bundle
	Done     int     `json:"done"`            // lessons that the reader has finished
	Next     *entry  `json:"-"`               // the first one that is not, where the reader may go on
	Retired  bool    `json:"-"`               // a link to a lesson that is gone led here
}

// part is a module that a bundle includes.
type part struct {
	version.Offer
	purchase.Holding
}

// entry is a lesson in the outline.
type entry struct {
	version.Head
	Minutes int  `json:"minutes"`
	Begun   bool `json:"begun"`
	Done    bool `json:"done"`
	Open    bool `json:"open"` // this reader may read it

	Changed *compare.Change `json:"changed,omitempty"` // since the reader read it
}

func (e endpoint) show(w http.ResponseWriter, r *http.Request) error {
	o, err := e.outline(r.Context(), web.Param(r, "module"))
	if err != nil {
		return err
	}
	o.Retired = r.URL.Query().Has("retired")
	return e.page.Show(w, r, http.StatusOK, reader.View{Title: o.Title, Notice: e.notice, Data: o})
}

func (e endpoint) tell(w http.ResponseWriter, r *http.Request) error {
	o, err := e.outline(r.Context(), web.Param(r, "module"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, o)
}

// outline asks seven questions at most, however many lessons there are.
func (e endpoint) outline(ctx context.Context, module string) (*outline, error) {
	catalogue, err := version.Catalogue(ctx, e.db)
	if err != nil {
		return nil, err
	}
	offer, err := version.In(catalogue, module)
	if err != nil {
		return nil, err
	}
	o := &outline{Offer: offer, SignedIn: access.Of(ctx) != nil, Tax: e.tax}
	if o.Opened, err = e.gate.Opens(ctx, module); err != nil {
		return nil, err
	}
	user := access.User(ctx)
	holdings, err := purchase.HoldingsOf(ctx, e.db, user)
	if err != nil {
		return nil, err
	}
	o.compose(catalogue, holdings)
	if o.standing, err = stand(ctx, e.db, user, module, holdings.Of(module, offer.Includes)); err != nil {
		return nil, err
	}
	if err := e.price(ctx, o); err != nil {
		return nil, err
	}
	heads, err := version.Outline(ctx, e.db, offer.ID)
	if err != nil {
		return nil, err
	}
	marks, err := marks(ctx, e.db, user, heads)
	if err != nil {
		return nil, err
	}
	o.list(heads, marks)
	if len(marks) == 0 {
		return o, nil
	}
	return o, o.compare(ctx, e.db)
}

// compare tells which lessons are not what the reader has read.
func (o *outline) compare(ctx context.Context, q db.Querier) error {
	changed, err := compare.Since(ctx, q, access.User(ctx), o.Module, "")
	for i := range changed {
		for j := range o.Contents {
			if o.Contents[j].ID == changed[i].Lesson && o.Contents[j].Open {
				o.Contents[j].Changed = &changed[i]
			}
		}
	}
	return err
}

// price fills in what the reader pays. Nobody has a price of their own for
// what is not made of other modules.
func (e endpoint) price(ctx context.Context, o *outline) error {
	if o.Owned {
		return nil
	}
	pays := o.Price
	if o.SignedIn && len(o.Includes) > 0 {
		p, err := purchase.PriceFor(ctx, e.db, access.User(ctx), o.Module)
		if err != nil {
			return err
		}
		pays, o.Why = p.Amount, p.Why()
	}
	o.Pays = &pays
	return nil
}

// compose fills in the parts of a bundle. To whom all parts are open it is.
func (o *outline) compose(catalogue []version.Offer, holdings purchase.Holdings) {
	for _, key := range o.Includes {
		offer, err := version.In(catalogue, key)
		if err != nil {
			continue // not published yet
		}
		o.Parts = append(o.Parts, part{offer, holdings[key]})
		o.Lessons += offer.Lessons
	}
	o.Opened = o.Opened || holdings.Of(o.Module, o.Includes).Open()
}

func (o *outline) list(heads []version.Head, marks map[string]bool) {
	o.Contents = make([]entry, len(heads))
	for i, h := range heads {
		done, begun := marks[h.ID]
		e := &o.Contents[i]
		*e = entry{Head: h, Minutes: h.Minutes(), Begun: begun, Done: done, Open: o.Opened || h.Preview}
		if done {
			o.Done++
		} else if o.Next == nil && e.Open {
			o.Next = e
		}
	}
}

// marks returns the lessons that a reader has begun, and whether they are
// finished.
func marks(ctx context.Context, q db.Querier, user uuid.UUID, heads []version.Head) (map[string]bool, error) {
	done := map[string]bool{}
	if user == uuid.Nil || len(heads) == 0 {
		return done, nil
	}
	ids := make([]string, len(heads))
	for i, h := range heads {
		ids[i] = h.ID
	}
	rows, err := q.Query(ctx, `
		SELECT lesson_id, completed
		FROM progress
		WHERE user_id = $1 AND lesson_id = ANY($2)`, user, ids)
	if err != nil {
		return nil, fmt.Errorf("marks of user %s: %w", user, err)
	}
	var id string
	var completed bool
	_, err = pgx.ForEachRow(rows, []any{&id, &completed}, func() error {
		done[id] = completed
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("marks of user %s: %w", user, err)
	}
	return done, nil
}
