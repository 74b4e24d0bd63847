package footprint_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pilothandbook/platform/footprint"
)

// kib returns a field of what Linux tells of this process's memory.
func kib(t *testing.T, field string) (n int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(status), field+":")
	if _, err := fmt.Sscan(rest, &n); !found || err != nil {
		t.Fatalf("no %s in %s", field, status)
	}
	return n
}

// fresh runs the test in a process of its own, and reports whether this is it.
func fresh(t *testing.T) bool {
	t.Helper()
	const mark = "HANDBOOK_TEST_FRESH"
	if os.Getenv(mark) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), mark+"=yes")
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

func TestFloorIsNoMemory(t *testing.T) {
	if !fresh(t) {
		return
	}
	before := kib(t, "RssAnon")
	defer footprint.Floor(256 << 20)()
	if grown := kib(t, "RssAnon") - before; grown > 16<<10 {
		t.Errorf("%d KiB are resident", grown)
	}
}

func TestGiveBack(t *testing.T) {
	if !fresh(t) {
		return
	}
	before := kib(t, "RssFile")
	if err := footprint.GiveBack(); err != nil {
		t.Fatal(err)
	}
	if after := kib(t, "RssFile"); after >= before {
		t.Errorf("%d KiB of the program are resident, %d before", after, before)
	}
}
