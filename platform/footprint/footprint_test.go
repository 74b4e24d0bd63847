package footprint_test

import (
	"runtime"
	"testing"

	"pilothandbook/platform/footprint"
)

var sink []byte

// collections returns how often garbage is collected while so many MiB of it are
// made.
func collections(mib int) uint32 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range mib << 10 {
		sink = make([]byte, 1<<10)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func TestFloor(t *testing.T) {
	without := collections(256)
	release := footprint.Floor(32 << 20)
	with := collections(256)
	release()
	if with*2 > without {
		t.Errorf("garbage is collected %d times, and %d times without a floor", with, without)
	}
}
