package stripehook_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"pilothandbook/functions/stripehook"
	"pilothandbook/platform/platformtest"
)

// mutant is a request that somebody makes of one that Stripe sent.
type mutant struct {
	kind    string
	body    string
	headers []string
	good    bool // it says the same
}

const event = `{"id": "evt_1", "type": "customer.created", "created": 1}`

// mutants returns ways to alter a request, each with dice of its own.
func mutants() []func(dice *rand.Rand) mutant {
	v1 := "v1=" + mac(event, current, clock)
	sent := header(clock, v1)
	late := func(kind string, seconds int, good bool) func(*rand.Rand) mutant {
		return func(dice *rand.Rand) mutant {
			at, secret := clock.Add(time.Duration(seconds)*time.Second), []string{current, rolled}[dice.IntN(2)]
			return mutant{kind, event, []string{header(at, "v1="+mac(event, secret, at))}, good}
		}
	}
	return []func(*rand.Rand) mutant{
		func(dice *rand.Rand) mutant {
			return mutant{"bit of the body", flip(dice, event), []string{sent}, false}
		},
		func(dice *rand.Rand) mutant {
			return mutant{"bit of the header", event, []string{flip(dice, sent)}, false}
		},
		func(dice *rand.Rand) mutant {
			return mutant{"bit of the signature", event, []string{header(clock, "v1="+flip(dice, v1[3:]))}, false}
		},
		func(dice *rand.Rand) mutant {
			return mutant{"digit of the time", event, []string{header(clock.Add(time.Duration(1+dice.IntN(299))*time.Second), v1)}, false}
		},
		func(dice *rand.Rand) mutant {
			return mutant{"v0", event, []string{strings.Replace(sent, "v1=", "v0=", 1) + strings.Repeat(",v0=00", dice.IntN(3))}, false}
		},
		func(dice *rand.Rand) mutant {
			wrong := strings.Repeat("v1="+flip(dice, v1[3:])+",", 1+dice.IntN(100))
			return mutant{"many v1", event, []string{header(clock, wrong+"v1=")}, false}
		},
		func(dice *rand.Rand) mutant {
			return mutant{"wrong secret", event, []string{header(clock, "v1="+mac(event, flip(dice, current), clock))}, false}
		},
		func(dice *rand.Rand) mutant {
			other := fmt.Sprintf("t=%d", clock.Unix()+int64(dice.IntN(601)-300))
			return mutant{"two times", event, [][]string{{other + "," + sent}, {sent + "," + other}, {other, sent}, {sent, other}}[dice.IntN(4)], false}
		},
		func(dice *rand.Rand) mutant {
			short := v1[:3+dice.IntN(64)]
			return mutant{"part of the signature", event, []string{header(clock, short)}, false}
		},
		func(*rand.Rand) mutant { return mutant{"gzip", zipped(event), []string{sent}, false} },
		late("301 s old", -301, false), late("301 s to come", 301, false),
		late("299 s old", -299, true), late("299 s to come", 299, true),
		func(dice *rand.Rand) mutant {
			return mutant{"among others", event, []string{header(clock, "v0=00", "v1="+mac(event, flip(dice, current), clock), v1, "v2=x")}, true}
		},
	}
}

// flip changes one bit.
func flip(dice *rand.Rand, text string) string {
	b := []byte(text)
	b[dice.IntN(len(b))] ^= 1 << dice.IntN(8)
	return string(b)
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a buffer takes everything
	_ = z.Close()
	return b.String()
}

// TestMutants: of 10,000 altered requests none is taken in but those that say
// the same. Each goes to the verifier; one in 20 goes the whole way.
func TestMutants(t *testing.T) {
	t.Parallel()

	p := rolling(t)
	routes := stripehook.Routes(p)
	dice, kinds := rand.New(rand.NewPCG(1, 2)), mutants()
	for n := range 10_000 {
		m := kinds[n%len(kinds)](dice)
		r := request(t, m.body, m.headers...)
		err := stripehook.Verify([]byte(m.body), r.Header, []string{current, rolled}, clock)
		if (err == nil) != m.good {
			t.Fatalf("%s, %q with %q: %v", m.kind, m.body, m.headers, err)
		}
		if n%20 != 0 && n >= len(kinds) || m.good {
			continue
		}
		if m.kind == "gzip" {
			r.Header.Set("Content-Encoding", "gzip")
		}
		if got := platformtest.Send(t, p, routes, r); got.Status != http.StatusBadRequest {
			t.Fatalf("%s, %q with %q: status %d", m.kind, m.body, m.headers, got.Status)
		}
	}
	if got := books(t, p); got != "0 0 0 0" {
		t.Errorf("forgeries left %s", got)
	}
}
