package formula

import (
	"time"

	"github.com/dop251/goja"
)

// Run asks the script about a formula that was not bounded before.
func (s *Setter) Run(tex string) (string, error) { return s.run(tex, true) }

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
