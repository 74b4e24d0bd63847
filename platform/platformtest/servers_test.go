package platformtest

import "testing"

// Two processes of a test must never be told the same port, although neither
// listens yet.
func TestFreePortIsHandedOutOnce(t *testing.T) {
	seen := map[int]bool{}
	for range 1000 {
		port := FreePort(t)
		if seen[port] {
			t.Fatalf("%d is handed out twice", port)
		}
		seen[port] = true
	}
}
