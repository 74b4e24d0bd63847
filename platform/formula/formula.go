// Package formula sets mathematics, written as in TeX, as MathML that browsers
// lay out without script or inline style.
//
// The work is done by Temml, a script of one file (temml/, MIT licence), inside
// a JavaScript engine written in Go. It gets text and gives text: the engine
// has no file, no network, no clock. What the author writes is bounded before
// (read.go), the time of each formula during, and what comes back is checked
// element by element against a list afterwards (markup.go), so that a fault of
// the script can cost a formula, never more.
package formula

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/dop251/goja"
)

// A Formula is one that has been set.
type Formula struct {
	MathML string // a math element
	Text   string // as a line of text, such as "V_A = V_S √(n)"
}

// An Error is what is wrong with a formula, at an offset in bytes of it.
type Error struct {
	At   int
	Text string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// A Setter sets formulas, one at a time; its zero value is ready. It remembers
// what it has set, because a text is checked first and rendered later: it is
// meant for one text or a folder of them, not to be kept.
type Setter struct {
	mu    sync.Mutex
	vm    *goja.Runtime
	call  goja.Callable
	known map[question]answer
	slow  time.Duration // what formulas took beyond usual
}

type question struct {
	tex     string
	display bool
}

type answer struct {
	formula Formula
	err     error
}

// Set sets a formula, for a line of its own or for one of text. The error is
// an *Error if it is of this formula; another may be of those before it.
func (s *Setter) Set(tex string, display bool) (Formula, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	q := question{tex, display}
	a, ok := s.known[q]
	if !ok {
		a.formula, a.err = s.set(tex, display)
		if s.known == nil {
			s.known = map[question]answer{}
		}
		s.known[q] = a
	}
	return a.formula, a.err
}

func (s *Setter) set(tex string, display bool) (Formula, error) {
	if err := readable(tex); err != nil {
		return Formula{}, err
	}
	if s.slow > maxSlow {
		return Formula{}, errSlow
	}
	began := time.Now()
	src, err := s.run(tex, display)
	s.slow += max(0, time.Since(began)-usual)
	if err != nil {
		return Formula{}, err
	}
	return check(src)
}

// The limits of one formula. It usually takes a millisecond.
const (
	maxTime  = 2 * time.Second
	maxCalls = 3_000 // of functions within each other
)

// The limits of all formulas that a Setter sets. Only what is slow counts, so
// that a great many on a busy machine are no matter.
const (
	usual   = 50 * time.Millisecond
	maxSlow = time.Minute
)

var (
	errTime = errors.New("time is up")
	errSlow = errors.New("those before it took too long together; make them shorter")
)

// run asks the script.
func (s *Setter) run(tex string, display bool) (string, error) {
	if s.vm == nil {
		if err := s.start(); err != nil {
			return "", fmt.Errorf("start Temml: %w", err)
		}
	}
	defer interruptAfter(s.vm, maxTime)()
	v, err := s.call(goja.Undefined(), s.vm.ToValue(tex), s.vm.ToValue(display))
	if err != nil {
		return "", s.reason(err, tex)
	}
	return v.String(), nil
}

// interruptAfter limits what an engine does until stop is called, which leaves
// the engine as it was.
func interruptAfter(vm *goja.Runtime, limit time.Duration) (stop func()) {
	fired := make(chan struct{})
	timer := time.AfterFunc(limit, func() {
		vm.Interrupt(errTime)
		close(fired)
	})
	return func() {
		if !timer.Stop() {
			<-fired
			vm.ClearInterrupt()
		}
	}
}

// reason is what an error of the script means to an author.
func (s *Setter) reason(err error, tex string) error {
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var thrown *goja.Exception
	switch {
	case errors.As(err, &interrupted):
		s.vm = nil // whatever it was doing, it is not to go on
		return &Error{0, "the formula takes too long; make it shorter"}
	case errors.As(err, &overflow):
		s.vm = nil
		return &Error{0, "the formula is nested too deep; make it simpler"}
	case errors.As(err, &thrown):
		return s.thrown(thrown, tex)
	}
	return fmt.Errorf("set a formula: %w", err)
}

// thrown takes from Temml's message its place, and the picture of it.
func (s *Setter) thrown(e *goja.Exception, tex string) error {
	o, ok := e.Value().(*goja.Object)
	if !ok || o.Get("message") == nil {
		return &Error{0, "the formula cannot be set: " + e.Value().String()}
	}
	text := o.Get("message").String()
	for _, end := range []string{" at position ", " at end of input: "} {
		text, _, _ = strings.Cut(text, end)
	}
	at := 0
	if p := o.Get("position"); p != nil && !goja.IsUndefined(p) {
		at = offset(tex, int(p.ToInteger()))
	}
	return &Error{at, strings.TrimSuffix(strings.TrimSpace(text), ".")}
}

// offset is that in bytes of one in UTF-16.
func offset(tex string, units int) int {
	for at, r := range tex {
		if units <= 0 {
			return at
		}
		units -= utf16.RuneLen(r)
	}
	return len(tex)
}

//go:embed temml/temml.min.js
var temml string

// program is the script, and the one function that is called. Macros would
// last from one formula to the next if they were not given anew.
var program = sync.OnceValues(func() (*goja.Program, error) {
	return goja.Compile("temml.min.js", "const console = { log() {}, warn() {}, error() {} };\n"+temml+`
(tex, display) => temml.renderToString(tex, {
	displayMode: display, throwOnError: true, trust: false, strict: false, annotate: false, wrap: "none",
	macros: {}, maxExpand: 200, maxSize: [20, 20],
})`, true)
})

func (s *Setter) start() error {
	p, err := program()
	if err != nil {
		return err
	}
	vm := goja.New()
	vm.SetMaxCallStackSize(maxCalls)
	v, err := vm.RunProgram(p)
	if err != nil {
		return err
	}
	call, ok := goja.AssertFunction(v)
	if !ok {
		return errors.New("it has no function")
	}
	s.vm, s.call = vm, call
	return nil
}
