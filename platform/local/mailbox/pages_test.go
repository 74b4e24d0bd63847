package mailbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/mail"
)

// get answers as the page does where the program's own headers came first.
func get(b *mailbox.Mailbox, path string) *http.Response {
	w := httptest.NewRecorder()
	w.Header().Set("X-Frame-Options", "DENY")
	b.Pages().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Result()
}

func page(t *testing.T, b *mailbox.Mailbox, path string) *goquery.Document {
	t.Helper()
	r := get(b, path)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, r.Status)
	}
	doc, err := goquery.NewDocumentFromReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := doc.Find("script, style, [style], [onload], [onerror], [onclick]").Length(); n != 0 {
		t.Errorf("%s: %d inline scripts or styles", path, n)
	}
	const mark = "Local mailbox: mails sent by this machine's handbook. Nothing leaves this computer."
	if got := doc.Find(".mark").Text(); got != mark {
		t.Errorf("%s is marked %q", path, got)
	}
	if doc.Find(`meta[name=viewport][content^="width=device-width"]`).Length() != 1 {
		t.Errorf("%s has no viewport", path)
	}
	return doc
}

func TestList(t *testing.T) {
	t.Parallel()

	b := open(t, "")
	empty := page(t, b, "/local/mail/")
	if empty.Find(".empty").Length() != 1 || empty.Find("li").Length() != 0 {
		t.Error("an empty mailbox does not say so")
	}
	if empty.Find(`meta[http-equiv=refresh][content="5"]`).Length() != 1 {
		t.Error("the list does not refresh")
	}
	send(t, b, hello())
	send(t, b, mail.Message{ID: "2@x.example", To: "bob@example.com", Text: "x"})

	list := page(t, b, "/local/mail/")
	if got := list.Find(".to").Text(); got != "to bob@example.comto ana@example.com" {
		t.Errorf("recipients %q, want the newest first", got)
	}
	if got := list.Find(".subject").Text(); got != "(no subject)"+hello().Subject {
		t.Errorf("subjects %q", got)
	}
	if got := list.Find("time[datetime]").Length(); got != 2 {
		t.Errorf("%d times", got)
	}
	list.Find("li a").Each(func(_ int, a *goquery.Selection) { page(t, b, a.AttrOr("href", "")) })
}

func TestShow(t *testing.T) {
	t.Parallel()

	b := open(t, "")
	send(t, b, hello())
	id := b.All()[0].ID
	doc := page(t, b, "/local/mail/"+id)
	if got := doc.Find(".text").Text(); got != hello().Text {
		t.Errorf("text %q", got)
	}
	if got := doc.Find(".text a").AttrOr("href", ""); got != "https://handbook.example/in?token=a&b=c" {
		t.Errorf("link %q", got)
	}
	frame := doc.Find("iframe")
	if got := frame.AttrOr("src", ""); got != "/local/mail/"+id+"/html" {
		t.Errorf("frame of %q", got)
	}
	part, err := goquery.NewDocumentFromReader(get(b, frame.AttrOr("src", "")).Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := part.Find("p").Text(); got != "Hello Ana" {
		t.Errorf("HTML part says %q", got)
	}
	if got := part.Find("base").AttrOr("target", ""); got != "_blank" {
		t.Errorf("links of the HTML part go to %q", got)
	}
}

func TestHostileMail(t *testing.T) {
	t.Parallel()

	const script = `<script>parent.document.body.innerHTML=""</script>`
	b := open(t, "")
	send(t, b, mail.Message{
		To:      "ana@example.com",
		Subject: script,
		Text:    script + ` javascript:alert(1) https://x.example/"onclick="alert(1) https://x.example/'><img src=x onerror=alert(1)>`,
		HTML:    `</iframe>` + script + `<form action="https://x.example"><meta http-equiv="refresh" content="0;url=https://x.example">`,
	})
	id := b.All()[0].ID
	page(t, b, "/local/mail/")
	doc := page(t, b, "/local/mail/"+id) // it counts scripts
	if doc.Find("img").Length() != 0 {
		t.Error("an element of the text came alive")
	}
	doc.Find(".text a").Each(func(_ int, a *goquery.Selection) {
		if href := a.AttrOr("href", ""); !strings.HasPrefix(href, "https://x.example/") {
			t.Errorf("link to %q", href)
		}
	})
	for _, tc := range []struct{ name, path, header, want string }{
		{"page", "/local/mail/" + id, "Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{"list", "/local/mail/", "Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{
			"mail", "/local/mail/" + id + "/html", "Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; " +
				"style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
		},
		{"mail", "/local/mail/" + id + "/html", "X-Frame-Options", "SAMEORIGIN"},
		{"mail", "/local/mail/" + id + "/html", "X-Content-Type-Options", "nosniff"},
		{"mail", "/local/mail/" + id + "/html", "Referrer-Policy", "no-referrer"},
		{"page", "/local/mail/" + id, "X-Frame-Options", "DENY"},
		{"page", "/local/mail/" + id, "Cache-Control", "no-store"},
	} {
		if got := get(b, tc.path).Header.Get(tc.header); got != tc.want {
			t.Errorf("%s, %s: got %q, want %q", tc.name, tc.header, got, tc.want)
		}
	}
	if got := doc.Find("iframe").AttrOr("sandbox", "missing"); got != "allow-popups allow-popups-to-escape-sandbox" {
		t.Errorf("sandbox %q", got)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()

	b := open(t, "")
	send(t, b, mail.Message{To: "ana@example.com", Text: "x"})
	for _, tc := range []struct {
		name, path string
		status     int
		kind       string
	}{
		{"style", "/local/mail/mailbox.css", http.StatusOK, "text/css; charset=utf-8"},
		{"list", "/local/mail/", http.StatusOK, "text/html; charset=utf-8"},
		{"no slash", "/local/mail", http.StatusSeeOther, "text/html; charset=utf-8"},
		{"no such mail", "/local/mail/nope", http.StatusNotFound, "text/plain; charset=utf-8"},
		{"way out", "/local/mail/..%2f..%2fetc", http.StatusNotFound, "text/plain; charset=utf-8"},
		{"no HTML part", "/local/mail/" + b.All()[0].ID + "/html", http.StatusNotFound, "text/plain; charset=utf-8"},
		{"other place", "/local/pay", http.StatusNotFound, "text/plain; charset=utf-8"},
	} {
		r := get(b, tc.path)
		if r.StatusCode != tc.status || r.Header.Get("Content-Type") != tc.kind {
			t.Errorf("%s: %d %s, want %d %s", tc.name, r.StatusCode, r.Header.Get("Content-Type"), tc.status, tc.kind)
		}
	}
}
