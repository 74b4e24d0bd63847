// Package confirm asks for a fresh sign-in before what must not be done by
// whoever finds a browser open: money, deletion, roles and grants.
package confirm

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// within is how long a sign-in counts as fresh.
const within = 15 * time.Minute

// Path is the page that asks for a fresh sign-in.
const Path = "/account/confirm"

// Page returns the address of the page that asks, and then leads to next.
func Page(next string) string { return Path + "?next=" + url.QueryEscape(web.LocalPath(next)) }

// Recent reports whether the reader of ctx signed in a moment ago. A page
// asks it so that nobody fills in a form in vain.
func Recent(ctx context.Context, q db.Querier) (bool, error) {
	who := access.Of(ctx)
	if who == nil {
		return false, nil
	}
	var recent bool
	err := q.QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM sessions
			WHERE id = $1 AND verified_at > now() - $2::interval)`, who.Session, within).Scan(&recent)
	if err != nil {
		return false, fmt.Errorf("is session %s fresh: %w", who.Session, err)
	}
	return recent, nil
}

// First lets only those through to handle who signed in a moment ago. Others
// are led to the page that asks for it, and from there back to the page their
// form stood on, or else to the page home.
func First(q db.Querier, home string, handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		recent, err := Recent(r.Context(), q)
		switch {
		case err != nil:
			return err
		case recent:
			return handle(w, r)
		case !web.WantsPage(r):
			return fault.New(fault.SignedOut, "Please sign in again first: this needs a sign-in of the last 15 minutes.")
		}
		return web.SeeOther(w, r, Page(origin(r, home)))
	}
}

// origin returns the page that a form was sent from.
func origin(r *http.Request, home string) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host == "" || from.Host != r.Host {
		return home
	}
	return web.LocalPath(from.RequestURI())
}
