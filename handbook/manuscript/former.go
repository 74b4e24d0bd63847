package manuscript

import (
	"fmt"
	"maps"
	"slices"

	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/mdx/record"
	"pilothandbook/handbook/version"
)

// former reads which lessons of former versions there are no more: those that
// became others, and those that were retired. moved is where lessons say so.
func (g *gate) former(r record.Map, moved []record.Item) {
	known := map[string]string{} // what an id is already
	for _, l := range g.m.Lessons {
		known[l.ID] = "the id of a lesson of this version"
	}
	for _, item := range moved {
		g.gone(item, "moved_from", known)
		known[item.Text] = "what another lesson has moved from"
	}
	for _, item := range r.Texts("retired") {
		g.gone(item, "retired", known)
		known[item.Text] = "among those that are gone already"
		g.m.Retired = append(g.m.Retired, item.Text)
	}
}

// gone checks an id that a lesson had.
func (g *gate) gone(id record.Item, field string, known map[string]string) {
	switch {
	case !idShape.MatchString(id.Text) || len(id.Text) > maxID:
		g.wrong(id.Place, "%q is not an id; write the one that the lesson had", id.Text)
	case known[id.Text] != "":
		g.wrong(id.Place, "%s names %q, which is %s; write an id that no lesson has any more, once", field, id.Text, known[id.Text])
	}
}

// After returns what is wrong with a module as the successor of what a
// handbook has: readers' links and progress must lead somewhere.
func (m Module) After(s version.Standing) []mdx.Fault {
	var faults []mdx.Fault
	fault := func(line int, format string, args ...any) {
		faults = append(faults, mdx.Fault{File: moduleFile, Line: line, Text: fmt.Sprintf(format, args...)})
	}
	named := slices.Clone(m.Retired)
	for _, l := range m.Lessons {
		named = append(append(named, l.ID, l.MovedFrom), became(l.ID, s.Gone)...)
		now, gone := s.Gone[l.ID]
		switch {
		case !gone || slices.Contains(s.Lessons, l.ID) || now != "" && l.MovedFrom == now:
		case now == "":
			fault(l.Line, "the id %q was that of a lesson which is retired, and readers' progress belongs to it; choose another", l.ID)
		default:
			fault(l.Line, "the id %q was that of the lesson which is %q now, and readers' progress belongs to it; choose another", l.ID, now)
		}
	}
	missing := func(id, version, have string) {
		if !slices.Contains(named, id) {
			fault(m.Line, "the lesson %q of version %s, which readers %s, is missing; write \"moved_from: %s\" at the lesson that it has become, or \"retired: [%s]\" if it is gone for good", id, version, have, id, id)
		}
	}
	if len(s.Lessons) > 0 && !slices.ContainsFunc(s.Lessons, func(id string) bool { return slices.Contains(named, id) }) {
		fault(m.Line, "none of the lessons that readers have of %q is here; if this is another module, its key is wrong", m.Key)
	}
	for _, id := range s.Lessons {
		missing(id, s.Version, "have")
	}
	for _, id := range slices.Sorted(maps.Keys(s.Had)) {
		missing(id, s.Had[id], "had")
	}
	slices.SortStableFunc(faults, mdx.Fault.Compare)
	return faults
}

// became returns the ids that a lesson got after its own, in versions that were
// rolled back since: what was learned under them counts for it.
func became(id string, gone map[string]string) (ids []string) {
	for id = gone[id]; id != "" && !slices.Contains(ids, id); id = gone[id] {
		ids = append(ids, id)
	}
	return ids
}
