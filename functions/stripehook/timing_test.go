package stripehook_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pilothandbook/functions/stripehook"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// TestTiming sends signatures that are wrong from the first digit and such that
// are wrong in the last alone: neither answer nor time tells how much of one is
// right. Times are judged with many samples only, on a machine that does nothing
// else:
//
//	go test ./functions/stripehook -run TestTiming -timing=100000 -timeout 1h
func TestTiming(t *testing.T) {
	p := platformtest.New(t)
	h := router.New(p, stripehook.Routes(p)...)
	body := platformtest.Event(t, "evt_1", "customer.created", map[string]string{"id": "cus_1"})
	answers := map[bool]string{}
	n := *platformtest.Timing
	var signed string
	early, late := platformtest.Samples(n, func(i int, last bool) {
		if signed == "" || i%1000 == 0 { // as signatures grow old
			signed = platformtest.SignedEvent(t, p, body).Header.Get("Stripe-Signature")
		}
		at := strings.Index(signed, "v1=") + len("v1=")
		if last {
			at = len(signed) - 1
		}
		wrong := []byte(signed)
		wrong[at] = map[bool]byte{true: '1', false: '0'}[wrong[at] == '0']
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/stripe/webhook", strings.NewReader(body))
		r.Header.Set("Stripe-Signature", string(wrong))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		w.Header().Del("X-Request-Id")
		answers[last] = fmt.Sprint(w.Code, w.Header(), w.Body)
		if w.Code != http.StatusBadRequest {
			t.Fatalf("%s: %s", wrong, answers[last])
		}
	})
	if answers[true] != answers[false] {
		t.Errorf("early:\n%s\nlate:\n%s", answers[false], answers[true])
	}
	apart := platformtest.Welch(early, late)
	t.Logf("%d of each: t = %.2f, medians %.2f µs and %.2f µs", n, apart, platformtest.Median(early), platformtest.Median(late))
	if n >= platformtest.TimingJudged && math.Abs(apart) >= 4.5 {
		t.Errorf("t = %.2f", apart)
	}
}
