package pay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	deliveriesAtOnce = 8
	attemptTimeout   = 30 * time.Second // long enough for a breakpoint in the receiver
)

// newClient returns one that does as Stripe does: a redirect is an answer, and
// not a good one.
func newClient() *http.Client {
	return &http.Client{
		Timeout:   attemptTimeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: deliveriesAtOnce},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// pause waits, and reports whether there is reason to go on.
func (s *Stripe) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.stop:
		return false
	}
}

// attempt tries once and writes down how it went. It reports whether nothing is
// left to do.
func (s *Stripe) attempt(id string, last bool) bool {
	select {
	case <-s.stop:
		return true
	default:
	}

	var body []byte
	// A failed write has been logged; the event goes out all the same.
	_ = s.do(func(b *book) error {
		if e, ok := b.Events.get(id); ok {
			body = e.object(b, nil).pretty()
		}
		return nil
	})
	if body == nil { // too old by now, and forgotten
		return true
	}
	mode := s.queue.delivery()
	err := s.carry(mode, body)
	last = last || mode.Disabled
	_ = s.do(func(b *book) error {
		b.tried(id, err, last)
		return nil
	})
	s.report(id, err, last)
	return err == nil || last
}

func (s *Stripe) carry(mode Delivery, body []byte) error {
	switch {
	case mode.Disabled:
		return errors.New("the webhook endpoint is disabled")
	case mode.Drop:
		return errors.New("lost on the way, as asked for")
	}
	return s.post(s.ctx, body)
}

// tried notes the outcome of an attempt.
func (b *book) tried(id string, err error, last bool) {
	e, ok := b.Events.get(id)
	if !ok {
		return
	}
	done := err == nil || e.Delivery.Done // a copy may have come before
	d := delivery{Tries: e.Delivery.Tries + 1, At: b.now.Unix(), Done: done, GivenUp: !done && last}
	if err != nil {
		d.Answer = err.Error()
	}
	e.Delivery = d
	b.changed = true
}

func (s *Stripe) report(id string, err error, last bool) {
	switch {
	case err == nil:
		s.o.Log.Debug("local Stripe: event delivered", "event", id)
	case last:
		s.o.Log.Error("local Stripe: event given up until the next start", "event", id, "err", err)
	default:
		s.o.Log.Warn("local Stripe: event not delivered, will try again", "event", id, "err", err)
	}
}

func (s *Stripe) post(ctx context.Context, body []byte) error {
	address := s.o.WebhookURL()
	if address == "" {
		return errors.New("there is no webhook address yet")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Stripe/1.0 (stand-in)")
	// Receivers compare with their own clock, so the time of Options.Now, which
	// may be far from it, will not do.
	r.Header.Set("Stripe-Signature", sign(s.o.WebhookSecret, time.Now(), body))
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %s", resp.Status)
	}
	return nil
}

// sign makes the Stripe-Signature header.
func sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))
}
