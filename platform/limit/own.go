package limit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"pilothandbook/platform/web"
)

const (
	stricter = 4      // a process alone allows this part of a rate
	keysMax  = 10_000 // the least used are forgotten
)

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
		n := max(1, r.N/stricter)
		k = rate.NewLimiter(rate.Limit(float64(n)/r.Per.Seconds()), n)
		o.keys.Add(key, k)
	}
	if k.AllowN(now, 1) {
		return 0
	}
	missing := (1 - k.TokensAt(now)) / float64(k.Limit())
	return max(time.Duration(missing*float64(time.Second)), time.Millisecond)
}
