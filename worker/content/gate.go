package content

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/queue"
)

const moduleFile = "module.yaml"

// read holds a source to the gate.
func (j Jobs) read(ctx context.Context, s source.Source, f *folder, again bool) (*manuscript.Manuscript, error) {
	if err := queue.Say(ctx, "reading %d files", len(s.Files)); err != nil {
		return nil, err
	}
	m, faults := (&manuscript.Reader{Compiler: j.Compiler}).Read(f)
	if f.err != nil {
		return nil, f.err
	}
	if err := refuse(faults); err != nil {
		return nil, err
	}
	if m.Key != s.Module || m.Version != s.Version {
		return nil, refuse([]mdx.Fault{{File: moduleFile, Text: fmt.Sprintf(
			"this is %s %s, but it was uploaded as %s %s; publish it again", m.Key, m.Version, s.Module, s.Version)}})
	}
	if again { // it was held against what readers had then
		return m, nil
	}
	return m, j.follow(ctx, m)
}

// follow refuses lesson ids that belong to another module, and a version that
// loses lessons which readers have.
func (j Jobs) follow(ctx context.Context, m *manuscript.Manuscript) error {
	standing, err := version.Stand(ctx, j.DB, m.Key)
	if err != nil {
		return err
	}
	faults := m.After(standing)
	var ids []string
	for _, l := range m.Lessons {
		ids = append(ids, l.ID, l.MovedFrom)
	}
	taken, err := version.Taken(ctx, j.DB, m.Key, ids)
	if err != nil {
		return err
	}
	for _, l := range m.Lessons {
		for _, id := range []string{l.ID, l.MovedFrom} {
			if owner := taken[id]; owner != "" {
				faults = append(faults, mdx.Fault{File: moduleFile, Line: l.Line, Text: fmt.Sprintf(
					"the id %q is that of a lesson of %s, and readers' progress belongs to it; choose another", id, owner)})
			}
		}
	}
	slices.SortStableFunc(faults, mdx.Fault.Compare)
	return refuse(faults)
}

// refuse makes one error of all faults, a line for each. No retry heals them.
func refuse(faults []mdx.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	all := make([]error, len(faults))
	for i, f := range faults {
		all[i] = errors.New(f.String())
	}
	return queue.Permanent(errors.Join(all...))
}
