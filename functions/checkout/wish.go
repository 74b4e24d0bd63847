package checkout

import (
	"mime"
	"net/http"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// wish is what somebody wants to buy.
type wish struct {
	module string

	Consent bool `json:"consent"` // to the terms, and to access at once
	Gift    bool `json:"gift"`    // a code to give away
}

// read takes a wish as a form or as JSON.
func read(w http.ResponseWriter, r *http.Request) (in wish, err error) {
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t == "application/json" {
		in, err = web.Decode[wish](w, r)
	} else if err = web.Form(w, r); err == nil {
		in = wish{Consent: r.PostFormValue("consent") != "", Gift: r.PostFormValue("gift") != ""}
	}
	in.module = web.Param(r, "module")
	return in, err
}

// pays returns whose price it is: a gift costs what it costs everybody.
func (in wish) pays(who uuid.UUID) uuid.UUID {
	if in.Gift {
		return uuid.Nil
	}
	return who
}

// asking is what the page shows that asks for agreement.
type asking struct {
	purchase.Price
	Module string
	Gift   bool
	Tax    bool
	Text   string
}

// disagree answers who has not agreed to the terms: with the form once more,
// in which the rest is as it was.
func (e endpoint) disagree(w http.ResponseWriter, r *http.Request, in wish) error {
	price, err := offered(r.Context(), e.db, in.pays(access.User(r.Context())), in.module)
	if err != nil {
		return err
	}
	refusal := fault.In("consent", "Please agree to the terms and to access at once: without that we cannot sell it to you. Nothing was charged.")
	if !web.WantsPage(r) {
		return refusal
	}
	return e.page.Show(w, r, web.Status(refusal.Kind), reader.View{
		Title: "One thing is missing", Notice: e.notice, Data: asking{price, in.module, in.Gift, e.tax, refusal.Text},
	})
}
