// Package pay is a stand-in for Stripe on a developer's machine: enough of its
// REST API for stripe-go v76 (API version 2023-10-16) to sell something, the
// pages on which a buyer pays, and signed events that are really delivered.
// No money moves.
//
// It refuses what it does not know instead of ignoring it, and takes the times,
// ids, errors and shapes of the real one, so that code which works here works
// there; docs/stripe-differences.md says where it does not follow. The rules are
// in book and its parts and know neither HTTP nor files; around them lie the API
// (api.go), the pages (pages.go), the deliveries (dispatch.go, deliver.go) and
// the file (file.go). A new kind of object is a record with its rules and shape,
// a shelf in book and lines in endpoints.go.
package pay

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// APIVersion is the version of Stripe's API whose shapes are answered, the one
// stripe-go v76 is made for.
const APIVersion = "2023-10-16"

const (
	// closeGrace is how long Close lets an attempt under way finish.
	closeGrace = 5 * time.Second
	// sweepEvery is how often open sessions are looked at for expiry when
	// nobody calls.
	sweepEvery = time.Minute
)

// Options say who may call, where events go and what is kept.
type Options struct {
	Secret        string        // the sk_test_... key that callers must present (Bearer, or user of Basic)
	WebhookSecret string        // whsec_... to sign events with
	WebhookURL    func() string // where events go; "" counts as a failed attempt. May be called before New returns
	PublicURL     func() string // base URL of Pages as the buyer's browser sees it, e.g. http://127.0.0.1:3000/local/pay
	File          string        // state is kept here as JSON; "" keeps it in memory only
	Log           *slog.Logger  // slog.Default if nil
	Now           func() time.Time
	// TaxRate is what automatic_tax adds, in hundredths of a percent: 825 is
	// 8.25 %. It is made up, the same for everybody, and 0 unless set.
	TaxRate int64
	// Delivery is how events are delivered until Deliver says otherwise.
	Delivery Delivery
	// Retry is how long to wait before each further attempt at delivering an
	// event; nil is 1 s, 5 s, 15 s, 60 s; see [LiveRetry] for Stripe's own. After the last the event is given up,
	// stays listed, and is tried again at the next start.
	Retry []time.Duration
}

// Stripe is the stand-in. All its methods may be called at once.
type Stripe struct {
	o         Options
	templates *template.Template
	client    *http.Client

	mu   sync.Mutex // guards book and the file
	book *book

	ctx    context.Context // of deliveries: cancelled when Close has waited long enough
	cancel context.CancelFunc
	stop   chan struct{} // closed by Close: start nothing more
	queue  queue
	work   sync.WaitGroup
	gate   sync.Mutex // orders work.Add before the work.Wait of Close
	closed bool
}

// New reads the state of an earlier run, if File names one, and starts
// delivering what that run left undelivered.
func New(o Options) (*Stripe, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	templates, err := parseTemplates()
	if err != nil {
		return nil, err
	}
	b, err := load(o.File)
	if err != nil {
		return nil, err
	}
	b.address = func(path string) string { return strings.TrimSuffix(o.PublicURL(), "/") + "/" + path }
	b.taxRate = o.TaxRate
	s := &Stripe{
		o: o, templates: templates, book: b, client: newClient(),
		stop: make(chan struct{}),
	}
	s.queue.mode = o.Delivery
	s.ctx, s.cancel = context.WithCancel(context.Background())
	undelivered := b.undelivered() // read before others may
	s.start(s.sweep)
	for _, id := range undelivered {
		s.send(id)
	}
	return s, nil
}

func (o Options) check() error {
	var faults []error
	if !strings.HasPrefix(o.Secret, "sk_test_") {
		faults = append(faults, errors.New("pay: Secret must begin with sk_test_: a live key has no business here"))
	}
	if o.WebhookSecret == "" {
		faults = append(faults, errors.New("pay: WebhookSecret is empty"))
	}
	if o.WebhookURL == nil || o.PublicURL == nil {
		faults = append(faults, errors.New("pay: WebhookURL and PublicURL are required"))
	}
	return errors.Join(faults...)
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry == nil {
		o.Retry = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute}
	}
	return o
}

// Close starts no further delivery and waits for those under way, 5 seconds at
// most. What is then undelivered is in the file.
func (s *Stripe) Close() {
	s.gate.Lock()
	first := !s.closed
	s.closed = true
	s.gate.Unlock()
	if first {
		close(s.stop)
	}

	hurry := time.AfterFunc(closeGrace, s.cancel)
	s.work.Wait()
	hurry.Stop()
	s.cancel()
	s.client.CloseIdleConnections()
}

// start runs fn beside the caller, unless Close has been called.
func (s *Stripe) start(fn func()) {
	s.gate.Lock()
	defer s.gate.Unlock()

	if !s.closed {
		s.work.Go(fn)
	}
}

// sweep lets sessions expire on time while nobody calls.
func (s *Stripe) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			// A failed write has been logged, and the next change tries again.
			_ = s.do(func(*book) error { return nil })
		}
	}
}

// do is the only way to the book: one caller at a time, written to the file
// before anybody hears of it, events sent after that. When the file cannot be
// written the caller gets an error though the change stands in memory; an
// Idempotency-Key makes trying again safe, as with the real one.
func (s *Stripe) do(fn func(*book) error) error {
	fresh, err := s.change(fn)
	for _, id := range fresh {
		s.send(id)
	}
	return err
}

func (s *Stripe) change(fn func(*book) error) (fresh []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.book.begin(s.o.Now())
	err = fn(s.book)
	if s.book.changed {
		if failed := save(s.o.File, s.book); failed != nil {
			s.o.Log.Error("local Stripe: state not saved", "file", s.o.File, "err", failed)
			err = failed
		} else {
			s.book.changed = false
		}
	}
	return s.book.takeFresh(), err
}
