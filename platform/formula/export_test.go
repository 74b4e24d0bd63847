package formula

import (
	"time"

	"github.com/dop251/goja"
)

// Run asks the script about a formula that was not bounded before.
func (s *Setter) Run(tex string) (string, error) { return s.run(tex, true) }

// Slow has a Setter think that formulas took so long beyond what is usual.
func (s *Setter) Slow(d time.Duration) { s.slow += d }

// Took tells how long formulas took beyond that.
func (s *Setter) Took() time.Duration { return s.slow }

// Forget has a Setter begin anew, with the engine that it has.
func (s *Setter) Forget() { s.known, s.slow = nil, 0 }

// Hang has the script never end.
func (s *Setter) Hang() {
	s.call = func(goja.Value, ...goja.Value) (goja.Value, error) { return s.vm.RunString("for (;;) {}") }
}

// Check is what becomes of MathML, whatever wrote it.
var Check = check

// Loop is what an endless loop gives when it is limited, and what the engine
// says after it.
func Loop(limit time.Duration) (after int64, err error) {
	vm := goja.New()
	stop := interruptAfter(vm, limit)
	_, err = vm.RunString("for (;;) {}")
	stop()
	v, _ := vm.RunString("1 + 1")
	return v.ToInteger(), err
}
