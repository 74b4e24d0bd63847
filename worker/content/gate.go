package content

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/mdx/record"
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

// follow refuses lesson ids that belong to another module, a version that loses
// lessons which readers have, and links to other modules that lead nowhere.
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
	lost, err := j.abroad(ctx, m)
	if err != nil {
		return err
	}
	faults = append(faults, lost...)
	slices.SortStableFunc(faults, mdx.Fault.Compare)
	return refuse(faults)
}

// abroad finds links to lessons that readers do not have of another module. Of
// one that has no active version all may be linked.
func (j Jobs) abroad(ctx context.Context, m *manuscript.Manuscript) (faults []mdx.Fault, err error) {
	modules := map[string]map[string][]string{}
	for _, r := range m.Abroad {
		lessons, asked := modules[r.Module]
		if !asked {
			if lessons, err = version.Headings(ctx, j.DB, r.Module); err != nil {
				return nil, err
			}
			modules[r.Module] = lessons
		}
		if len(lessons) == 0 {
			continue
		}
		text, err := j.astray(ctx, r, lessons)
		if err != nil {
			return nil, err
		}
		if text != "" {
			faults = append(faults, mdx.Fault{File: r.File, Line: r.Line, Column: r.Column, Text: text})
		}
	}
	return faults, nil
}

// astray says why a link does not lead to one of a module's lessons, and what
// may be meant; it is empty where the link does.
func (j Jobs) astray(ctx context.Context, r manuscript.Reference, lessons map[string][]string) (string, error) {
	headings, found := lessons[r.Lesson]
	switch {
	case found && (r.Heading == "" || slices.Contains(headings, r.Heading)):
		return "", nil
	case found:
		return fmt.Sprintf("there is no heading #%s in the lesson %s of %s; %s",
			r.Heading, r.Lesson, r.Module, mdx.OtherHeading(r.Heading, headings)), nil
	}
	now, _, err := version.Successor(ctx, j.DB, r.Module, r.Lesson)
	if now == "" {
		now = record.Nearest(r.Lesson, slices.Sorted(maps.Keys(lessons)))
	}
	text := fmt.Sprintf("the active version of %s has no lesson %q; ", r.Module, r.Lesson)
	if now == "" {
		return text + "link to one that it has", err
	}
	return text + fmt.Sprintf("did you mean /modules/%s/lessons/%s?", r.Module, now), err
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
