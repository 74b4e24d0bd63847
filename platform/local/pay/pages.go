package pay

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed pages/*.html pages/style.css
var files embed.FS

func parseTemplates() (*template.Template, error) {
	t, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pay: page templates: %w", err)
	}
	return t, nil
}

// Pages returns the pages for the buyer, and a list for the developer. It takes
// paths with or without the path of PublicURL in front, so that a host may
// mount it under /local/pay/ as it is or behind http.StripPrefix.
//
//	GET  /                  sessions, payments, events and their delivery
//	GET  /:session          the checkout page
//	POST /:session/:deed    does a [Deed]; the buyer's lead to success_url
//	POST /:session/code     takes a promotion code
//	POST /:session/cancel   goes to cancel_url; the session stays open
//	GET  /receipt/:charge   the receipt
//	GET  /invoice/:invoice  the invoice
//
// It sets its own Content-Security-Policy. Whoever puts another over it must
// allow forms to lead to the success_url and cancel_url of the session.
func (s *Stripe) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showList)
	mux.HandleFunc("GET /style.css", showStyle)
	mux.HandleFunc("GET /{session}", s.showCheckout)
	mux.HandleFunc("GET /receipt/{id}", s.showReceipt)
	mux.HandleFunc("GET /invoice/{id}", s.showInvoice)
	for _, d := range deeds() {
		mux.HandleFunc("POST /{session}/"+string(d), s.perform(d))
	}
	mux.HandleFunc("POST /{session}/code", s.enterCode)
	mux.HandleFunc("POST /{session}/cancel", s.cancelCheckout)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.showFault(w, noSuch("page", r.URL.Path, ""))
	})
	return s.unprefixed(http.NewCrossOriginProtection().Handler(secured(mux)))
}

// unprefixed takes the path of PublicURL off, if it is there.
func (s *Stripe) unprefixed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := s.basePath()
		switch {
		case base != "" && r.URL.Path == base:
			http.Redirect(w, r, base+"/", http.StatusPermanentRedirect)
		case base != "" && strings.HasPrefix(r.URL.Path, base+"/"):
			http.StripPrefix(base, next).ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// basePath is where the browser finds the pages on their host, without a slash
// at the end.
func (s *Stripe) basePath() string {
	u, err := url.Parse(s.o.PublicURL())
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy())
		h.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: that makes browsers send "Origin: null" with forms.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// policy allows forms to lead to targets besides this origin: browsers apply
// form-action to the redirect that answers a form, too.
func policy(targets ...string) string {
	forms := "'self'"
	for _, target := range targets {
		if u, err := url.Parse(target); err == nil && u.Host != "" {
			forms += " " + u.Scheme + "://" + u.Host
		}
	}
	return "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " + forms
}

func showStyle(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "pages/style.css")
}

func (s *Stripe) showList(w http.ResponseWriter, _ *http.Request) {
	var v listView
	if err := s.do(func(b *book) error { v = b.listView(); return nil }); err != nil {
		s.showFault(w, refusal(err))
		return
	}
	v.Base = s.basePath()
	s.show(w, http.StatusOK, "list.html", v)
}

func (s *Stripe) showCheckout(w http.ResponseWriter, r *http.Request) {
	var v checkoutView
	err := s.do(func(b *book) error {
		found, err := b.Sessions.find(r.PathValue("session"), "")
		if err == nil {
			v = b.viewCheckout(found)
		}
		return err
	})
	if err != nil {
		s.showFault(w, refusal(err))
		return
	}
	v.Base = s.basePath()
	w.Header().Set("Content-Security-Policy", policy(v.SuccessURL, v.CancelURL))
	s.show(w, http.StatusOK, "checkout.html", v)
}

// perform does what a button is for. The buyer goes on to the seller; whoever
// pressed one on the list stays there.
func (s *Stripe) perform(d Deed) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		base := s.basePath()
		with := detail{email: strings.TrimSpace(r.PostFormValue("email")), reason: r.PostFormValue("reason")}
		s.act(w, r, func(b *book, id string) (string, error) {
			found, err := b.Sessions.find(id, "")
			if err == nil {
				err = b.perform(found, d, with)
			}
			switch {
			case err != nil:
				return "", err
			case d.byBuyer():
				return found.returnURL(), nil
			}
			return base + "/", nil
		})
	}
}

func (s *Stripe) enterCode(w http.ResponseWriter, r *http.Request) {
	base, code := s.basePath(), strings.TrimSpace(r.PostFormValue("code"))
	s.act(w, r, func(b *book, id string) (string, error) {
		return base + "/" + id, b.applyCode(id, code)
	})
}

func (s *Stripe) cancelCheckout(w http.ResponseWriter, r *http.Request) {
	base := s.basePath()
	s.act(w, r, func(b *book, id string) (string, error) {
		left, err := b.Sessions.find(id, "")
		switch {
		case err != nil:
			return "", err
		case left.CancelURL == "":
			return base + "/" + id, nil
		}
		return left.CancelURL, nil
	})
}

func (s *Stripe) showReceipt(w http.ResponseWriter, r *http.Request) {
	s.showPaper(w, func(b *book) (paperView, error) {
		c, err := b.charges.find(r.PathValue("id"), "")
		if err != nil {
			return paperView{}, err
		}
		return b.receipt(c.p), nil
	})
}

func (s *Stripe) showInvoice(w http.ResponseWriter, r *http.Request) {
	s.showPaper(w, func(b *book) (paperView, error) {
		i, err := b.Invoices.find(r.PathValue("id"), "")
		if err != nil {
			return paperView{}, err
		}
		return b.viewInvoice(i), nil
	})
}

func (s *Stripe) showPaper(w http.ResponseWriter, read func(*book) (paperView, error)) {
	var v paperView
	err := s.do(func(b *book) (err error) {
		v, err = read(b)
		return err
	})
	if err != nil {
		s.showFault(w, refusal(err))
		return
	}
	v.Base = s.basePath()
	s.show(w, http.StatusOK, "paper.html", v)
}

// act does what a form asks for and goes where do says.
func (s *Stripe) act(w http.ResponseWriter, r *http.Request, do func(b *book, session string) (string, error)) {
	var target string
	err := s.do(func(b *book) (err error) {
		target, err = do(b, r.PathValue("session"))
		return err
	})
	if err != nil {
		s.showFault(w, refusal(err))
		return
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

func (s *Stripe) showFault(w http.ResponseWriter, e *apiError) {
	s.show(w, e.status, "fault.html", struct{ Base, Title, Message string }{
		s.basePath(), http.StatusText(e.status), e.Message,
	})
}

func (s *Stripe) show(w http.ResponseWriter, status int, name string, view any) {
	var page bytes.Buffer
	if err := s.templates.ExecuteTemplate(&page, name, view); err != nil {
		s.o.Log.Error("local Stripe: page", "page", name, "err", err)
		http.Error(w, "The page could not be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	page.WriteTo(w) //nolint:errcheck // the reader has gone
}

func clock(at int64) string {
	return time.Unix(at, 0).UTC().Format("2006-01-02 15:04:05 UTC")
}
