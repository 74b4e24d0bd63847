package reader

import (
	"net/http"
	"net/url"

	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

var faultPage = New(templates, "templates/fault.html")

// faultView is what the page of a fault shows.
type faultView struct {
	Kind   fault.Kind
	Status int
	Text   string
	ID     string // of the request, when the fault is ours
	Path   string // where to go on after signing in
	Form   string // where the form is that was sent, "" for none
}

var headlines = map[fault.Kind]string{
	fault.SignedOut:   "Please sign in",
	fault.Unpaid:      "This is part of the paid handbook",
	fault.Forbidden:   "Not allowed",
	fault.NotFound:    "Not found",
	fault.TooMany:     "Too many tries",
	fault.Unavailable: "Back in a moment",
	fault.Internal:    "That is our fault",
}

func init() { web.FaultPage = showFault }

// showFault answers with the page of a fault.
func showFault(w http.ResponseWriter, r *http.Request, f *fault.Error, notice string) error {
	v := faultView{Kind: f.Kind, Status: web.Status(f.Kind), Text: f.Text, Path: back(r)}
	if f.Kind == fault.Internal {
		v.ID = web.RequestID(r.Context())
	}
	if r.Method == http.MethodPost && f.Kind != fault.SignedOut && v.Path != "/" {
		v.Form = v.Path
	}
	title := headlines[f.Kind]
	if title == "" {
		title = "That did not work"
	}
	return faultPage.Show(w, r, v.Status, View{Title: title, Notice: notice, Data: v})
}

// back returns where somebody who signs in goes on: the page that was asked
// for, or the one that a form was sent from, as a form cannot be sent again.
func back(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return web.LocalPath(r.URL.RequestURI())
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/"
	}
	return web.LocalPath(from.RequestURI())
}
