package pay_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// TestAge leaves an open session and a payment behind for a month.
func TestAge(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	paid, left := s.sold(), s.create()
	if err := s.pay.Age(29 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := s.events(&stripe.EventListParams{Type: stripe.String("checkout.session.completed")}); len(got) != 1 || time.Since(time.Unix(got[0].Created, 0)) < 28*24*time.Hour {
		t.Errorf("events after 29 days: %v", got)
	}
	later, err := s.api.CheckoutSessions.Get(left.ID, nil)
	if err != nil || later.Status != stripe.CheckoutSessionStatusExpired || later.AmountTotal != left.AmountTotal {
		t.Errorf("an open session after 29 days: %+v, %v", later, err)
	}
	if err := s.pay.Age(2 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := s.events(&stripe.EventListParams{Type: stripe.String("checkout.session.completed")}); len(got) != 0 {
		t.Errorf("events after 31 days: %v", got)
	}
	if was, err := s.api.CheckoutSessions.Get(paid.ID, nil); err != nil || was.PaymentStatus != stripe.CheckoutSessionPaymentStatusPaid {
		t.Errorf("a paid session after 31 days: %+v, %v", was, err)
	}
}
