// Package reader is what the browser gets on every page: layout, styles and
// scripts, embedded. Pages of a function are parsed with its layout, and
// built whole before the first byte is sent.
package reader

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"sync"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/web"
)

//go:embed templates
var templates embed.FS

// Page is a page of a function: its template in the layout. The template
// defines "main", and may define "head".
type Page struct{ t func() *template.Template }

// View is what the layout shows around a page.
type View struct {
	Title  string
	Notice string         // the strip that tells of a local start
	Reader *access.Reader // nil when signed out, or on a page whose bytes are everybody's
	Same   bool           // the bytes are everybody's: a script fills in the name
	Data   any            // what the page's own template shows, as .Data
}

// New returns the page whose template is in file. It is parsed with the layout
// when it is first shown: most processes show few of them, and each takes
// memory.
func New(files fs.FS, file string) *Page {
	return &Page{sync.OnceValue(func() *template.Template {
		layout := template.New("layout").Funcs(template.FuncMap{"asset": Asset, "money": Money})
		layout = template.Must(layout.ParseFS(templates, "templates/layout.html", "templates/parts.html"))
		return template.Must(layout.ParseFS(files, file))
	})}
}

// Build returns the page's bytes.
func (p *Page) Build(v View) ([]byte, error) {
	var b bytes.Buffer
	if err := p.t().ExecuteTemplate(&b, "layout", v); err != nil {
		return nil, fmt.Errorf("page %q: %w", v.Title, err)
	}
	return b.Bytes(), nil
}

// Show answers with the page, for the reader of r alone.
func (p *Page) Show(w http.ResponseWriter, r *http.Request, status int, v View) error {
	if !v.Same {
		v.Reader = access.Of(r.Context())
	}
	b, err := p.Build(v)
	if err != nil {
		return err
	}
	return web.Bytes(w, status, "text/html; charset=utf-8", b)
}

// Money writes an amount in cents as a price, such as "$79.00", "79.00 EUR" or
// "−$79.00".
func Money(cents int, currency string) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	amount := fmt.Sprintf("%d.%02d", cents/100, cents%100)
	if currency == "usd" {
		return sign + "$" + amount
	}
	return sign + amount + " " + string(bytes.ToUpper([]byte(currency)))
}
