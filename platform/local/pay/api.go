package pay

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"
)

// formMax bounds the body of a call.
const formMax = 1 << 20

// call is one request to the API, read and checked for its key.
type call struct {
	id     string // of the request, req_...
	method string
	path   string
	object string // id in the path, if there is one
	key    string // Idempotency-Key
	form   *form
	now    time.Time
}

// action reads a call and returns what it will do. Its own refusals are about
// the parameters; those of the effect are about the state of things.
type action func(*call) (effect, error)

type effect func(*book) (object, error)

// API returns Stripe's REST API, with paths that begin with /v1/. stripe-go
// appends those to the URL of its backend: mounted as
//
//	mux.Handle("/local/stripe/", http.StripPrefix("/local/stripe", s.API()))
//
// it is reached with
//
//	stripe.BackendConfig{URL: stripe.String("http://127.0.0.1:3000/local/stripe")}
//
// It needs nothing but the secret key, so put it before whatever guards the
// host's other pages by cookie or origin.
func (s *Stripe) API() http.Handler {
	mux := http.NewServeMux()
	for pattern, a := range endpoints() {
		mux.Handle(pattern, s.endpoint(a))
	}
	return mux
}

func (s *Stripe) endpoint(a action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newID("req_", 14)
		w.Header().Set("Request-Id", id)
		w.Header().Set("Stripe-Version", APIVersion)
		w.Header().Set("Cache-Control", "no-cache, no-store")

		c, err := s.read(w, r, id)
		if err != nil {
			failed(err, id).write(w)
			return
		}
		var got *answer
		err = s.do(func(b *book) error {
			b.cause = cause{Request: c.id, Key: c.key}
			got = b.once(c, a)
			return nil
		})
		if err != nil {
			got = failed(err, id)
		}
		if got.Request != id {
			w.Header().Set("Idempotent-Replayed", "true")
			w.Header().Set("Original-Request", got.Request)
		}
		got.write(w)
	})
}

func (s *Stripe) read(w http.ResponseWriter, r *http.Request, id string) (*call, error) {
	if err := s.authorize(r); err != nil {
		return nil, err
	}
	if version := r.Header.Get("Stripe-Version"); version != "" && version != APIVersion {
		return nil, invalid("", "", "Invalid Stripe API version: %s. The stand-in for Stripe knows %s only.", version, APIVersion)
	}
	c := &call{id: id, method: r.Method, path: r.URL.Path, object: r.PathValue("id"), now: s.o.Now()}
	if r.Method != http.MethodPost {
		c.form = newForm(r.URL.Query())
		return c, nil
	}
	c.key = strings.TrimSpace(r.Header.Get("Idempotency-Key"))
	if len(c.key) > 255 {
		return nil, invalid("", "", "Idempotency-Key: must be at most 255 characters.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, formMax)
	if err := r.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	c.form = newForm(r.PostForm)
	return c, nil
}

func unreadable(err error) *apiError {
	e := invalid("", "", "Invalid request: %v", err)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		e.status = http.StatusRequestEntityTooLarge
	}
	return e
}

func (s *Stripe) authorize(r *http.Request) error {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, ok = r.BasicAuth()
	}
	if !ok || key == "" {
		return unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(s.o.Secret)) == 0 {
		return unauthorized("Invalid API Key provided: %s", mask(key))
	}
	return nil
}

// mask leaves enough of a key to recognise it by.
func mask(key string) string {
	if len(key) < 16 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

func unknownURL(c *call) (effect, error) {
	e := invalid("", "", "Unrecognized request URL (%s: %s). This is the stand-in for Stripe, which knows fewer than the real one.", c.method, c.path)
	e.status = http.StatusNotFound
	return nil, e
}
