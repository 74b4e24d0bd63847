package web

import (
	"net/http"

	"pilothandbook/platform/fault"
)

// Mistake is what is wrong with a form, for the page that shows it again with
// what was typed. A page's view embeds it.
type Mistake struct {
	Field string // that is wrong, "" if it is none of them alone
	Text  string // "" if nothing is wrong
}

// Refuse notes why a form was refused, if it was, and returns the status of the
// page. What typing something else would not mend, and whoever wants no page,
// gets the error itself.
func (m *Mistake) Refuse(r *http.Request, refused error) (status int, err error) {
	if refused == nil {
		return http.StatusOK, nil
	}
	why := fault.Of(refused)
	switch why.Kind {
	case fault.Invalid, fault.Conflict, fault.TooMany:
	default:
		return 0, refused
	}
	if !WantsPage(r) {
		return 0, refused
	}
	m.Field, m.Text = why.Field, why.Text
	return Status(why.Kind), nil
}
