package job

import (
	"time"

	"pilothandbook/platform/queue"
)

// Money speaks with Stripe: two jobs at once, which wait for no lesson to be
// rendered.
var Money = queue.Queue{Name: "money-queue", Concurrency: 2, Unknown: "Unknown money job type: %s"}

// RefundPayment gives a payment back that the table refunds names.
type RefundPayment struct {
	Payment string `json:"payment"` // as Stripe names it
}

// Job says how it is run: for about a day, as mails are.
func (RefundPayment) Job() queue.Spec {
	return queue.Spec{Kind: "refund-payment", Queue: Money, Timeout: 2 * time.Minute, Failures: 30}
}

// RefundNotice tells the payer that a payment was given back, and why.
type RefundNotice struct {
	Payment string `json:"payment"`
}

// Job says how it is run.
func (RefundNotice) Job() queue.Spec { return email("refund-notice") }

// Reconcile compares what Stripe knows with what the inbox has.
type Reconcile struct{}

// Job says how it is run. The next one comes soon anyway.
func (Reconcile) Job() queue.Spec {
	return queue.Spec{Kind: "reconcile", Queue: Money, Timeout: 5 * time.Minute, Failures: 3}
}
