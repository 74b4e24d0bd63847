//go:build chaos && linux

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"pilothandbook/platform/local/pay"
)

var codes = regexp.MustCompile(`\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b`)

// give buys a gift and returns its session and code, which is on the page of
// the order and in a mail.
func (r *reader) give(ctx context.Context, module string) (session, code string, err error) {
	if session, err = r.begin(ctx, module, "gift"); err != nil {
		return session, "", err
	}
	r.load.mu.Lock()
	r.gifts[session] = true
	r.load.mu.Unlock()
	r.pause(ctx, 100*time.Millisecond)
	if err := r.do(session, pay.Pay); err != nil {
		return session, "", err
	}
	byMail := r.rng.IntN(2) == 0
	// A mail that Redis lost waits a minute, and may be lost again meanwhile.
	found := until(ctx, 2*patience, func() bool {
		var text string
		if text, err = r.order(ctx, session); err != nil {
			return false
		}
		if byMail {
			l, _ := r.mails.lastTo(r.email, "Your gift:")
			text = l.text
		}
		code = codes.FindString(text)
		return code != ""
	})
	if !found {
		return session, "", fmt.Errorf("the gift of session %s was paid, and no code comes, by mail: %v, %v", session, byMail, err)
	}
	return session, code, nil
}

// redeem redeems the code of a session, and reports whether it counted.
func (r *reader) redeem(ctx context.Context, session, module, code string) (bool, error) {
	a, err := r.ask(ctx, http.MethodPost, "/redeem", form, url.Values{"code": {code}}.Encode())
	if err != nil {
		return false, err
	}
	if a.status == http.StatusConflict {
		return false, nil
	}
	var opened struct{ Module string }
	if err := json.Unmarshal([]byte(a.body), &opened); err != nil || a.status != http.StatusOK || opened.Module != module {
		return false, fmt.Errorf("redeem a code of %s: %d %.300s", module, a.status, a.body)
	}
	r.load.mu.Lock()
	defer r.load.mu.Unlock()
	if who := r.redeemed[session]; who != "" && who != r.id {
		return false, fmt.Errorf("the code of session %s counted for %s and for %s", session, who, r.id)
	}
	r.redeemed[session] = r.id
	return true, nil
}

// gets redeems a code that has to count.
func (r *reader) gets(ctx context.Context, session, module, code string) error {
	ok, err := r.redeem(ctx, session, module, code)
	if err == nil && !ok {
		err = fmt.Errorf("the code of session %s does not count for %s", session, r.id)
	}
	return err
}

func gives(ctx context.Context, r *reader) error {
	module, friend := r.part(), r.friends[0]
	session, code, err := r.give(ctx, module)
	if err != nil {
		return err
	}
	for range 2 { // the second time tells what the first one did
		if err := friend.gets(ctx, session, module, code); err != nil {
			return err
		}
	}
	if !friend.waits(ctx, module, true, patience) {
		return fmt.Errorf("%s redeemed a gift of %s, and it does not open", friend.id, module)
	}
	return nil
}

func givesToTwo(ctx context.Context, r *reader) error {
	module := r.part()
	session, code, err := r.give(ctx, module)
	if err != nil {
		return err
	}
	got, errs := make([]bool, 2), make([]error, 2)
	var both sync.WaitGroup
	for i, friend := range r.friends {
		both.Go(func() { got[i], errs[i] = friend.redeem(ctx, session, module, code) })
	}
	both.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if got[0] == got[1] {
		return fmt.Errorf("of two who redeem a code at once it counts for %v", got)
	}
	return nil
}

func givesToNobody(ctx context.Context, r *reader) error {
	_, _, err := r.give(ctx, r.part())
	return err
}

// givesAndTakesBack has the money go back while the code is redeemed: before,
// after, or at the same moment.
func givesAndTakesBack(how ...pay.Deed) story {
	return func(ctx context.Context, r *reader) error {
		module := r.part()
		session, code, err := r.give(ctx, module)
		if err != nil {
			return err
		}
		order := r.rng.IntN(3)
		var failed error
		var both sync.WaitGroup
		both.Go(func() {
			if order == 0 {
				r.friends[0].pause(ctx, time.Second)
			}
			_, failed = r.friends[0].redeem(ctx, session, module, code)
		})
		if order == 1 {
			both.Wait()
		}
		for _, d := range how {
			if err = r.do(session, d); err != nil {
				break
			}
			r.pause(ctx, 200*time.Millisecond)
		}
		both.Wait()
		if err == nil {
			err = failed
		}
		return err
	}
}

// givesAndGoes has a gift outlive its giver, and sometimes the money go back
// after that.
func givesAndGoes(ctx context.Context, r *reader) error {
	module, friend := r.part(), r.friends[0]
	session, code, err := r.give(ctx, module)
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return r.leave(ctx) },
		func() error { return friend.gets(ctx, session, module, code) },
	}
	if r.rng.IntN(2) == 0 {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return r.do(session, []pay.Deed{"", pay.Refund, pay.Dispute}[r.rng.IntN(3)])
}

// givesToBuyer has a gift redeemed by somebody who has a page of Stripe open
// for the same module, and pays there.
func givesToBuyer(ctx context.Context, r *reader) error {
	module, friend := r.part(), r.friends[0]
	session, code, err := r.give(ctx, module)
	if err != nil {
		return err
	}
	open, err := friend.begin(ctx, module)
	if err != nil {
		return err
	}
	if err := friend.gets(ctx, session, module, code); err != nil {
		return err
	}
	_ = friend.do(open, pay.Pay) // unless the page was closed
	return nil
}
