//go:build chaos && linux

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/operate/chaos"
	"pilothandbook/platform/local/pay"
)

// story is what one reader does.
type story func(context.Context, *reader) error

// told is a story, how often it is told, and how many more readers it takes.
type told struct {
	often   int
	tell    story
	friends int
}

// stories returns all there are.
func stories() map[string]told {
	return map[string]told{
		"buys and closes the tab":    {25, buysBlind, 0},
		"buys and comes back":        {12, buysAndReads, 0},
		"comes back in eight tabs":   {8, manyTabs, 0},
		"is refunded":                {6, isRefunded, 0},
		"is refunded in part":        {5, isRefundedInPart, 0},
		"disputes and wins":          {3, disputes(pay.Lose), 0},
		"disputes and loses":         {4, disputes(pay.Win), 0},
		"disputes":                   {2, disputes(""), 0},
		"pays later":                 {6, paysLater(pay.Arrive), 0},
		"pays later, but does not":   {4, paysLater(pay.Fail), 0},
		"is about to pay":            {2, paysLater(""), 0},
		"leaves":                     {3, leaves, 0},
		"lets it expire, buys again": {4, expires, 0},
		"buys a part and the whole":  {6, buysTwice, 0},
		"buys what is left":          {4, buysTheRest, 0},
		"disputes, buys again":       {4, buysAgain, 0},
		"buys, then leaves for good": {4, buysAndGoes, 0},
		"leaves for good, then pays": {4, goesAndPays, 0},
		"clicks four times":          {4, clicks, 0},

		"gives":                                 {6, gives, 1},
		"gives, and two redeem it at once":      {4, givesToTwo, 2},
		"gives, and nobody redeems it":          {2, givesToNobody, 0},
		"gives, and asks the money back":        {4, givesAndTakesBack(pay.Refund), 1},
		"gives, and wins a dispute":             {3, givesAndTakesBack(pay.Dispute, pay.Lose), 1},
		"gives, and loses a dispute":            {3, givesAndTakesBack(pay.Dispute, pay.Win), 1},
		"gives, and disputes":                   {2, givesAndTakesBack(pay.Dispute), 1},
		"gives, then leaves for good":           {4, givesAndGoes, 1},
		"gives to somebody who is about to pay": {4, givesToBuyer, 1},
	}
}

// cast deals out n stories, in the order that the seed says.
func cast(rng *rand.Rand, n int) []string {
	var deck []string
	all := stories()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		deck = append(deck, slices.Repeat([]string{name}, all[name].often)...)
	}
	var dealt []string
	for len(dealt) < n {
		rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		dealt = append(dealt, deck...)
	}
	return dealt[:n]
}

func (r *reader) part() string {
	return slices.Sorted(maps.Keys(chaos.Parts()))[r.rng.IntN(2)]
}

// pause waits a moment, sometimes none.
func (r *reader) pause(ctx context.Context, most time.Duration) {
	select {
	case <-time.After(time.Duration(r.rng.Int64N(int64(most)))):
	case <-ctx.Done():
	}
}

// begin opens a checkout that must be possible.
func (r *reader) begin(ctx context.Context, module string, more ...string) (string, error) {
	session, err := r.checkout(ctx, module, more...)
	if err == nil && session == "" {
		err = fmt.Errorf("%s cannot be bought", module)
	}
	return session, err
}

func (r *reader) do(session string, d pay.Deed) error {
	if d == "" {
		return nil
	}
	if d == pay.Pay || d == pay.PayLater {
		r.load.sold.Add(1)
	}
	return r.till.Do(session, d)
}

// buy opens a checkout and pays.
func (r *reader) buy(ctx context.Context, module string) (string, error) {
	session, err := r.begin(ctx, module)
	if err != nil {
		return "", err
	}
	r.pause(ctx, 100*time.Millisecond)
	return session, r.do(session, pay.Pay)
}

// comeBack loads the page that Stripe sends the buyer to.
func (r *reader) comeBack(ctx context.Context, session string) error {
	_, err := r.order(ctx, session)
	return err
}

// order returns that page.
func (r *reader) order(ctx context.Context, session string) (string, error) {
	s, err := r.till.api.CheckoutSessions.Get(session, nil)
	if err != nil {
		return "", err
	}
	a, err := r.ask(ctx, http.MethodGet, "/orders/"+s.Metadata["checkout"]+"?paid=1", "", "")
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("return page: %d %.300s", a.status, a.body)
	}
	return a.body, err
}

// waits until a module is open, or closed. It reports whether it became so.
func (r *reader) waits(ctx context.Context, module string, open bool, patience time.Duration) bool {
	return until(ctx, patience, func() bool {
		modules, _, err := r.opens(ctx)
		return err == nil && slices.Contains(modules, module) == open
	})
}

func buysBlind(ctx context.Context, r *reader) error {
	_, err := r.buy(ctx, r.part())
	return err
}

func buysAndReads(ctx context.Context, r *reader) error {
	module := r.part()
	session, err := r.buy(ctx, module)
	if err != nil {
		return err
	}
	return r.reads(ctx, session, module)
}

// reads comes back from Stripe until the page says thank you; it tells one to
// look again while it cannot. Then the module is open.
func (r *reader) reads(ctx context.Context, session, module string) error {
	var page string
	var err error
	thanked := until(ctx, patience, func() bool {
		page, err = r.order(ctx, session)
		return err != nil || strings.Contains(page, "<h1>Thank you")
	})
	switch {
	case err != nil:
		return err
	case !thanked:
		return fmt.Errorf("%s was paid, the page was loaded, and does not say thank you", module)
	}
	return r.sees(ctx, module, time.Now())
}

// stale is for how long after an answer a process may not know of it.
const stale = time.Second

// sees wants a module to be open to who was told so. Who asks later than stale
// must not hear anything else.
func (r *reader) sees(ctx context.Context, module string, told time.Time) error {
	for {
		asked := time.Now()
		modules, _, err := r.opens(ctx)
		if err != nil || slices.Contains(modules, module) {
			return err
		}
		if late := asked.Sub(told); late > stale {
			return fmt.Errorf("the page says that %s is open, and %s later it is not", module, late)
		}
		r.pause(ctx, 100*time.Millisecond)
	}
}

func manyTabs(ctx context.Context, r *reader) error {
	module := r.part()
	session, err := r.buy(ctx, module)
	if err != nil {
		return err
	}
	errs := make([]error, 8)
	var tabs sync.WaitGroup
	for i := range errs {
		tab := *r // with randomness of its own
		tab.rng = rand.New(rand.NewPCG(r.rng.Uint64(), 0))
		tabs.Go(func() { errs[i] = tab.reads(ctx, session, module) })
	}
	tabs.Wait()
	return errors.Join(errs...)
}

func isRefunded(ctx context.Context, r *reader) error {
	session, err := r.buy(ctx, r.part())
	if err != nil {
		return err
	}
	r.pause(ctx, 300*time.Millisecond)
	return r.do(session, pay.Refund)
}

func isRefundedInPart(ctx context.Context, r *reader) error {
	session, err := r.buy(ctx, r.part())
	if err != nil {
		return err
	}
	for range 1 + r.rng.IntN(2) {
		if err := r.refund(session, 100+r.rng.Int64N(2000)); err != nil {
			return err
		}
		r.pause(ctx, 100*time.Millisecond)
	}
	return nil
}

// refund gives back some of what was paid for a session, as the seller's clerk
// would.
func (r *reader) refund(session string, amount int64) error {
	s, err := r.till.api.CheckoutSessions.Get(session, nil)
	if err != nil {
		return err
	}
	_, err = r.till.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &s.PaymentIntent.ID, Amount: &amount})
	return err
}

func disputes(end pay.Deed) story {
	return func(ctx context.Context, r *reader) error {
		session, err := r.buy(ctx, r.part())
		if err != nil {
			return err
		}
		r.pause(ctx, 200*time.Millisecond)
		if err := r.do(session, pay.Dispute); err != nil {
			return err
		}
		r.pause(ctx, 200*time.Millisecond)
		return r.do(session, end)
	}
}

func paysLater(end pay.Deed) story {
	return func(ctx context.Context, r *reader) error {
		session, err := r.begin(ctx, r.part())
		if err != nil {
			return err
		}
		if err := r.do(session, pay.PayLater); err != nil {
			return err
		}
		if r.rng.IntN(2) == 0 {
			if err := r.comeBack(ctx, session); err != nil {
				return err
			}
		}
		r.pause(ctx, 500*time.Millisecond)
		return r.do(session, end)
	}
}

func leaves(ctx context.Context, r *reader) error {
	_, err := r.begin(ctx, r.part())
	return err
}

func expires(ctx context.Context, r *reader) error {
	module := r.part()
	session, err := r.begin(ctx, module)
	if err != nil {
		return err
	}
	if _, err := r.till.api.CheckoutSessions.Expire(session, nil); err != nil {
		return err
	}
	second, err := r.buy(ctx, module)
	if err == nil && second == session {
		err = fmt.Errorf("an expired checkout is offered again")
	}
	return err
}
