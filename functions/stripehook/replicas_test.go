package stripehook_test

import (
	"flag"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/access"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

var interleavings = flag.Int("interleavings", 20, "how many readers TestRefundOnReplicas has")

// TestRefundOnReplicas gives money back through one of two replicas, while
// both are read from. The one that answered Stripe closes what was bought at
// once; the other remembers it for a second at most.
func TestRefundOnReplicas(t *testing.T) {
	t.Parallel()
	p := open(t)
	replicas := [2]*platform.Platform{p, platformtest.Open(t, p.Config)}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var slowest atomic.Int64 // a read that began before the refund may be kept when it ends
	for i := range *interleavings {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, uint64(i)))
			r := sold(t, replicas, &slowest, strconv.Itoa(i)+"@example.com", dice.IntN(2))
			var readers sync.WaitGroup
			stop := make(chan struct{})
			for which := range replicas {
				pause := time.Duration(dice.IntN(20)) * time.Millisecond
				readers.Go(func() {
					for {
						select {
						case <-stop:
							return
						case <-time.After(pause):
							r.open(t, which)
						}
					}
				})
			}
			time.Sleep(time.Duration(dice.IntN(300)) * time.Millisecond)
			answering := dice.IntN(2)
			r.post(t, answering, "charge.refunded", r.charge(nil))
			answered := time.Now()
			if r.open(t, answering) {
				t.Error("the replica that answered still opens what went back")
			}
			for {
				began := time.Now()
				if !r.open(t, 1-answering) {
					break
				}
				if late := began.Sub(answered); late > time.Second+time.Duration(slowest.Load()) {
					t.Errorf("the other replica opens it %v later", late)
					break
				}
				time.Sleep(time.Duration(dice.IntN(30)) * time.Millisecond)
			}
			close(stop)
			readers.Wait()
			if r.open(t, answering) || r.open(t, 1-answering) {
				t.Error("it is open again")
			}
		})
	}
}

// reader is a buyer who reads on two replicas.
type reader struct {
	sale
	*platformtest.User
	replicas [2]*platform.Platform
	slowest  *atomic.Int64
}

// sold has somebody buy, with an event that comes to one of the replicas.
func sold(t *testing.T, replicas [2]*platform.Platform, slowest *atomic.Int64, email string, told int) reader {
	t.Helper()
	r := reader{sell(t, replicas[0]), platformtest.Learner(t, replicas[0], email), replicas, slowest}
	platformtest.Exec(t, replicas[0], `UPDATE checkouts SET user_id = $1 WHERE id = $2`, r.ID, r.checkout)
	r.user = r.ID
	r.post(t, told, completed, r.session(nil))
	if !r.open(t, told) {
		t.Fatal("what was bought is not open")
	}
	return r
}

func (r reader) post(t *testing.T, which int, kind string, o object) {
	t.Helper()
	body := platformtest.Event(t, "evt_"+kind+r.checkout.String(), kind, o)
	if got := platformtest.Send(t, r.replicas[which], stripehook.Routes(r.replicas[which]), platformtest.SignedEvent(t, r.p, body)); got.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", kind, got.Status, got.Body)
	}
}

// open reports whether a replica opens what was bought.
func (r reader) open(t *testing.T, which int) bool {
	t.Helper()
	began := time.Now()
	may := []web.Route{{Method: "GET", Path: "/may", Handle: func(w http.ResponseWriter, r *http.Request) error {
		return web.JSON(w, http.StatusOK, access.Of(r.Context()).Opens)
	}}}
	got := platformtest.Call(t, r.replicas[which], may, r.User, "GET", "/may", nil)
	for took := int64(time.Since(began)); ; {
		if known := r.slowest.Load(); took <= known || r.slowest.CompareAndSwap(known, took) {
			break
		}
	}
	if got.Status != http.StatusOK {
		t.Errorf("reading: %d %s", got.Status, got.Body)
	}
	return got.Body != "[]\n"
}
