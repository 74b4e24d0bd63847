package account

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// maxName bounds a name, in characters.
const maxName = 100

func (e endpoint) rename(w http.ResponseWriter, r *http.Request) error {
	if err := web.Form(w, r); err != nil {
		return err
	}
	typed := r.PostFormValue("name")
	name := strings.Join(strings.Fields(typed), " ")
	if utf8.RuneCountInString(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return e.answer(w, r, func(s *settings) { s.Name = typed }, fault.In("name", "Please give a name of %d characters at most, or none.", maxName))
	}
	user := access.User(r.Context())
	if err := e.keepName(r.Context(), user, name); err != nil {
		return err
	}
	e.gate.Forget(r.Context(), user)
	return web.SeeOther(w, r, home+"?saved=name")
}

func (e endpoint) keepName(ctx context.Context, user uuid.UUID, name string) error {
	_, err := e.db.Exec(ctx, `UPDATE users SET name = nullif($2, '') WHERE id = $1`, user, name)
	if err != nil {
		return fmt.Errorf("name of %s: %w", user, err)
	}
	return nil
}
