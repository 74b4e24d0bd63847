// Package money does what must be asked of Stripe: it gives payments back that
// bought nothing or that an operator gives back, and finds what Stripe knows
// and the inbox does not.
//
// Every call that moves money carries the id of a row as its idempotency key,
// with the number of refusals that it got, and gives back all that is left of
// one payment: Stripe itself refuses to do so twice. What follows from a refund is settled by the event that tells it,
// as for any other.
package money

import (
	"time"

	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/stripeapi"
)

// Jobs are the jobs of this package.
type Jobs struct {
	db      *db.Pool
	stripe  *stripeapi.API
	inbox   inbox.Inbox
	monitor *monitor.Monitor
	site    string // the handbook's address
	now     func() time.Time
}

// New returns the jobs of a process.
func New(p *platform.Platform) Jobs {
	return Jobs{db: p.DB, stripe: p.Stripe, inbox: inbox.Of(p), monitor: p.Monitor, site: p.Config.AuthURL, now: func() time.Time { return p.Now() }}
}
