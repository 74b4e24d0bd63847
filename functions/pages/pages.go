// Package pages shows what a reader may want to know of the seller: terms,
// privacy, refunds, contact. They say what this program does and what its
// configuration says of who runs it, and need no database.
//
//	GET /terms     the terms of sale, of the version that checkouts record
//	GET /privacy   what is kept about readers, why, and for how long
//	GET /refunds   how to get money back
//	GET /contact   where to write to
package pages

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

//go:embed *.html
var files embed.FS

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{facts: factsOf(p.Config), notice: p.Notice}
	var routes []web.Route
	for _, one := range []struct{ path, title string }{
		{"terms", "Terms of sale"}, {"privacy", "Privacy"}, {"refunds", "Refunds"}, {"contact", "Contact"},
	} {
		page := reader.New(files, one.path+".html")
		routes = append(routes, web.Route{Method: "GET", Path: "/" + one.path, Access: web.Public, Handle: e.show(page, one.title)})
	}
	return routes
}

type endpoint struct {
	facts  facts
	notice string
}

// facts is what the pages say of whoever runs this handbook.
type facts struct {
	Site         string
	Seller       []string // name and address, by line
	Contact      string   // an address to write to, "" where none is known
	Law          string
	Tax          bool
	Version, Day string // of the terms
	Sentry       bool   // errors are reported to Sentry
}

func factsOf(c *config.Config) facts {
	f := facts{
		Site: c.AuthURL, Contact: c.Contact(), Law: c.GoverningLaw, Tax: c.StripeTax,
		Version: purchase.Terms, Day: purchase.Terms, Sentry: c.SentryDSN != "",
	}
	for line := range strings.SplitSeq(c.Seller, ",") {
		if line = strings.TrimSpace(line); line != "" {
			f.Seller = append(f.Seller, line)
		}
	}
	if day, err := time.Parse(time.DateOnly, purchase.Terms); err == nil {
		f.Day = day.Format("2 January 2006")
	}
	return f
}

// Name is who sells, for a sentence.
func (f facts) Name() string {
	if len(f.Seller) == 0 {
		return "the operator of " + f.Site
	}
	return f.Seller[0]
}

func (e endpoint) show(page *reader.Page, title string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return page.Show(w, r, http.StatusOK, reader.View{Title: title, Notice: e.notice, Data: e.facts})
	}
}
