//go:build chaos && linux

package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/stripeapi"
)

// till is the stand-in for Stripe. Its API loses an answer now and then; its
// events pass through a relay, which shares them out among the web processes
// and notes which of them were acknowledged.
type till struct {
	*pay.Stripe
	plant  *plant
	api    *stripeapi.API // without faults
	url    string         // with them
	page   string         // of the buyer's pages
	trap   atomic.Pointer[trap]
	faulty atomic.Bool

	mu    sync.Mutex
	rng   *rand.Rand
	acked map[string]time.Time // events that a web process said it has
	seen  map[string]*trap     // events that came by, with the trap that an acknowledgement springs
}

// trap kills a web process at its deliveries: it gathers some, lets them
// through at once, so that they are in each other's way, and kills. One that
// waits for an acknowledgement makes PostgreSQL slow for a moment, so that who
// acknowledges without waiting for it is seen to.
type trap struct {
	web   int
	ack   bool          // at the first acknowledgement, else
	after time.Duration // so long after they were let through
	down  time.Duration

	in   atomic.Int32
	open sync.Once
	gate chan struct{} // closed when they are let through
	shot sync.Once
	fell atomic.Bool // the process is shot
}

const (
	gathered  = 16
	gathering = 1500 * time.Millisecond
)

// wait holds a delivery until the gate opens, and reports false for one that
// came too late.
func (s *till) wait(set *trap) bool {
	n := set.in.Add(1)
	if n == 1 {
		time.AfterFunc(gathering, func() { s.letThrough(set) })
	}
	if n == gathered {
		s.letThrough(set)
	}
	<-set.gate
	return n <= gathered
}

func (s *till) letThrough(set *trap) {
	set.open.Do(func() {
		s.trap.CompareAndSwap(set, nil)
		if set.ack {
			s.plant.slow()
		}
		close(set.gate)
		if !set.ack {
			time.AfterFunc(set.after, func() { s.shoot(set, "taking in") })
		}
	})
}

func (s *till) shoot(set *trap, when string) {
	set.shot.Do(func() {
		s.plant.shoot(set.web, fmt.Sprintf("%s, with %d events at once", when, min(gathered, set.in.Load())), set.down)
		set.fell.Store(true)
	})
}

func openTill(t *testing.T, p *plant, seed uint64) *till {
	t.Helper()
	s := &till{plant: p, rng: rand.New(rand.NewPCG(seed, 2)), acked: map[string]time.Time{}, seen: map[string]*trap{}}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url, s.page = server.URL+"/faulty", server.URL+"/local/pay"
	var err error
	s.Stripe, err = pay.New(pay.Options{
		Secret: stripeKey, WebhookSecret: webhookSecret,
		WebhookURL: func() string { return server.URL + "/relay" },
		PublicURL:  func() string { return s.page },
		Log:        slog.New(slog.DiscardHandler),
		Retry:      pay.LiveRetry(float64(*lasts) / float64(72*time.Hour) / 2),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	mux.Handle("/local/pay/", s.Pages())
	mux.Handle("/faultless/", http.StripPrefix("/faultless", s.API()))
	mux.Handle("/faulty/", http.StripPrefix("/faulty", s.faults(s.API())))
	mux.HandleFunc("/relay", s.relay)
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(server.URL + "/faultless"), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	s.api = stripeapi.New(stripeKey, backend)
	return s
}

// chance reports one in n.
func (s *till) chance(n int) bool { return s.pick(n) == 0 }

func (s *till) pick(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(n)
}

// faults fails a call now and then, or does it and loses the answer.
func (s *till) faults(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.faulty.Load():
			api.ServeHTTP(w, r)
		case s.chance(100):
			http.Error(w, "down", http.StatusBadGateway)
		case s.chance(100):
			api.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// envelope is what the relay reads of an event.
type envelope struct{ ID, Type string }

func (s *till) relay(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	to := s.pick(len(s.plant.webs))
	set, caught := s.trap.Load(), (*trap)(nil)
	switch first, by := s.first(e, set); {
	case first && set != nil && s.wait(set):
		caught, to = set, set.web
	case by != nil && s.heard(by, e):
		return // with 200: Stripe does not repeat what it was told we have
	}
	set = caught
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.plant.webs[to].base()+"/api/stripe/webhook", bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ask.Header = r.Header
	res, err := relayed.Do(ask)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		if set != nil && set.ack {
			s.shoot(set, "having acknowledged "+e.ID)
		}
		s.mu.Lock()
		s.acked[e.ID] = time.Now()
		s.mu.Unlock()
	}
	w.WriteHeader(res.StatusCode)
}

// relayed are the relay's connections.
var relayed = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// first reports whether an event about a session comes by for the first time, and
// notes the trap that is set then; of one that comes again it returns that trap.
func (s *till) first(e envelope, set *trap) (first bool, by *trap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	by, again := s.seen[e.ID]
	if !again {
		s.seen[e.ID] = set
	}
	return !again && strings.HasPrefix(e.Type, "checkout.session."), by
}

// heard has a copy of an event that comes meanwhile wait until a trap is over
// which waits for an acknowledgement, and reports whether it was for this event:
// else the copy would bring again what was acknowledged too early, and lost.
func (s *till) heard(by *trap, e envelope) bool {
	for end := time.Now().Add(2 * gathering); by.ack && !by.fell.Load() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, acked := s.acked[e.ID]
	return by.ack && acked
}

// ackedBefore returns the events that were acknowledged before a moment, and
// forgets them.
func (s *till) ackedBefore(at time.Time) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, when := range s.acked {
		if when.Before(at) {
			ids = append(ids, id)
			delete(s.acked, id)
		}
	}
	return ids
}
