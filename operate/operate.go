// Package operate does what an operator asks for by a word of the program:
// judge events again, compare with Stripe, check that the books agree.
package operate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/inbox"
	"pilothandbook/platform"
	"pilothandbook/platform/queue"
	"pilothandbook/worker/money"
)

// Replay judges quarantined events again by the rules of this program: one by
// its id, or "all". What follows is written as the webhook would; what is
// settled already stays as it is, so that it can be repeated.
func Replay(ctx context.Context, p *platform.Platform, out io.Writer, which string) error {
	in := inbox.Of(p)
	ids := []string{which}
	if which == "all" {
		var err error
		if ids, err = in.Quarantined(ctx); err != nil {
			return err
		}
	}
	states := map[string]int{}
	for _, id := range ids {
		o, err := in.Replay(ctx, id, "handbook replay")
		if err != nil {
			return unknown(id, err)
		}
		states[o.State]++
		became(out, id, o)
	}
	fmt.Fprintf(out, "%d events: %d settled, %d ignored, %d still quarantined\n", len(ids),
		states[purchase.Settled], states[purchase.Ignored], states[purchase.Quarantined])
	return nil
}

// Seen closes a quarantined event from which nothing is to follow here, as an
// operator has done by hand what it asks for.
func Seen(ctx context.Context, p *platform.Platform, out io.Writer, id string) error {
	o, err := inbox.Of(p).Seen(ctx, id, "handbook replay --seen")
	if err != nil {
		return unknown(id, err)
	}
	became(out, id, o)
	return nil
}

func unknown(id string, err error) error {
	if errors.Is(err, inbox.ErrNoEvent) {
		return fmt.Errorf("the inbox has no event %q", id)
	}
	return err
}

func became(out io.Writer, id string, o purchase.Outcome) {
	says := id + " is " + o.State
	if o.Reason != "" {
		says += ": " + o.Reason
	}
	fmt.Fprintln(out, says)
}

// Reconcile compares what Stripe knows with what the inbox has, as the worker
// does every few minutes. After a backup was restored it first has the jobs wait
// again that the backup has as queued, and writes the checkouts again that are
// younger.
func Reconcile(ctx context.Context, p *platform.Platform, restored bool, out io.Writer) error {
	jobs := money.New(p)
	if restored {
		waiting, err := queue.UnqueueAll(ctx, p.DB)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d jobs wait again whose place in Redis was lost\n", waiting)
		n, elsewhere, err := jobs.Recall(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d checkouts were lost, and are written again\n", n)
		if elsewhere > 0 {
			fmt.Fprintf(out, "%d are left alone that do not lead back to %s; was the handbook at another address, run this once more with it as AUTH_URL\n", elsewhere, p.Config.AuthURL)
		}
	}
	f, err := jobs.Reconcile(ctx, func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) })
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d events since %s, %d of them new; %d open sessions read, %d with news; %d wait for an operator\n",
		f.Events, f.Since.UTC().Format("2006-01-02 15:04"), f.Missed, f.Sessions, f.Settled, f.Waiting)
	return nil
}
