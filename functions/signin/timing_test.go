package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"pilothandbook/functions/signin"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// TestTiming asks for codes by addresses that have an account and by such that
// have none: neither answer nor time tells them apart. Times are judged with
// many samples only, on a machine that does nothing else:
//
//	go test ./functions/signin -run TestTiming -timing=20000 -timeout 1h
func TestTiming(t *testing.T) {
	p := platformtest.New(t)
	n := *platformtest.Timing
	platformtest.Exec(t, p, `INSERT INTO users (id, email) SELECT gen_random_uuid(), 'a' || lpad(i::text, 7, '0') || '@example.com' FROM generate_series(0, $1::int) AS i`, n)
	h := router.New(p, signin.Routes(p)...)
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|signin=[^;]*`)
	answers := map[bool]string{}
	asked := 0
	known, unknown := platformtest.Samples(n, func(i int, none bool) {
		if asked++; asked%1000 == 0 { // what counts how often somebody asks
			if err := p.Redis.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
		email := fmt.Sprintf("%s%07d@example.com", map[bool]string{false: "a", true: "b"}[none], i)
		r := platformtest.Form(t, nil, "/signin", "email="+email)
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", asked>>16&255, asked>>8&255, asked&255))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", email, w.Code, w.Body)
		}
		a := ids.ReplaceAllString(fmt.Sprint(w.Code, w.Header(), w.Body), "<id>")
		a = strings.ReplaceAll(a, email, "<email>")
		if before, ok := answers[none]; ok && before != a {
			t.Fatalf("answers differ:\n%s\n%s", before, a)
		}
		answers[none] = a
	})
	if answers[true] != answers[false] {
		t.Errorf("known:\n%s\nunknown:\n%s", answers[false], answers[true])
	}
	same, apart := platformtest.MannWhitney(known, unknown), platformtest.Median(known)-platformtest.Median(unknown)
	t.Logf("%d of each: p = %.4f, medians %.1f µs and %.1f µs", n, same, platformtest.Median(known), platformtest.Median(unknown))
	if n >= platformtest.TimingJudged && (same <= 0.01 || apart > 1000 || apart < -1000) {
		t.Errorf("p = %.4f, medians apart by %.1f µs", same, apart)
	}
}
