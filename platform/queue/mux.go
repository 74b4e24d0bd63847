package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// job is a registered kind.
type job struct {
	spec Spec
	run  func(ctx context.Context, payload []byte) error
}

// Mux knows the kinds of job and who does them.
type Mux struct {
	jobs   map[string]job
	queues []Queue
}

// NewMux returns a Mux for queues, without jobs.
func NewMux(queues ...Queue) *Mux {
	return &Mux{jobs: map[string]job{}, queues: queues}
}

// Kinds returns the specs of all registered jobs.
func (m *Mux) Kinds() []Spec {
	var specs []Spec
	for _, j := range m.jobs {
		specs = append(specs, j.spec)
	}
	return specs
}

// kinds returns the names of all registered jobs.
func (m *Mux) kinds() []string { return slices.Collect(maps.Keys(m.jobs)) }

// Handle has jobs with payload A done by fn. It may run twice: effects are
// keyed, or made in a transaction that calls Finish.
func Handle[A Args](m *Mux, fn func(context.Context, A) error) {
	var zero A
	spec := zero.Job()
	m.jobs[spec.Kind] = job{spec: spec, run: func(ctx context.Context, payload []byte) error {
		var a A
		if err := json.Unmarshal(payload, &a); err != nil {
			return Permanent(fmt.Errorf("payload of %s: %w", spec.Kind, err))
		}
		return fn(ctx, a)
	}}
}

// Permanent marks an error that no retry can heal: the job is dead at once.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ err error }

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }
