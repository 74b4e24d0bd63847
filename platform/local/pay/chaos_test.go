package pay_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
)

func (s *shop) settled() {
	s.t.Helper()

	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.pay.Settled(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// came returns the sessions of the events that came, in order.
func (h *hook) came() []string {
	var ids []string
	for len(h.events) > 0 {
		e := <-h.events
		ids = append(ids, e.GetObjectValue("id"))
	}
	return ids
}

func TestDelivery(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name    string
		mode    pay.Delivery
		copies  int
		ordered bool
		pending int64
	}{
		{"in order", pay.Delivery{Parallel: 1}, 1, true, 0},
		{"twice", pay.Delivery{Parallel: 1, Copies: 2}, 2, true, 0},
		{"shuffled", pay.Delivery{Shuffle: true, Parallel: 1}, 1, false, 0},
		{"at once", pay.Delivery{Parallel: 20}, 1, false, 0},
		{"dropped", pay.Delivery{Drop: true}, 0, true, 1},
		{"disabled", pay.Delivery{Disabled: true}, 0, true, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			held := tc.mode
			held.Hold = true
			s := open(t, listen(t), func(o *pay.Options) { o.Delivery = held })
			var sold []string
			for range 20 {
				sold = append(sold, slices.Repeat([]string{s.sold().ID}, tc.copies)...)
			}
			if early := s.hook.came(); len(early) != 0 {
				t.Errorf("%d came while held", len(early))
			}
			s.pay.Deliver(tc.mode)
			s.settled()
			got := s.hook.came()
			if !tc.ordered {
				if tc.mode.Shuffle && cmp.Equal(got, sold) {
					t.Error("20 events came in the order they happened")
				}
				slices.Sort(got)
				slices.Sort(sold)
			}
			if !cmp.Equal(got, sold) {
				t.Error(cmp.Diff(sold, got))
			}
			undelivered := s.events(&stripe.EventListParams{DeliverySuccess: stripe.Bool(false)})
			if want := 40 * int(tc.pending); len(undelivered) != want || s.events(nil)[0].PendingWebhooks != tc.pending {
				t.Errorf("%d undelivered, want %d", len(undelivered), want)
			}
		})
	}
}

func TestResend(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t), func(o *pay.Options) { o.Delivery = pay.Delivery{Drop: true} })
	sold := s.sold()
	s.settled()
	s.pay.Deliver(pay.Delivery{})
	lost := s.events(&stripe.EventListParams{DeliverySuccess: stripe.Bool(false), Type: stripe.String("checkout.session.*")})
	for range 2 {
		if err := s.pay.Resend(lost[0].ID); err != nil {
			t.Fatal(err)
		}
		if e := s.hook.next(); e.ID != lost[0].ID || e.GetObjectValue("id") != sold.ID {
			t.Errorf("%s of %s", e.ID, e.GetObjectValue("id"))
		}
	}
	s.settled()
	if got, err := s.api.Events.Get(lost[0].ID, nil); err != nil || got.PendingWebhooks != 0 {
		t.Errorf("resent: %v, %+v", err, got)
	}
	if err := s.pay.Resend("evt_none"); err == nil {
		t.Error("an unknown event was sent")
	}
}

func TestLiveRetry(t *testing.T) {
	t.Parallel()

	var sum, last time.Duration
	for _, w := range pay.LiveRetry(1) {
		if w < last {
			t.Errorf("waits %s after %s", w, last)
		}
		sum, last = sum+w, w
	}
	if sum < 48*time.Hour || sum > 72*time.Hour {
		t.Errorf("tries for %s, want up to three days", sum)
	}
	if short := pay.LiveRetry(0.001)[0]; short != 300*time.Millisecond {
		t.Errorf("scaled: %s", short)
	}
}

// TestManySales sells ten thousand times; were any step's work to grow with
// what was sold before, this would take minutes.
func TestManySales(t *testing.T) {
	t.Parallel()

	const sales = 10_000
	s := open(t, listen(t), func(o *pay.Options) { o.Delivery = pay.Delivery{Hold: true} })
	for i := range sales {
		made := s.create(func(p *stripe.CheckoutSessionParams) {
			p.SetIdempotencyKey(fmt.Sprint("checkout-", i))
		})
		s.perform(made.ID, pay.Pay)
	}
	n := 0
	p := &stripe.CheckoutSessionListParams{}
	p.Limit = stripe.Int64(100)
	for list := s.api.CheckoutSessions.List(p); list.Next(); n++ {
	}
	if n != sales {
		t.Errorf("%d sessions listed, want %d", n, sales)
	}
}
