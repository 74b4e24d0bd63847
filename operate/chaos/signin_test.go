//go:build chaos && linux

package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"time"
)

// arrive signs a reader in who has no session yet, as anybody does: by the code
// or the link of a mail. Who loses the answer that has the session asks again.
func (r *reader) arrive(ctx context.Context) error {
	if r.cookie != "" {
		return nil
	}
	var err error
	for range 3 {
		if err = r.signIn(ctx); err == nil {
			return r.learnID(ctx)
		}
	}
	return fmt.Errorf("sign in as %s: %w", r.email, err)
}

// signIn asks for a code once, and enters what the newest mail says until it
// counts. A worker that was killed may mail a second code, which replaces the
// first.
func (r *reader) signIn(ctx context.Context) error {
	a, err := r.ask(ctx, http.MethodPost, "/signin", form, url.Values{"email": {r.email}}.Encode())
	if err != nil {
		return err
	}
	if a.status != http.StatusSeeOther {
		return fmt.Errorf("ask for a code: %d %.300s", a.status, a.body)
	}
	request := path.Base(a.location)
	proof := regexp.MustCompile(`(?s)^(\d{6}) is your sign-in code.*/signin/` + regexp.QuoteMeta(request) + `\?link=(\S+)`)
	byLink, tried := r.rng.IntN(2) == 0, ""
	signed := until(ctx, patience, func() bool {
		l, _ := r.mails.lastTo(r.email, request)
		found := proof.FindStringSubmatch(l.text)
		if found == nil || found[1] == tried {
			return false
		}
		tried = found[1]
		enter := url.Values{"code": {found[1]}}
		if byLink {
			enter = url.Values{"link": {found[2]}}
		}
		a, err = r.ask(ctx, http.MethodPost, "/signin/"+request, form, enter.Encode())
		return err == nil && r.cookie != ""
	})
	if !signed {
		return fmt.Errorf("the code %q of request %s, by link: %v: %d %.300s, %v", tried, request, byLink, a.status, a.body, err)
	}
	r.load.mu.Lock()
	defer r.load.mu.Unlock()
	r.load.arrived++
	return nil
}

// learnID finds out under which id an account was made.
func (r *reader) learnID(ctx context.Context) error {
	var err error
	known := until(ctx, patience, func() bool {
		ask, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		err = r.db.QueryRow(ask, `SELECT id::text FROM users WHERE email = $1`, r.email).Scan(&r.id)
		return err == nil
	})
	if !known {
		return fmt.Errorf("the account of %s, who is signed in: %w", r.email, err)
	}
	return nil
}
