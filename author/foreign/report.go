package foreign

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"pilothandbook/handbook/mdx"
)

// report tells what became of every file: a summary first, then each.
func (s *site) report(faults []mdx.Fault) string {
	var b strings.Builder
	leftOut, lost, kept := 0, 0, map[string]int{}
	for _, p := range s.pages {
		if p.leftOut != "" {
			leftOut++
		}
		lost += len(p.lost)
		for _, k := range p.kept {
			kept[k.Name] += k.Count
		}
	}
	fmt.Fprintf(&b, "Imported %d of %d pages from %s. Images: %d. Faults: %d.\n",
		len(s.pages)-leftOut, len(s.pages), s.From, len(s.media), len(faults))
	fmt.Fprintf(&b, "Links and images that lead nowhere and became text: %d.\n", lost)
	fmt.Fprintf(&b, "Kept as plain containers, or left out where nothing stands inside: %s.\n", counted(kept))
	for _, source := range slices.Sorted(maps.Keys(s.spoilt)) {
		fmt.Fprintf(&b, "Image %s is left out: %s\n", filepath.Base(source), s.spoilt[source])
	}
	for _, p := range s.pages {
		fmt.Fprintf(&b, "\n%s", p.name)
		if p.leftOut != "" {
			fmt.Fprintf(&b, "\n  left out: %s\n", p.leftOut)
			continue
		}
		fmt.Fprintf(&b, " -> %s\n", p.file())
		own := map[string]int{}
		for _, k := range p.kept {
			own[k.Name] += k.Count
		}
		if len(own) > 0 {
			fmt.Fprintf(&b, "  kept: %s\n", counted(own))
		}
		for _, l := range p.lost {
			fmt.Fprintf(&b, "  not found: %s\n", l)
		}
	}
	return b.String()
}

// counted lists names with their numbers, the most frequent first.
func counted(names map[string]int) string {
	if len(names) == 0 {
		return "nothing"
	}
	list := slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(names[b], names[a]), cmp.Compare(a, b))
	})
	for i, name := range list {
		list[i] = fmt.Sprintf("%s (%d)", name, names[name])
	}
	return strings.Join(list, ", ")
}
