package operate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
)

// whenLost is what to do about a key that cannot be unwrapped.
const whenLost = "put the key that wrapped it back into CONTENT_ENCRYPTION_KEY of web and worker; if nobody has it any more: handbook rotate-key --lost"

// RotateKey wraps the keys of all modules by the first key of
// CONTENT_ENCRYPTION_KEY, while they are in use, and says which of its keys
// may go. It can be stopped at any moment and be done again.
func RotateKey(ctx context.Context, p *platform.Platform, out io.Writer) error {
	ring := offline.Keyring(p.Config)
	done, err := offline.Rewrap(ctx, p.DB, ring, "handbook rotate-key")
	for _, r := range done {
		fmt.Fprintf(out, "the key of %s is wrapped by %q, no longer by %q\n", r.Module, r.To, r.From)
	}
	by, lookErr := offline.WrappedBy(ctx, p.DB)
	if err := errors.Join(err, lookErr); err != nil {
		return fmt.Errorf("%w\n%s", err, whenLost)
	}
	fmt.Fprintf(out, "%d keys wrapped anew; %d are wrapped by %q\n", len(done), len(by[ring.Current()]), ring.Current())
	for _, k := range p.Config.ContentKeys()[1:] {
		if n := len(by[k.ID]); n > 0 { // by a process that does not know the new one yet
			fmt.Fprintf(out, "%d keys were wrapped by %q meanwhile: do this again once web and worker have the new key\n", n, k.ID)
			continue
		}
		fmt.Fprintf(out, "the key %q is needed no more: take it out of CONTENT_ENCRYPTION_KEY of web and worker\n", k.ID)
	}
	return nil
}

// ReplaceLost gives a new key to each module whose key cannot be unwrapped by
// CONTENT_ENCRYPTION_KEY, and has its packages made again.
func ReplaceLost(ctx context.Context, p *platform.Platform, out io.Writer) error {
	ring := offline.Keyring(p.Config)
	lost, err := offline.LostKeys(ctx, p.DB, ring)
	if err != nil {
		return err
	}
	for _, l := range lost {
		n, err := offline.Replace(ctx, p.DB, ring, l.Module, "handbook rotate-key --lost")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d packages are made again under a new key, and devices fetch them again\n", l.Module, n)
	}
	fmt.Fprintf(out, "%d keys were lost\n", len(lost))
	return nil
}
