// Package fault is the one error type that carries what a reader is told.
// Every other error is internal: the caller sees a request id, the log sees
// the error.
package fault

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Kind says what went wrong in terms of the caller. The set is closed; its
// HTTP statuses are in package web.
type Kind int

// The kinds of fault. Internal is the zero value, so that a forgotten kind
// never tells a caller more than it should.
const (
	Internal    Kind = iota // ours: logged, not explained
	Invalid                 // the request makes no sense as it is
	TooLarge                // the body is over its limit
	SignedOut               // nobody is signed in
	Unpaid                  // signed in, but the module is not bought
	Forbidden               // signed in, but not allowed
	NotFound                // there is no such thing
	Conflict                // true once, but no longer or already
	TooMany                 // asked too often
	Full                    // no room left to store it
	Unavailable             // a dependency does not answer; trying again helps
	kinds                   // their number
)

// String returns the word for logs and metrics.
func (k Kind) String() string {
	return [...]string{"internal", "invalid", "too large", "signed out", "unpaid", "forbidden", "not found", "conflict", "too many", "full", "unavailable"}[k]
}

// Kinds returns all kinds, for tables and tests.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// Error is an error with words for the reader. Text is shown to the caller
// and says what to do next; Field names the input at fault, if one is; Err is
// for the log alone.
type Error struct {
	Kind  Kind
	Text  string
	Field string
	Err   error
}

// New returns a fault whose text is made by format and args.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// In returns an Invalid fault about one field of the input.
func In(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Text: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e that carries err for the log.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Error returns the text and the cause, for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of returns the fault in err's chain, or an Internal one that wraps err.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Text: "Something went wrong on our side. Nothing you did is lost.", Err: err}
}

// Is reports whether err carries a fault of this kind.
func Is(err error, kind Kind) bool {
	return err != nil && Of(err).Kind == kind
}

// Panic is a panic that was caught, as an error.
type Panic struct {
	Value any
	Stack string
}

// Caught returns what recover returned as an error, with the stack of the panic.
func Caught(v any) *Panic { return &Panic{v, string(debug.Stack())} }

// Error returns the value, and the stack below it.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }
