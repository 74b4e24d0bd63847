package limit_test

import (
	"testing"

	"pilothandbook/platform/limit"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, remote string
		forwarded    []string
		proxies      int
		want         string
	}{
		{"direct", "192.0.2.1:1234", nil, 0, "192.0.2.1"},
		{"direct, a header is nobody's", "192.0.2.1:1234", []string{"203.0.113.9"}, 0, "192.0.2.1"},
		{"one proxy", "10.0.0.1:1", []string{"203.0.113.9"}, 1, "203.0.113.9"},
		{"one proxy, the reader's own entry first", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9"}, 1, "203.0.113.9"},
		{"own line first", "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.9"}, 1, "203.0.113.9"},
		{"two proxies", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9,10.0.0.2"}, 2, "203.0.113.9"},
		{"fewer than there should be", "10.0.0.1:1", []string{"203.0.113.9"}, 3, "203.0.113.9"},
		{"none", "192.0.2.1:1", nil, 1, "192.0.2.1"},
		{"no address", "192.0.2.1:1", []string{"203.0.113.9, unknown"}, 1, "192.0.2.1"},
		{"empty last", "192.0.2.1:1", []string{"203.0.113.9,"}, 1, "192.0.2.1"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.9:5555"}, 1, "203.0.113.9"},
		{"IPv6", "[2001:db8:1:2:3:4:5:6]:1", nil, 0, "2001:db8:1:2::/64"},
		{"IPv6 in brackets", "10.0.0.1:1", []string{"[2001:db8:1:2::9]"}, 1, "2001:db8:1:2::/64"},
		{"IPv6 with a port", "10.0.0.1:1", []string{"[2001:db8:1:2::9]:443"}, 1, "2001:db8:1:2::/64"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:1", nil, 0, "192.0.2.1"},
		{"with a zone", "[fe80::1%eth0]:1", nil, 0, "fe80::/64"},
		{"Lambda has no port", "203.0.113.9", nil, 0, "203.0.113.9"},
		{"nothing known", "", nil, 0, "unknown"},
		{"a socket", "@", []string{"x"}, 1, "unknown"},
	} {
		if got := limit.Address(from(tc.remote, tc.forwarded...), tc.proxies); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
