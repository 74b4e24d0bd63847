package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/signin"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// browser keeps cookies, as a browser does.
type browser struct {
	p       *platform.Platform
	agent   string
	cookies map[string]string
}

func newBrowser(p *platform.Platform) *browser {
	return &browser{p: p, cookies: map[string]string{}}
}

func (b *browser) get(t *testing.T, path string) platformtest.Answer {
	t.Helper()
	return b.send(t, platformtest.Request(t, nil, http.MethodGet, path, nil))
}

func (b *browser) post(t *testing.T, path string, pairs ...string) platformtest.Answer {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return b.send(t, platformtest.Form(t, nil, path, values.Encode()))
}

func (b *browser) send(t *testing.T, r *http.Request) platformtest.Answer {
	t.Helper()
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", b.agent)
	if r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a := platformtest.Send(t, b.p, signin.Routes(b.p), r)
	for _, c := range set(a) {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return a
}

func set(a platformtest.Answer) []*http.Cookie {
	return (&http.Response{Header: a.Header}).Cookies()
}

// ask asks for a code and returns the page of the request, with the code and
// link that are mailed.
func (b *browser) ask(t *testing.T, email, next string) (path string, code account.Code) {
	t.Helper()
	a := b.post(t, "/signin", "email", email, "next", next)
	path = a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(path, "/signin/") {
		t.Fatalf("ask: %d to %q: %s", a.Status, path, a.Body)
	}
	code, err := account.MakeCode(t.Context(), b.p.DB, b.p.Config.AuthSecret.Reveal(), uuid.MustParse(strings.TrimPrefix(path, "/signin/")))
	if err != nil || code.Digits == "" {
		t.Fatalf("code %+v, %v", code, err)
	}
	return path, code
}

func page(t *testing.T, a platformtest.Answer) *goquery.Selection {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("main [style], main script").Length() != 0 {
		t.Error("the page has inline style or script")
	}
	return doc.Find("main")
}

func has(t *testing.T, a platformtest.Answer, status int, words string) {
	t.Helper()
	text := strings.Join(strings.Fields(page(t, a).Text()), " ")
	if a.Status != status || !strings.Contains(text, words) {
		t.Errorf("got %d and %q, want %d and %q", a.Status, text, status, words)
	}
}

func count(t *testing.T, p *platform.Platform, table string) (n int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}
