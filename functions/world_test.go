package functions_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
	"pilothandbook/router"
)

// The roles in which every route is called. What ids lead to is owner's, or
// where only authors have such a thing, author's. Its callers come last, as
// they may use up what the others must not touch.
const (
	anonymous = "anonymous"
	other     = "other"    // somebody else who is signed in
	refunded  = "refunded" // had the module, and got the money back
	operator  = "operator"
	token     = "token" // of the author
	author    = "author"
	owner     = "owner"
)

func roles() []string {
	return []string{anonymous, other, refunded, operator, token, author, owner}
}

// world is a handbook in which owner and author have one of everything that an
// id leads to.
type world struct {
	p      *platform.Platform
	till   *platformtest.Till
	h      http.Handler
	routes []web.Route
	people map[string]*platformtest.User
	token  string
	ids    map[string]string // what parameters stand for
}

const (
	ownersEmail = "anna.the.owner@example.com"
	aBlob       = "a file of a module"
	aRun        = "0197a3c2-1111-7000-8000-000000000001" // names no row
)

// sum is the SHA-256 of a text in hexadecimal digits.
func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// newWorld returns a world of the test's own, on an address with HTTPS where
// secure is said.
func newWorld(t *testing.T, secure bool) *world {
	t.Helper()
	cfg := platformtest.Config(t)
	if secure {
		cfg.AuthURL = "https://handbook.example"
	}
	till := platformtest.OpenTill(t, cfg)
	return furnished(t, platformtest.Open(t, cfg), till)
}

// furnished makes a world of an empty handbook.
func furnished(t *testing.T, p *platform.Platform, till *platformtest.Till) *world {
	t.Helper()
	platformtest.Shelf(t, p)
	w := &world{p: p, till: till, routes: functions.All(p), people: map[string]*platformtest.User{}}
	w.h = router.New(p, w.routes...)
	for role, email := range map[string]string{
		owner: ownersEmail, other: "other@example.com", refunded: "refunded@example.com",
		author: "author@example.com", operator: platformtest.OperatorEmail,
	} {
		w.people[role] = platformtest.Learner(t, p, email)
	}
	w.exec(t, `UPDATE users SET roles = '{author}' WHERE id = $1`, w.people[author].ID)
	w.sell(t, owner, false)
	w.sell(t, refunded, true)
	w.furnish(t)
	return w
}

// exec runs a statement of the set-up.
func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := w.p.DB.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// one returns the id that a query finds.
func (w *world) one(t *testing.T, sql string, args ...any) string {
	t.Helper()
	var id uuid.UUID
	if err := w.p.DB.QueryRow(t.Context(), sql, args...).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// sell lets a role have bought the module, and get the money back if so.
func (w *world) sell(t *testing.T, role string, back bool) {
	t.Helper()
	w.exec(t, `
		WITH c AS (
			INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, state, expires_at)
			VALUES (gen_random_uuid(), $1, 'instrument', 5900, 'usd', false, '{}', 'complete', now())
			RETURNING id
		), f AS (
			INSERT INTO payment_facts (stripe_payment_id, kind, source, amount, currency, at, checkout_id)
			SELECT 'pi_' || $2, 'paid', 'cs_' || $2, 5900, 'usd', now(), c.id
			FROM c
		), b AS (
			INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id)
			SELECT gen_random_uuid(), $1, 'pi_' || $2, 'instrument', 5900, CASE WHEN $3 THEN 'refunded' ELSE 'completed' END, c.id
			FROM c
			RETURNING id
		)
		INSERT INTO grants (id, user_id, module_key, purchase_id, revoked_at)
		SELECT gen_random_uuid(), $1, 'instrument', b.id, CASE WHEN $3 THEN now() END
		FROM b`, w.people[role].ID, role, back)
}

// furnish gives owner and author what ids lead to.
func (w *world) furnish(t *testing.T) {
	t.Helper()
	ana, publisher := w.people[owner].ID, w.people[author].ID
	var change, request, upload uuid.UUID
	err := db.Tx(t.Context(), w.p.DB, func(tx pgx.Tx) (err error) {
		if _, err = account.Begin(t.Context(), tx, ana, "Another device", true); err != nil {
			return err
		}
		if change, err = account.AskChange(t.Context(), tx, ana, "anna.the.owner.later@example.com"); err != nil {
			return err
		}
		if request, err = account.Ask(t.Context(), tx, ownersEmail, "a browser", "/orders"); err != nil {
			return err
		}
		upload, err = queue.Add(t.Context(), tx, job.ProcessModule{Source: uuid.New()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, w.token, err = account.NewToken(t.Context(), w.p.DB, publisher, "laptop"); err != nil {
		t.Fatal(err)
	}
	code, err := account.MakeChangeCode(t.Context(), w.p.DB, w.p.Config.AuthSecret.Reveal(), change)
	if err != nil {
		t.Fatal(err)
	}
	w.exec(t, `INSERT INTO progress (id, user_id, lesson_id, completed) VALUES (gen_random_uuid(), $1, 'vor-and-hsi', true)`, ana)
	w.exec(t, `INSERT INTO reports (id, lesson_id, version, user_id, text) VALUES (gen_random_uuid(), 'holding', '1.0.0', $1, 'The third figure is wrong.')`, ana)
	w.exec(t, `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, flags, name) VALUES (gen_random_uuid(), $1, 'c', 'k', 0, 0, 'Phone')`, ana)
	w.ids = map[string]string{
		":module": "instrument", ":lesson": "vor-and-hsi", ":version": "1.0.0", ":sha256": sum(aBlob), "{code}": code,
		"/assets/:file": firstAsset(), "/media/:module/:file": strings.TrimPrefix(platformtest.Figure("instrument", platformtest.Drawing(platformtest.Canary+" vor-and-hsi")), "/media/instrument/"),
		":checkout": w.one(t, `SELECT id FROM checkouts WHERE user_id = $1`, ana),
		":device":   w.one(t, `SELECT id FROM sessions WHERE user_id = $1 AND device = 'Another device'`, ana),
		":passkey":  w.one(t, `SELECT id FROM passkeys WHERE user_id = $1`, ana),
		":change":   change.String(), ":request": request.String(), ":upload": upload.String(),
		"/tokens/:token": w.one(t, `SELECT id FROM tokens WHERE user_id = $1`, publisher),
	}
	w.more(t)
}

func firstAsset() string {
	var names []string
	for name := range reader.Files() {
		names = append(names, name)
	}
	return slices.Min(names)
}

// path puts ids for the parameters of a route. What one stands for is looked
// up with the path before it, then by its name alone.
func (w *world) path(t *testing.T, route web.Route) string {
	t.Helper()
	var before, out []string
	for segment := range strings.SplitSeq(route.Path, "/") {
		before = append(before, segment)
		if strings.HasPrefix(segment, ":") {
			id, ok := w.ids[strings.Join(before, "/")]
			if !ok {
				id, ok = w.ids[segment]
			}
			if !ok {
				t.Fatalf("%s: what does %s stand for? Say so in world_test.go.", route.Path, segment)
			}
			segment = id
		}
		out = append(out, segment)
	}
	return strings.Join(out, "/")
}

// request makes a request of a role.
func (w *world) request(t *testing.T, role, method, path string, in input) *http.Request {
	t.Helper()
	body := in.body
	if who := w.people[role]; who != nil {
		body = strings.ReplaceAll(body, "{me}", who.Email)
	}
	for name, value := range w.ids {
		if strings.HasPrefix(name, "{") {
			body = strings.ReplaceAll(body, name, value)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", in.kind)
	r.Header.Set("Accept", "text/html")
	switch who := w.people[role]; {
	case role == token:
		r.Header.Set("Authorization", "Bearer "+w.token)
	case who != nil:
		r.AddCookie(&http.Cookie{Name: web.CookieName(w.p.Config.Secure(), account.SessionCookie), Value: who.Secret})
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

// send answers a request, as the description says.
func (w *world) send(t *testing.T, r *http.Request) platformtest.Answer {
	t.Helper()
	out, agree := httptest.NewRecorder(), platformtest.Watch(t, w.routes, r)
	w.h.ServeHTTP(out, r)
	a := platformtest.Answer{Status: out.Code, Header: out.Header(), Body: out.Body.String()}
	agree(a)
	return a
}

// changes reports whether a route may change something.
func changes(route web.Route) bool {
	return route.Method != http.MethodGet && route.Method != http.MethodHead
}
