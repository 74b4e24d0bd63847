package manuscript

import (
	"path"
	"slices"
	"strings"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/mdx/record"
)

const (
	usualBudget = 50  // KiB that readers load for the components of one lesson
	maxBudget   = 150 // that an author may allow
	maxSets     = 100 // different sets of components that lessons use
)

// allowance reads how much a bundle may weigh.
func (g *gate) allowance(r record.Map) {
	g.limit = usualBudget
	if !r.Has("components") {
		return
	}
	c := r.Map("components")
	c.Only("budget")
	kib, ok := c.Int("budget", "in KiB, as 50")
	switch {
	case !ok:
	case kib < 1 || kib > maxBudget:
		g.wrong(c.At("budget"), "the budget is %d KiB; write one from 1 to %d", kib, maxBudget)
	default:
		g.limit = kib
	}
}

// bundle makes what a lesson's components need, once for each set of them: of
// those that are well, too, where others have faults.
func (g *gate) bundle(lesson string, elements []string) {
	files := g.m.ownFiles(elements)
	key := setKey(files)
	if _, made := g.m.bundles[key]; made || len(files) == 0 || g.scripts == nil {
		return
	}
	if len(g.m.bundles) == maxSets {
		g.scripts = nil
		g.fault(lesson, 0, 0, "lessons use over %d different sets of components; use the same ones together", maxSets)
		return
	}
	made, faults := g.compiler.Make(g.scripts, files)
	if !g.unread { // else they were told
		g.faults = append(g.faults, faults...)
	}
	g.m.bundles[key] = made
	if made.Zipped > g.limit<<10 {
		g.fault(lesson, 0, 0, "its components, %s, are %.1f KiB compressed, and the budget is %d; make them smaller, or raise components: {budget: …} in %s, up to %d",
			strings.Join(bases(files), ", "), float64(made.Zipped)/(1<<10), g.limit, moduleFile, maxBudget)
	}
}

func bases(files []string) []string {
	names := slices.Clone(files)
	for i := range names {
		names[i] = path.Base(names[i])
	}
	return names
}

// Bundle is the script that a lesson's own components need, empty where they
// have faults; ok tells whether there are any components.
func (m *Manuscript) Bundle(l mdx.Lesson) (b bundle.Module, ok bool) {
	files := m.ownFiles(l.Elements)
	return m.bundles[setKey(files)], len(files) > 0
}
