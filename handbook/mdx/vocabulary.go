package mdx

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// vocabulary is what a survey knows of a lesson's names, and of its tags.
type vocabulary struct {
	exports    map[string]expr
	components map[string]Component // that it imports
	kept       map[string]*Kept
	exporting  bool // the value of an export is being resolved
	expanded   int  // bytes of exports that names stand for
	tags       int
}

func newVocabulary() *vocabulary {
	return &vocabulary{exports: map[string]expr{}, components: map[string]Component{}, kept: map[string]*Kept{}}
}

func (s *survey) keeping() bool { return s.resolver.Unknown == Keep }

// keep lists something unknown, if the policy is to keep it.
func (s *survey) keep(at int, name string) bool {
	if !s.keeping() {
		return false
	}
	if k := s.kept[name]; k != nil {
		k.Count++
		return true
	}
	place := s.found(at)
	s.kept[name] = &Kept{Name: name, Count: 1, Line: place.Line, Column: place.Column}
	return true
}

func (s *survey) keptByName() []Kept {
	var list []Kept
	for _, k := range s.kept {
		list = append(list, *k)
	}
	slices.SortFunc(list, func(a, b Kept) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// imported asks for what a name stands for in a file of the module.
func (s *survey) imported(file, name string) (Component, bool) {
	if s.resolver.Import == nil || !strings.HasPrefix(file, "./") && !strings.HasPrefix(file, "../") {
		return Component{}, false
	}
	return s.resolver.Import(path.Join(path.Dir(s.faults.file), file), name)
}
