package signin

import (
	"net/http"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// entering is the page that takes a code or link.
type entering struct {
	Request   uuid.UUID
	Next      string
	Email     string // known to the browser that asked alone
	Link      string // offered to the browser that asked alone
	Elsewhere bool   // the link was followed in another browser
	Over      bool   // the request can sign nobody in any more
	Typed     string // the code that was refused
	Field     string
	Text      string // why it did not work
}

func (e endpoint) enter(w http.ResponseWriter, r *http.Request) error {
	return e.show(w, r, nil)
}

// show answers with the state of a sign-in, and with the words of why the
// reader was refused, if so. Who signed in as that address a moment ago just
// goes on: it is a second click on the same link or button. Whoever did so
// longer ago asked in order to confirm that it is them.
func (e endpoint) show(w http.ResponseWriter, r *http.Request, refused error) error {
	private(w)
	if refused != nil && !web.WantsPage(r) {
		return refused
	}
	q, err := account.FindRequest(r.Context(), e.db, requestID(r), false)
	if fault.Is(err, fault.NotFound) {
		return e.answer(w, r, entering{Next: "/", Over: true}, err)
	}
	if err != nil {
		return err
	}
	if who := access.Of(r.Context()); who != nil && who.Email == q.Email {
		recent, err := confirm.Recent(r.Context(), e.db)
		if err != nil {
			return err
		}
		if recent || refused == nil && q.Over() != nil {
			return web.SeeOther(w, r, web.LocalPath(q.Next))
		}
	}
	in := entering{Request: q.ID, Next: web.LocalPath(q.Next), Typed: r.PostFormValue("code")}
	link := r.URL.Query().Get("link")
	if q.Mine(web.CookieValue(r, e.secure, asked)) {
		in.Email, in.Link = q.Email, link
	} else {
		in.Elsewhere = link != ""
	}
	if over := q.Over(); over != nil {
		in.Over, refused = true, over
	}
	return e.answer(w, r, in, refused)
}

func (e endpoint) answer(w http.ResponseWriter, r *http.Request, in entering, refused error) error {
	status, title := http.StatusOK, "Check your mail"
	if refused != nil {
		f := fault.Of(refused)
		in.Field, in.Text, status = f.Field, f.Text, web.Status(f.Kind)
	}
	if in.Over {
		title = "Sign in again"
	}
	return e.enterPage.Show(w, r, status, reader.View{Title: title, Notice: e.notice, Data: in})
}

// requestID returns the request of the path; one that cannot be read is as
// unknown as the zero one.
func requestID(r *http.Request) uuid.UUID {
	id, err := uuid.Parse(web.Param(r, "request"))
	if err != nil {
		return uuid.Nil
	}
	return id
}
