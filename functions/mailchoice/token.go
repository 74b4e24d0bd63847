package mailchoice

import (
	"net/http"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// stopping is the page of one list, for whoever has the link from a mail.
type stopping struct {
	Token   string
	Name    string // of the list
	Wanted  bool
	Changed bool // by this request
}

func (e endpoint) ask(w http.ResponseWriter, r *http.Request) error {
	token := web.Param(r, "token")
	user, l, err := account.ReadUnsubscribeToken(e.secret.Reveal(), token)
	if err != nil {
		return err
	}
	wanted, err := account.Wants(r.Context(), e.db, user, l)
	if err != nil {
		return err
	}
	return e.answer(w, r, stopping{Token: token, Name: named(l), Wanted: wanted})
}

// change ends a list's mails, whatever the form says but "again": a mail
// provider may send it in either encoding of forms. It answers without leading
// elsewhere, which providers do not follow.
func (e endpoint) change(w http.ResponseWriter, r *http.Request) error {
	token := web.Param(r, "token")
	user, l, err := account.ReadUnsubscribeToken(e.secret.Reveal(), token)
	if err != nil {
		return err
	}
	if err := web.Form(w, r); err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	again := r.PostForm.Has("again")
	if err := account.Choose(r.Context(), e.db, user, l, again); err != nil {
		return err
	}
	if !web.WantsPage(r) {
		return web.JSON(w, http.StatusOK, map[string]any{"list": l, "wanted": again})
	}
	return e.answer(w, r, stopping{Token: token, Name: named(l), Wanted: again, Changed: true})
}

func (e endpoint) answer(w http.ResponseWriter, r *http.Request, s stopping) error {
	title := "No more of these mails?"
	switch {
	case s.Changed && s.Wanted:
		title = "You get these mails again"
	case !s.Wanted:
		title = "You get none of these mails"
	}
	return e.stop.Show(w, r, http.StatusOK, reader.View{Title: title, Notice: e.notice, Data: s})
}

// named returns a list's name.
func named(l account.List) string {
	for _, one := range lists() {
		if one.Key == l {
			return one.Name
		}
	}
	return string(l)
}
