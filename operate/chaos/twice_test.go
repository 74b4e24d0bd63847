//go:build chaos && linux

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"pilothandbook/operate/chaos"
	"pilothandbook/platform/local/pay"
)

// buysTwice has two pages open at once and pays both.
func buysTwice(ctx context.Context, r *reader) error {
	order := []string{r.part(), chaos.Whole}
	var sessions []string
	for _, module := range order {
		session, err := r.begin(ctx, module)
		if err != nil {
			return err
		}
		sessions = append(sessions, session)
	}
	r.rng.Shuffle(2, func(i, j int) { sessions[i], sessions[j] = sessions[j], sessions[i] })
	for _, session := range sessions {
		if err := r.do(session, pay.Pay); err != nil {
			return err
		}
		r.pause(ctx, 200*time.Millisecond)
	}
	return nil
}

// buysTheRest owns a part and buys the whole, for less.
func buysTheRest(ctx context.Context, r *reader) error {
	if err := buysAndReads(ctx, r); err != nil {
		return err
	}
	_, err := r.buy(ctx, chaos.Whole)
	return err
}

// buysAgain loses what is disputed, buys it once more, and then the bank
// decides.
func buysAgain(ctx context.Context, r *reader) error {
	module := r.part()
	first, err := r.buy(ctx, module)
	if err != nil {
		return err
	}
	if err := r.reads(ctx, first, module); err != nil {
		return err
	}
	if err := r.do(first, pay.Dispute); err != nil {
		return err
	}
	// Where the module stays open, Stripe's messages are being dropped, and there
	// is no reason to buy again.
	if r.waits(ctx, module, false, 15*time.Second) {
		if second, err := r.checkout(ctx, module); err != nil {
			return err
		} else if second != "" {
			if err := r.do(second, pay.Pay); err != nil {
				return err
			}
		}
	}
	return r.do(first, []pay.Deed{pay.Win, pay.Lose}[r.rng.IntN(2)])
}

func buysAndGoes(ctx context.Context, r *reader) error {
	if _, err := r.buy(ctx, r.part()); err != nil {
		return err
	}
	r.pause(ctx, 300*time.Millisecond)
	return r.leave(ctx)
}

// goesAndPays pays on a page that stayed open when the account was deleted.
// Stripe may have been asked to close it.
func goesAndPays(ctx context.Context, r *reader) error {
	session, err := r.begin(ctx, r.part())
	if err != nil {
		return err
	}
	if err := r.leave(ctx); err != nil {
		return err
	}
	if r.do(session, pay.Pay) != nil {
		return nil
	}
	r.load.mu.Lock()
	defer r.load.mu.Unlock()
	r.late[session] = true
	return nil
}

// leave deletes the account, after another sign-in if the one before is not
// fresh any more. Another process may remember its session for a second.
func (r *reader) leave(ctx context.Context) error {
	for range 10 {
		a, err := r.ask(ctx, http.MethodPost, "/account/delete", form, url.Values{"confirm": {r.email}}.Encode())
		if err != nil {
			return err
		}
		gone := until(ctx, 5*time.Second, func() bool {
			_, there, err := r.opens(ctx)
			return err == nil && !there
		})
		switch {
		case gone: // by this try, or by one whose answer was lost
			r.load.mu.Lock()
			defer r.load.mu.Unlock()
			r.deleted[r.id] = true
			return nil
		case a.status == http.StatusUnauthorized:
			r.cookie = ""
			if err := r.arrive(ctx); err != nil {
				return err
			}
		case a.status != http.StatusConflict:
			return fmt.Errorf("delete account: %d to %q %.300s, but its session goes on", a.status, a.location, a.body)
		}
	}
	return fmt.Errorf("the account cannot be deleted")
}

// clicks presses the button four times at once, and pays what it gets: one
// session. It may get several while the former program serves too, and sells by
// other terms: each takes back what the other has offered, and only one can be
// paid.
func clicks(ctx context.Context, r *reader) error {
	module := r.part()
	overlap := !r.webs[0].is(r.bin) || !r.webs[1].is(r.bin)
	sessions, errs := make([]string, 4), make([]error, 4)
	var all sync.WaitGroup
	for i := range sessions {
		click := *r
		click.rng = rand.New(rand.NewPCG(r.rng.Uint64(), 0))
		all.Go(func() { sessions[i], errs[i] = click.begin(ctx, module) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r.load.sold.Add(1)
	slices.Sort(sessions)
	if sessions = slices.Compact(sessions); len(sessions) > 1 && !overlap {
		return fmt.Errorf("four clicks open %q", sessions)
	}
	var refused []error
	for _, s := range sessions {
		if err := r.till.Do(s, pay.Pay); err != nil {
			refused = append(refused, err)
		}
	}
	if paid := len(sessions) - len(refused); paid != 1 {
		return fmt.Errorf("four clicks open %q, of which %d can be paid: %w", sessions, paid, errors.Join(refused...))
	}
	return nil
}
