package content

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform/queue"
)

const moduleFile = "module.yaml"

// read holds a source to the gate.
func (j Jobs) read(ctx context.Context, s source.Source, f *folder) (*manuscript.Manuscript, error) {
	if err := queue.Say(ctx, "reading %d files", len(s.Files)); err != nil {
		return nil, err
	}
	m, faults := manuscript.Read(f)
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
	return m, j.claim(ctx, m, f)
}

// claim refuses lesson ids that belong to another module.
func (j Jobs) claim(ctx context.Context, m *manuscript.Manuscript, f *folder) error {
	ids := make([]string, len(m.Lessons))
	for i, l := range m.Lessons {
		ids[i] = l.ID
	}
	taken, err := version.Taken(ctx, j.DB, m.Key, ids)
	if err != nil || len(taken) == 0 {
		return err
	}
	src, err := fs.ReadFile(f, moduleFile)
	if err != nil {
		return err
	}
	var faults []mdx.Fault
	for id, owner := range taken {
		faults = append(faults, mdx.Fault{File: moduleFile, Line: entryLine(string(src), id), Text: fmt.Sprintf(
			"the id %q is that of a lesson of %s, and readers' progress belongs to it; choose another", id, owner)})
	}
	slices.SortFunc(faults, mdx.Fault.Compare)
	return refuse(faults)
}

// entryLine finds the line of module.yaml on which a lesson's id stands.
func entryLine(src, id string) int {
	at := regexp.MustCompile(`\bid:\s*["']?` + regexp.QuoteMeta(id) + `["']?\s*(?:[,}#\n]|$)`).FindStringIndex(src)
	if at == nil {
		return 0
	}
	return 1 + strings.Count(src[:at[0]], "\n")
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
