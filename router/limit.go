package router

import (
	"net/http"
	"strconv"
	"time"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// limited counts the calls of a route, after it is known that the caller may
// make them, and refuses those over its limit.
func (rt *Router) limited(l web.Limit, handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		reader := ""
		if who := access.Of(r.Context()); who != nil {
			reader = who.User.String()
		}
		wait := rt.limit.Take(r, l, reader)
		if wait == 0 {
			return handle(w, r)
		}
		w.Header().Set("Retry-After", strconv.Itoa(seconds(wait)))
		return fault.New(fault.TooMany, "This was tried too often from your network or account. Please try again in %s.", about(wait))
	}
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// about says a time to wait, rounded up.
func about(d time.Duration) string {
	if d <= time.Minute {
		return "a minute"
	}
	return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + " minutes"
}
