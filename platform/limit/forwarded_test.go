package limit_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/platform/limit"
)

// FuzzForwarded: behind trusted proxies, which each add the address they saw,
// nothing that a caller writes into X-Forwarded-For changes what is counted.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.9", "", uint8(1))
	f.Add("::ffff:203.0.113.9, [2001:db8::1]:443", "x", uint8(2))
	f.Add(",,,", ",", uint8(3))
	f.Add("203.0.113.9\x00", "\xff", uint8(0))
	f.Add(strings.Repeat("1.1.1.1,", 300), "2001:db8:1:2::", uint8(1))
	f.Fuzz(func(t *testing.T, one, two string, proxies uint8) {
		n := int(proxies % 4)
		seen := func(written ...string) string {
			lines := written
			for i := range n {
				lines = append(lines, []string{"198.51.100.7", "10.0.0.1", "10.0.0.2"}[i])
			}
			joined := http.Header{"X-Forwarded-For": {strings.Join(lines, ", ")}}
			apart := http.Header{"X-Forwarded-For": lines}
			r := &http.Request{Header: joined, RemoteAddr: "198.51.100.7:1"}
			got := limit.Address(r, n)
			r.Header = apart
			if other := limit.Address(r, n); other != got {
				t.Errorf("%q is %s, on lines of their own %s", lines, got, other)
			}
			return got
		}
		if got := seen(one, two); got != "198.51.100.7" {
			t.Errorf("%q, %q behind %d proxies is %s", one, two, n, got)
		}
		if got := seen(); got != "198.51.100.7" {
			t.Errorf("nothing behind %d proxies is %s", n, got)
		}
	})
}
