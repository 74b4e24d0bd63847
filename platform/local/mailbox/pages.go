package mailbox

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The pages have neither script nor inline style. The HTML of a mail may style
// itself, but runs nothing, loads nothing, sends nothing, and is of no origin;
// its links open in a window of their own, as the frame can show only a mail.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

//go:embed list.html mail.html mailbox.css
var files embed.FS

var (
	pages  = template.Must(template.New("").Funcs(template.FuncMap{"decoded": decoded, "linked": linked}).ParseFS(files, "*.html"))
	webURL = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// Pages shows the mails under /local/mail/. It looks at the whole path, so
// mount it without stripping that.
func (b *Mailbox) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /local/mail", http.RedirectHandler("/local/mail/", http.StatusSeeOther))
	mux.HandleFunc("GET /local/mail/{$}", b.list)
	mux.HandleFunc("GET /local/mail/mailbox.css", style)
	mux.HandleFunc("GET /local/mail/{id}", b.show)
	mux.HandleFunc("GET /local/mail/{id}/html", b.html)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // addresses of mails are nobody's business
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func (b *Mailbox) list(w http.ResponseWriter, _ *http.Request) {
	mails := b.All()
	slices.Reverse(mails)
	page(w, "list.html", mails)
}

func (b *Mailbox) show(w http.ResponseWriter, r *http.Request) {
	m, ok := b.find(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	page(w, "mail.html", m)
}

// html answers with the mail's own HTML, untouched but for the element before
// it that sends its links to a new window.
func (b *Mailbox) html(w http.ResponseWriter, r *http.Request) {
	m, ok := b.find(r.PathValue("id"))
	if !ok || m.HTML == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><base target="_blank">`+m.HTML)
}

func style(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "mailbox.css")
}

func page(w http.ResponseWriter, name string, data any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		http.Error(w, "This page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w)
}

// piece is a stretch of text, or a link if it has an address.
type piece struct{ Text, URL string }

// linked cuts text at its web addresses. Punctuation behind one belongs to the
// sentence.
func linked(text string) []piece {
	var pieces []piece
	end := 0
	for _, at := range webURL.FindAllStringIndex(text, -1) {
		address := strings.TrimRight(text[at[0]:at[1]], `.,;:!?)]}'`)
		pieces = append(pieces, piece{Text: text[end:at[0]]}, piece{Text: address, URL: address})
		end = at[0] + len(address)
	}
	return append(pieces, piece{Text: text[end:]})
}
