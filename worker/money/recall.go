package money

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
)

// Recall writes the rows of checkouts again that began after the backup which
// was restored, and returns how many, and how many there are of handbooks at
// other addresses. Without its row a payment is quarantined: whether it was
// sold here, and for how much, nothing else tells. It looks back a month at
// least, as a worker that ran since has noted that events were compared.
func (j Jobs) Recall(ctx context.Context) (n, elsewhere int, err error) {
	start := j.now()
	f, err := j.begin(ctx, start)
	if err != nil {
		return 0, 0, err
	}
	since := start.Add(-remembered)
	if f.Gap {
		since = f.Before // events are forgotten, sessions are not
	}
	p := &stripe.CheckoutSessionListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	p.Context = ctx
	p.Limit = stripe.Int64(100)
	list := j.stripe.CheckoutSessions.List(p)
	for list.Next() {
		s := list.CheckoutSession()
		if purchase.SoldElsewhere(j.site, s) {
			elsewhere++
			continue
		}
		lost, err := purchase.Recall(ctx, j.db, j.site, s)
		if err != nil {
			return n, elsewhere, err
		}
		if lost {
			n++
		}
	}
	if err := list.Err(); err != nil {
		return n, elsewhere, fmt.Errorf("sessions since %s: %w", since, err)
	}
	return n, elsewhere, nil
}
