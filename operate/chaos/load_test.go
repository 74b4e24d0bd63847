//go:build chaos && linux

package chaos_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// patience is how long a reader tries one thing again and again: longer than
// Redis, without which no mail is sent, stays away.
const patience = frost + 40*time.Second

// load is all that readers do, and what they were told.
type load struct {
	*plant
	client *http.Client
	sold   atomic.Int64

	mu       sync.Mutex
	deleted  map[string]bool            // accounts that are gone for sure
	late     map[string]bool            // sessions paid after that
	gifts    map[string]bool            // sessions that buy a code
	redeemed map[string]string          // readers to whom the code of such a session was given
	sent     map[string]map[string]bool // study events by reader; true once acknowledged
	arrived  int                        // readers who signed in by mail
	faults   []string
	count    map[string]int // stories
}

func newLoad(p *plant) *load {
	return &load{
		plant:   p,
		deleted: map[string]bool{}, late: map[string]bool{}, gifts: map[string]bool{}, redeemed: map[string]string{}, sent: map[string]map[string]bool{}, count: map[string]int{},
		client: &http.Client{
			Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// fault notes what must not be.
func (l *load) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	l.faults = append(l.faults, text)
	l.say("FAULT: %s", text)
}

// reader is somebody with an account, signed in, or about to be.
type reader struct {
	*load
	id, email, address string
	cookie, browser    string // what the browser keeps: its session, and the secret by which it asked for one
	rng                *mrand.Rand
	told               []json.RawMessage // study events
	friends            []*reader         // who take part in the same story, and have none of their own
}

// enrol makes n readers, most of them with a session. Of ten one has an account
// but no session, and one is new.
func (l *load) enrol(n int, seed uint64) ([]*reader, error) {
	readers := make([]*reader, n)
	var ids, emails []string
	var hashes [][]byte
	for i := range readers {
		readers[i] = &reader{
			load: l, email: fmt.Sprintf("reader%d@example.com", i),
			address: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), rng: mrand.New(mrand.NewPCG(seed, uint64(i)+1000)),
		}
		if i%10 == 1 {
			continue
		}
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
		r := readers[i]
		r.id, r.cookie = uuid.Must(uuid.NewV7()).String(), base64.RawURLEncoding.EncodeToString(secret)
		hash := sha256.Sum256([]byte(r.cookie))
		if i%10 == 2 { // a session that nobody has
			r.cookie = ""
		}
		ids, emails, hashes = append(ids, r.id), append(emails, r.email), append(hashes, hash[:])
	}
	_, err := l.db.Exec(l.t.Context(), `
		WITH new AS (
			SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS n (id, email, hash)),
		made AS (
			INSERT INTO users (id, email) SELECT id, email FROM new)
		INSERT INTO sessions (id, session_token, user_id, expires, device)
		SELECT gen_random_uuid(), hash, id, now() + interval '90 days', 'chaos'
		FROM new`, ids, emails, hashes)
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	return readers, nil
}

// answer is what a web process said.
type answer struct {
	status   int
	body     string
	location string
}

var errGivenUp = errors.New("given up")

// ask sends a request to one web process after another until one answers with
// something that is no failure of its own.
func (r *reader) ask(ctx context.Context, method, to, kind, body string) (answer, error) {
	end := time.Now().Add(patience)
	var last string
	for n := r.rng.IntN(2); time.Now().Before(end) && ctx.Err() == nil; n++ {
		a, err := r.once(ctx, r.webs[n%2].base(), method, to, kind, body)
		switch {
		case err != nil:
			last = err.Error()
		case a.status < 500 && a.status != http.StatusTooManyRequests:
			return a, nil
		default:
			last = fmt.Sprintf("%d %.200s", a.status, a.body)
		}
		time.Sleep(time.Duration(50+50*min(n, 10)) * time.Millisecond)
	}
	return answer{}, fmt.Errorf("%s %s: %w: %s", method, to, errGivenUp, last)
}

func (r *reader) once(ctx context.Context, base, method, to, kind, body string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, base+to, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.AddCookie(&http.Cookie{Name: "session", Value: r.cookie})
	req.AddCookie(&http.Cookie{Name: "signin", Value: r.browser})
	req.Header.Set("X-Forwarded-For", r.address)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	r.keep(res.Cookies())
	return answer{res.StatusCode, string(text), res.Header.Get("Location")}, err
}

// keep keeps what signing in gives a browser.
func (r *reader) keep(cookies []*http.Cookie) {
	for _, c := range cookies {
		switch {
		case c.Name == "signin":
			r.browser = c.Value
		case c.Name == "session" && r.cookie == "":
			r.cookie = c.Value
		}
	}
}

const form = "application/x-www-form-urlencoded"

// checkout begins to buy a module, with more fields of the form, and returns
// Stripe's session, "" where nothing is to pay. It is the one place that knows how one buys.
func (r *reader) checkout(ctx context.Context, module string, more ...string) (string, error) {
	wish := url.Values{"consent": {"yes"}}
	for _, m := range more {
		wish.Set(m, "yes")
	}
	a, err := r.ask(ctx, http.MethodPost, "/checkout/"+module, form, wish.Encode())
	if err != nil {
		return "", err
	}
	if a.status == http.StatusConflict {
		return "", nil
	}
	var to struct{ URL string }
	if err := json.Unmarshal([]byte(a.body), &to); a.status != http.StatusOK || err != nil {
		return "", fmt.Errorf("checkout of %s: %d %s", module, a.status, a.body)
	}
	if session := path.Base(to.URL); strings.HasPrefix(session, "cs_") {
		return session, nil
	}
	return "", nil
}

// opens returns the modules that the reader may read, and false once the
// session is no more.
func (r *reader) opens(ctx context.Context) ([]string, bool, error) {
	a, err := r.ask(ctx, http.MethodGet, "/api/session", "", "")
	if err != nil || strings.TrimSpace(a.body) == "null" {
		return nil, false, err
	}
	var who struct{ Modules []string }
	if err := json.Unmarshal([]byte(a.body), &who); err != nil || a.status != http.StatusOK {
		return nil, false, fmt.Errorf("session: %d %s", a.status, a.body)
	}
	return who.Modules, true, nil
}

// study tells what was read, new and old, and notes what was acknowledged.
func (r *reader) study(ctx context.Context) error {
	r.learn()
	if err := r.tellStudies(ctx); err != nil {
		return err
	}
	r.told = slices.DeleteFunc(r.told, func(json.RawMessage) bool { return r.rng.IntN(4) > 0 }) // some come again
	return nil
}

// learn reads a little; the device keeps what it has to tell.
func (r *reader) learn() {
	for range 1 + r.rng.IntN(4) {
		id := uuid.NewString()
		r.told = append(r.told, json.RawMessage(fmt.Sprintf(`{"id":%q,"lesson":"wind-triangle","kind":"read","at":%q,"active_ms":%d}`,
			id, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), 1000+r.rng.IntN(20000))))
		r.note(id, false)
	}
}

// tellStudies sends all that the device has to tell, in any order.
func (r *reader) tellStudies(ctx context.Context) error {
	batch := append([]json.RawMessage(nil), r.told...)
	r.rng.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	body, err := json.Marshal(map[string]any{"device": "tablet", "events": batch})
	if err != nil {
		return err
	}
	a, err := r.once(ctx, r.webs[r.rng.IntN(2)].base(), http.MethodPost, "/api/events", "application/json", string(body))
	switch {
	case err != nil || a.status >= 500 || a.status == http.StatusTooManyRequests || a.status == http.StatusUnauthorized:
		return nil // the device tells it again some other time, if its reader's account is not gone
	case a.status != http.StatusOK:
		return fmt.Errorf("events: %d %.300s", a.status, a.body)
	}
	var said struct {
		Results []struct{ ID, Result string }
	}
	if err := json.Unmarshal([]byte(a.body), &said); err != nil {
		return fmt.Errorf("events: %s: %w", a.body, err)
	}
	for _, s := range said.Results {
		if s.Result != "stored" && s.Result != "known" {
			return fmt.Errorf("event %s: %s", s.ID, a.body)
		}
		r.note(s.ID, true)
	}
	return nil
}

func (r *reader) note(event string, acked bool) {
	r.load.mu.Lock()
	defer r.load.mu.Unlock()
	if r.sent[r.id] == nil {
		r.sent[r.id] = map[string]bool{}
	}
	r.sent[r.id][event] = acked || r.sent[r.id][event]
}
