package pay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
)

// Delivery is how events are brought to the webhook. The zero value is how
// Stripe does it on a good day.
type Delivery struct {
	Hold     bool // nothing is sent until another Delivery says otherwise
	Drop     bool // every attempt fails before it is made; attempts are counted and repeated as ever
	Disabled bool // the endpoint is switched off: what comes up now is given up at once
	Copies   int  // how often each event is sent, with attempts of their own; 0 is once
	Shuffle  bool // what waits is sent in random order instead of the order it came
	Parallel int  // how many are sent at once; 0 is 8
}

// Deliver changes how events are delivered from now on, for tests of how a
// seller's program takes events that come late, twice, in another order or
// never.
func (s *Stripe) Deliver(d Delivery) {
	s.queue.mu.Lock()
	s.queue.mode = d
	s.queue.mu.Unlock()
	s.pump()
}

// Resend sends events once more, delivered or not, without further attempts.
func (s *Stripe) Resend(ids ...string) error {
	err := s.do(func(b *book) error {
		for _, id := range ids {
			if _, err := b.Events.find(id, "id"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("pay: resend: %w", err)
	}
	for _, id := range ids {
		s.queue.expect(1)
		s.put(parcel{id: id, try: len(s.o.Retry)})
	}
	return nil
}

// Settled waits until every event is delivered or given up.
func (s *Stripe) Settled(ctx context.Context) error {
	for {
		s.queue.mu.Lock()
		if s.queue.open == 0 {
			s.queue.mu.Unlock()
			return nil
		}
		if s.queue.idle == nil {
			s.queue.idle = make(chan struct{})
		}
		idle := s.queue.idle
		s.queue.mu.Unlock()
		select {
		case <-idle:
		case <-s.stop:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("pay: deliveries under way: %w", ctx.Err())
		}
	}
}

// queue is what waits to be sent.
type queue struct {
	mu      sync.Mutex
	mode    Delivery
	waiting []parcel
	running int
	open    int           // parcels waiting, under way, or between two attempts
	idle    chan struct{} // closed when open falls to 0, if somebody waits
}

// parcel is an event to be sent; try counts from 0.
type parcel struct {
	id  string
	try int
}

func (q *queue) expect(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()

	if q.open += n; q.open == 0 && q.idle != nil {
		close(q.idle)
		q.idle = nil
	}
}

// take returns what is to be sent next, if anything may be.
func (q *queue) take() (p parcel, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()

	parallel := q.mode.Parallel
	if parallel <= 0 {
		parallel = deliveriesAtOnce
	}
	if q.mode.Hold || q.running >= parallel || len(q.waiting) == 0 {
		return p, false
	}
	if q.mode.Shuffle {
		i := rand.IntN(len(q.waiting)) //nolint:gosec // any order will do
		q.waiting[0], q.waiting[i] = q.waiting[i], q.waiting[0]
	}
	p, q.waiting = q.waiting[0], q.waiting[1:]
	q.running++
	return p, true
}

func (q *queue) took() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
}

func (q *queue) copies() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(1, q.mode.Copies)
}

// delivery is the mode of this moment.
func (q *queue) delivery() Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mode
}

// send delivers an event beside the caller. After Close it stays undelivered,
// for the next start.
func (s *Stripe) send(id string) {
	n := s.queue.copies()
	s.queue.expect(n)
	for range n {
		s.put(parcel{id: id})
	}
}

func (s *Stripe) put(p parcel) {
	s.queue.mu.Lock()
	s.queue.waiting = append(s.queue.waiting, p)
	s.queue.mu.Unlock()
	s.pump()
}

// pump starts as many deliveries as may be under way.
func (s *Stripe) pump() {
	for {
		p, ok := s.queue.take()
		if !ok {
			return
		}
		s.start(func() {
			s.deliver(p)
			s.queue.took()
			s.pump()
		})
	}
}

// deliver makes one attempt and sees to the next, if there is to be one.
func (s *Stripe) deliver(p parcel) {
	if s.attempt(p.id, p.try >= len(s.o.Retry)) {
		s.queue.expect(-1)
		return
	}
	s.start(func() {
		if s.pause(s.o.Retry[p.try]) {
			s.put(parcel{id: p.id, try: p.try + 1})
		}
	})
}
