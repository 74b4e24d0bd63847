package functions_test

import (
	"net/http"
	"net/url"
	"testing"

	"pilothandbook/platform/platformtest"
)

// TestOffSite gives every place that is told where to go next the addresses of
// other sites. A new place needs a line here.
func TestOffSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	places := map[string]func(next string) platformtest.Answer{
		"signed in already": func(next string) platformtest.Answer {
			return w.send(t, w.request(t, owner, http.MethodGet, "/signin?next="+url.QueryEscape(next), form("")))
		},
		"a sign-in that was asked for": func(next string) platformtest.Answer {
			w.exec(t, `UPDATE sign_in_requests SET next = $1`, storable(next))
			return w.send(t, w.request(t, owner, http.MethodGet, "/signin/"+w.ids[":request"], form("")))
		},
		"a fresh sign-in": func(next string) platformtest.Answer {
			return w.send(t, w.request(t, owner, http.MethodGet, "/account/confirm?next="+url.QueryEscape(next), form("")))
		},
		"after a lesson": func(next string) platformtest.Answer {
			return w.send(t, w.request(t, owner, http.MethodPost, "/modules/instrument/lessons/vor-and-hsi/finish", form("next="+url.QueryEscape(next))))
		},
		"a slash too much": func(next string) platformtest.Answer {
			r := w.request(t, owner, http.MethodGet, "/", form(""))
			r.URL.Path = "/" + next + "/"
			return w.send(t, r)
		},
	}
	for place, ask := range places {
		for _, next := range platformtest.OffSite() {
			got := ask(next)
			to := got.Header.Get("Location")
			if to == "" && place == "a slash too much" {
				continue // no such page
			}
			if got.Status != http.StatusSeeOther && got.Status != http.StatusMovedPermanently || platformtest.Leaves(to) {
				t.Errorf("%s, %q: %d to %q", place, next, got.Status, to)
			}
		}
	}
}

// storable is an address as PostgreSQL can hold it.
func storable(next string) string {
	var out []rune
	for _, r := range next {
		if r != 0 {
			out = append(out, r)
		}
	}
	return string(out)
}
