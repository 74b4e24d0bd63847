package session_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"pilothandbook/functions/account"
	"pilothandbook/functions/devices"
	"pilothandbook/functions/session"
	"pilothandbook/functions/signin"
	accounts "pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// confirmed is how long a sign-in counts as a fresh one.
const confirmed = 15 * time.Minute

// person is an account as the model knows it.
type person struct{ email string }

// visit is a session as the model knows it: how long ago it began, was noted to
// be in use, and who it is was shown.
type visit struct {
	who                 *person
	id                  uuid.UUID
	secret              string
	age, seen, verified time.Duration
	ended               bool
	shut                bool // it was over, and was asked for
}

// open says who is let in.
func (v *visit) open() bool {
	return !v.ended && v.age < accounts.Absolute && v.seen < accounts.Idle
}

// life is the model beside the handbook that it is compared with.
type life struct {
	t      *testing.T
	p      *platform.Platform
	routes []web.Route
	name   string // part of all addresses of one run
	people map[string]*person
	visits []*visit
	asked  *int // requests of all runs
}

// Whatever happens to sessions, in whatever order: who the model lets in is
// let in, and nobody else.
func TestLife(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.TrustedProxies = 1 // as each request comes from an address of its own
	p := platformtest.Open(t, cfg)
	routes := slices.Concat(account.Routes(p), devices.Routes(p), session.Routes(p), signin.Routes(p))
	run, asked := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		l := &life{t: t, p: p, routes: routes, name: fmt.Sprint(run), people: map[string]*person{}, asked: &asked}
		l.enter(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"enter": l.enter, "use": l.use, "age": l.age, "stay": l.stay, "sign out": l.signOut,
			"end another device": l.endOther, "change the address": l.change, "delete the account": l.remove,
			"": l.shutOut,
		})
	})
}

// send sends a request of a session, nil if of none, and notes its use.
func (l *life) send(v *visit, method, path string, form url.Values) platformtest.Answer {
	l.t.Helper()
	who := &platformtest.User{}
	if v != nil {
		who.Secret = v.secret
	}
	r := platformtest.Form(l.t, who, path, form.Encode())
	r.Method = method
	*l.asked++
	n := *l.asked
	r.Header.Set("X-Forwarded-For", netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String())
	a := platformtest.Send(l.t, l.p, l.routes, r)
	if v != nil && v.open() && v.seen >= accounts.SeenEvery {
		v.seen = 0
	}
	return a
}

// want is what a session is answered if it is let in.
func (l *life) want(rt *rapid.T, v *visit, a platformtest.Answer, what, to string) {
	if !v.open() {
		if a.Status != http.StatusUnauthorized {
			rt.Fatalf("%s: %d to %q by a session that is over: %+v", what, a.Status, a.Header.Get("Location"), v)
		}
		return
	}
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), to) {
		rt.Fatalf("%s: %d to %q, want %q, by %+v: %s", what, a.Status, a.Header.Get("Location"), to, v, a.Body)
	}
}

// any draws a session, open or not.
func (l *life) any(rt *rapid.T, label string) *visit {
	return rapid.SampledFrom(l.visits).Draw(rt, label)
}

func (l *life) enter(rt *rapid.T) {
	email := fmt.Sprintf("%s-%s@example.com", rapid.SampledFrom([]string{"ana", "bob"}).Draw(rt, "who"), l.name)
	for _, table := range []string{"sign_in_requests", "email_changes"} { // how many mails somebody gets is not asked here
		platformtest.Exec(l.t, l.p, `DELETE FROM `+table)
	}
	a := l.send(nil, "POST", "/signin", url.Values{"email": {email}})
	request := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || request == "" {
		rt.Fatalf("ask: %d %s", a.Status, a.Body)
	}
	code, err := accounts.MakeCode(l.t.Context(), l.p.DB, l.p.Config.AuthSecret.Reveal(), uuid.MustParse(strings.TrimPrefix(request, "/signin/")))
	if err != nil {
		l.t.Fatal(err)
	}
	a = l.send(nil, "POST", request, url.Values{"code": {code.Digits}})
	v := &visit{who: l.people[email]}
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.Name == accounts.SessionCookie {
			v.secret = c.Value
		}
	}
	if a.Status != http.StatusSeeOther || v.secret == "" {
		rt.Fatalf("enter: %d %s", a.Status, a.Body)
	}
	if v.who == nil {
		v.who = &person{email}
		l.people[email] = v.who
	}
	l.visits = append(l.visits, v)
	l.look(rt, v)
}

// device is what a reader is told of a session.
type device struct {
	ID            uuid.UUID
	Seen, Expires time.Time
	Current       bool
}

// look asks for a session's devices: all open ones of its person, and no other.
func (l *life) look(rt *rapid.T, v *visit) {
	a := l.send(v, "GET", "/api/devices", nil)
	if !v.open() {
		l.want(rt, v, a, "look", "")
		return
	}
	if a.Status != http.StatusOK {
		rt.Fatalf("look: %d %s by %+v", a.Status, a.Body, v)
	}
	var told []device
	a.Into(l.t, &told)
	if told[0].Current && v.id == uuid.Nil {
		v.id = told[0].ID
	}
	open := 0
	for _, o := range l.visits {
		i := slices.IndexFunc(told, func(d device) bool { return d.ID == o.id })
		if listed := i >= 0; listed != (o.open() && o.who == v.who) {
			rt.Fatalf("listed: %t, of %+v to %+v", listed, o, v)
		}
		if i < 0 {
			continue
		}
		open++
		near(rt, "seen", time.Since(told[i].Seen), o.seen)
		near(rt, "the rest of its life", time.Until(told[i].Expires), accounts.Absolute-o.age)
		if told[i].Current != (o == v) {
			rt.Fatalf("%+v is said to be this device: %t", o, told[i].Current)
		}
	}
	if len(told) != open {
		rt.Fatalf("%d devices, want %d", len(told), open)
	}
}

// near compares times to the minute, which is the least that the model ages by.
func near(rt *rapid.T, what string, got, want time.Duration) {
	if d := got - want; d < -time.Minute || d > time.Minute {
		rt.Fatalf("%s: %s, want %s", what, got, want)
	}
}

func (l *life) use(rt *rapid.T) { l.look(rt, l.any(rt, "session")) }

func (l *life) age(rt *rapid.T) {
	limits := []time.Duration{accounts.SeenEvery, confirmed, accounts.Idle, accounts.Absolute}
	l.pass(rapid.OneOf(
		rapid.Map(rapid.SampledFrom(limits), func(d time.Duration) time.Duration { return d - time.Minute }),
		rapid.SampledFrom(limits),
		rapid.Map(rapid.IntRange(1, 30*24*60), func(n int) time.Duration { return time.Duration(n) * time.Minute }),
	).Draw(rt, "time"))
}

// pass lets time pass, in the process's memory too, which keeps nothing for
// longer than it has to.
func (l *life) pass(d time.Duration) {
	platformtest.Exec(l.t, l.p, `
		UPDATE sessions
		SET created_at = created_at - $1::interval, expires = expires - $1::interval, last_seen_at = last_seen_at - $1::interval, verified_at = verified_at - $1::interval`, d)
	l.p.Memory.Drop(func(string, any) bool { return true })
	for _, v := range l.visits {
		v.age, v.seen, v.verified = v.age+d, v.seen+d, v.verified+d
	}
}

// stay uses one session again and again, which keeps it from being idle but
// not from growing old.
func (l *life) stay(rt *rapid.T) {
	v := l.any(rt, "session")
	for range rapid.IntRange(1, 8).Draw(rt, "times") {
		l.pass(accounts.Idle - 24*time.Hour)
		l.look(rt, v)
	}
}

func (l *life) signOut(rt *rapid.T) {
	v := l.any(rt, "session")
	a := l.send(v, "POST", "/signout", nil)
	l.want(rt, v, a, "sign out", "/")
	v.ended = v.ended || v.open()
}

func (l *life) endOther(rt *rapid.T) {
	v, other := l.any(rt, "session"), l.any(rt, "other")
	a := l.send(v, "POST", "/devices/"+other.id.String(), nil)
	theirs := v.who == other.who && !other.ended
	if v.open() && !theirs {
		if a.Status != http.StatusNotFound {
			rt.Fatalf("a device that is not theirs: %d %s", a.Status, a.Body)
		}
		return
	}
	l.want(rt, v, a, "end another", "/")
	if v.open() {
		other.ended = true
	}
}

func (l *life) change(rt *rapid.T) {
	v := l.any(rt, "session")
	email := fmt.Sprintf("new%d-%s@example.com", *l.asked, l.name)
	a := l.send(v, "POST", "/account/email", url.Values{"email": {email}})
	if v.verified >= confirmed {
		l.want(rt, v, a, "change of a stale session", "/account/confirm")
		return
	}
	l.want(rt, v, a, "change", "/account/email/")
	if !v.open() {
		return
	}
	path := a.Header.Get("Location")
	digits, err := accounts.MakeChangeCode(l.t.Context(), l.p.DB, l.p.Config.AuthSecret.Reveal(), uuid.MustParse(strings.TrimPrefix(path, "/account/email/")))
	if err != nil {
		l.t.Fatal(err)
	}
	a = l.send(v, "POST", path, url.Values{"code": {digits}})
	l.want(rt, v, a, "the code of the change", "/signin?after=changed")
	delete(l.people, v.who.email)
	v.who.email = email
	l.people[email] = v.who
	l.endAll(v.who)
}

func (l *life) remove(rt *rapid.T) {
	v := l.any(rt, "session")
	a := l.send(v, "POST", "/account/delete", url.Values{"confirm": {v.who.email}})
	if v.verified >= confirmed {
		l.want(rt, v, a, "deletion by a stale session", "/account/confirm")
		return
	}
	l.want(rt, v, a, "deletion", "/signin?after=deleted")
	if v.open() {
		delete(l.people, v.who.email)
		l.endAll(v.who)
	}
}

func (l *life) endAll(who *person) {
	for _, v := range l.visits {
		v.ended = v.ended || v.who == who
	}
}

// shutOut asks, after every step, by each session that it ended. (Those that are
// open would be used by it.)
func (l *life) shutOut(rt *rapid.T) {
	for _, v := range l.visits {
		if !v.open() && !v.shut {
			l.look(rt, v)
			v.shut = true
		}
	}
}
