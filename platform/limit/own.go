package limit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"pilothandbook/platform/web"
)

// keysMax is how many keys are counted; the least used are forgotten.
const keysMax = 10_000

// own is the count of one process.
type own struct {
	mu   sync.Mutex
	keys *simplelru.LRU[string, *rate.Limiter]
}

func newOwn() *own {
	keys, _ := simplelru.NewLRU[string, *rate.Limiter](keysMax, nil) // fails for a size below one
	return &own{keys: keys}
}

// take counts one for a key, and returns how long to wait; zero is not at all.
func (o *own) take(key string, r web.Rate, now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	k, known := o.keys.Get(key)
	if !known {
		k = rate.NewLimiter(rate.Limit(float64(r.N)/r.Per.Seconds()), r.N)
		o.keys.Add(key, k)
	}
	if k.AllowN(now, 1) {
		return 0
	}
	missing := (1 - k.TokensAt(now)) / float64(k.Limit())
	return max(time.Duration(missing*float64(time.Second)), time.Millisecond)
}
