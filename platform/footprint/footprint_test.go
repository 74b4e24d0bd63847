package footprint_test

import (
	"runtime"
	"runtime/metrics"
	"testing"

	"pilothandbook/platform/footprint"
)

// goal returns at how many bytes of heap Go begins the next collection.
func goal() int {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

func TestFloor(t *testing.T) {
	const floor = 32 << 20
	before := goal()
	release := footprint.Floor(floor)
	if risen := goal() - before; risen < floor*5/4 { // the floor itself, and garbage of it by GOGC
		t.Errorf("garbage is collected at %d bytes more, with a floor of %d", risen, floor)
	}
	release()
	if left := goal() - before; left > floor/2 {
		t.Errorf("garbage is collected at %d bytes more after the release", left)
	}
}
