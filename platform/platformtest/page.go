package platformtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"pilothandbook/platform"
	"pilothandbook/platform/web"
)

// Page asks for a page of routes and parses the answer.
func Page(t testing.TB, p *platform.Platform, routes []web.Route, who *User, path string) (Answer, *goquery.Document) {
	t.Helper()
	r := Request(t, who, http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	got := Send(t, p, routes, r)
	return got, Parse(t, got.Body)
}

// Parse parses a page.
func Parse(t testing.TB, body string) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Gist returns what a page says and where it leads, one element a line, for a
// golden file.
func Gist(doc *goquery.Document) string {
	var b strings.Builder
	doc.Find("main").Find("h1, h2, h3, p, li, a, form, input, textarea, button, img, summary").Each(func(_ int, s *goquery.Selection) {
		name := goquery.NodeName(s)
		fmt.Fprint(&b, strings.Repeat("  ", s.ParentsUntil("main").Length()), name)
		for _, a := range []string{"id", "href", "action", "method", "name", "value", "src", "aria-invalid", "data-lesson-mark"} {
			if v, ok := s.Attr(a); ok && v != "" {
				fmt.Fprintf(&b, " %s=%s", a, v)
			}
		}
		if name != "li" || s.Children().Length() == 0 {
			if text := strings.Join(strings.Fields(s.Text()), " "); text != "" {
				fmt.Fprintf(&b, " %q", text)
			}
		}
		b.WriteByte('\n')
	})
	return b.String()
}

// Links returns where a page leads on this site, without fragments: what it
// loads and links to as GET, where its forms go by their method.
func Links(doc *goquery.Document) []string {
	var links []string
	add := func(method, to string) {
		to, _, _ = strings.Cut(to, "#")
		if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
			links = append(links, method+" "+to)
		}
	}
	for selector, attr := range map[string]string{"a[href], link[href]": "href", "img[src], script[src]": "src"} {
		doc.Find(selector).Each(func(_ int, s *goquery.Selection) { add(http.MethodGet, s.AttrOr(attr, "")) })
	}
	doc.Find("form").Each(func(_ int, s *goquery.Selection) {
		add(strings.ToUpper(s.AttrOr("method", http.MethodGet)), s.AttrOr("action", ""))
	})
	slices.Sort(links)
	return slices.Compact(links)
}
