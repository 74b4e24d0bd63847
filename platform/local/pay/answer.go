package pay

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
)

// answer is what a call got, kept under its Idempotency-Key.
type answer struct {
	Status  int    `json:"status"`
	Body    string `json:"body"`
	Request string `json:"request"`         // id of the request that was answered
	Target  string `json:"target"`          // its method and path
	Print   string `json:"print,omitempty"` // hash of its parameters
	Created int64  `json:"created"`
}

func succeeded(o object, request string) *answer {
	return &answer{Status: http.StatusOK, Body: string(o.pretty()), Request: request}
}

func failed(err error, request string) *answer {
	e := refusal(err)
	return &answer{Status: e.status, Body: string(object{"error": e}.pretty()), Request: request}
}

func (a *answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.Status)
	io.WriteString(w, a.Body) //nolint:errcheck // the caller has gone
}

// once answers a call, or repeats the answer that its Idempotency-Key got. As
// with Stripe, a refusal of parameters is not kept (the caller may mend them),
// one that came of the state of things is.
func (b *book) once(c *call, a action) *answer {
	mark := fingerprint(c)
	if old, ok := b.Answers[c.key]; ok {
		if err := old.fits(c, mark); err != nil {
			return failed(err, c.id)
		}
		return old
	}
	run, err := a(c)
	if err != nil {
		return failed(err, c.id)
	}
	got := b.run(c, run)
	if c.key != "" {
		got.Target, got.Print, got.Created = c.target(), mark, b.now.Unix()
		b.Answers[c.key] = got
		b.falls(got.Created + answersKept)
		b.changed = true
	}
	return got
}

// Fail has the next call to a target, such as "POST /v1/refunds", fail with a
// 500, which is kept under its Idempotency-Key like any answer: as with Stripe,
// nobody can tell by it whether the call was done.
func (s *Stripe) Fail(target string, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.book.failing[target] = done
}

func (b *book) run(c *call, do effect) *answer {
	done, fails := b.failing[c.target()]
	delete(b.failing, c.target())
	if fails && !done {
		return failed(broken(), c.id)
	}
	o, err := do(b)
	if fails {
		err = broken()
	}
	if err != nil {
		return failed(err, c.id)
	}
	return succeeded(o, c.id)
}

func (a *answer) fits(c *call, mark string) error {
	what := ""
	switch {
	case a.Target != c.target():
		what = "for the same endpoint they were first used for"
	case a.Print != mark:
		what = "with the same parameters they were first used with"
	default:
		return nil
	}
	e := invalid("", "", "Keys for idempotent requests can only be used %s. Try using a key other than '%s' if you meant to execute a different request.", what, c.key)
	e.Type = idempotencyError
	return e
}

func (c *call) target() string { return c.method + " " + c.path }

// fingerprint tells calls apart by their parameters, whatever their order.
func fingerprint(c *call) string {
	sum := sha256.Sum256([]byte(c.form.values.Encode()))
	return hex.EncodeToString(sum[:])
}
