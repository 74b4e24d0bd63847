package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// keepsAll is the only maxmemory-policy under which Redis never throws away
// what it has accepted: when it is full it says so, and the relay tries again.
const keepsAll = "noeviction"

// Fit waits until Redis answers and refuses one that is set to throw tickets
// away when its memory is full, which nobody would be told of. A Redis that
// does not tell its policy is warned of and taken.
func Fit(ctx context.Context, r redis.UniversalClient, log *slog.Logger) error {
	for ; ctx.Err() == nil; pauseFor(ctx, time.Second) {
		if err := r.Ping(ctx).Err(); err != nil {
			log.WarnContext(ctx, "waiting for Redis", "err", err)
			continue
		}
		fits, err := Fits(ctx, r)
		_, unfit := errors.AsType[Unfit](err)
		switch {
		case fits || unfit:
			return err
		case err == nil:
			log.WarnContext(ctx, "Redis does not tell its maxmemory-policy; see to it that it is "+keepsAll)
			return nil
		}
		log.WarnContext(ctx, "waiting for Redis", "err", err)
	}
	return ctx.Err()
}

// Unfit is the error of a Redis with this policy.
type Unfit string

// Error says what to do.
func (u Unfit) Error() string {
	return fmt.Sprintf("this Redis throws jobs away when its memory is full: its maxmemory-policy is %q and must be %q.\n"+
		"Set it with: redis-cli CONFIG SET maxmemory-policy noeviction\n"+
		"and, so that it stays, in its configuration. On Railway: add --maxmemory-policy noeviction to the start command of the Redis service", string(u), keepsAll)
}

// Fits reports whether Redis says that it keeps what it has accepted. One that
// does not tell is neither fit nor Unfit.
func Fits(ctx context.Context, r redis.UniversalClient) (bool, error) {
	info, err := r.Info(ctx, "memory").Result()
	if _, refused := errors.AsType[redis.Error](err); err != nil && !refused {
		return false, err
	}
	switch policy := policyIn(info); policy {
	case "", keepsAll:
		return policy == keepsAll, nil
	default:
		return false, Unfit(policy)
	}
}

// policyIn finds the policy in what INFO answered.
func policyIn(info string) string {
	for line := range strings.Lines(info) {
		if policy, ok := strings.CutPrefix(line, "maxmemory_policy:"); ok {
			return strings.TrimSpace(policy)
		}
	}
	return ""
}
