package manuscript_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/version"
)

func TestFormerLessons(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, old, new, want string }{
		{"moved and retired", "lessons/vor.mdx}", "lessons/vor.mdx, moved_from: radials}\nretired: [ndb, adf]", ""},
		{"moved from a lesson that is there", "{id: vor,", "{id: vor, moved_from: holding,",
			`12:27: moved_from names "holding", which is the id of a lesson of this version; write an id that no lesson has any more, once`},
		{"moved from itself", "{id: vor,", "{id: vor, moved_from: vor,",
			`12:27: moved_from names "vor", which is the id of a lesson of this version; write an id that no lesson has any more, once`},
		{"a circle", "preview: true\n  - {id: vor,", "preview: true\n    moved_from: vor\n  - {id: vor, moved_from: holding,",
			`12:17: moved_from names "vor", which is the id of a lesson of this version; write an id that no lesson has any more, once` + "\n" +
				`module.yaml:13:27: moved_from names "holding", which is the id of a lesson of this version; write an id that no lesson has any more, once`},
		{"moved twice", "preview: true\n  - {id: vor,", "preview: true\n    moved_from: ndb\n  - {id: vor, moved_from: ndb,",
			`13:27: moved_from names "ndb", which is what another lesson has moved from; write an id that no lesson has any more, once`},
		{"retired but there", "lessons:", "retired: [vor]\nlessons:",
			`8:11: retired names "vor", which is the id of a lesson of this version; write an id that no lesson has any more, once`},
		{"retired twice", "lessons:", "retired: [ndb, ndb]\nlessons:",
			`8:16: retired names "ndb", which is among those that are gone already; write an id that no lesson has any more, once`},
		{"retired and moved", "lessons/vor.mdx}", "lessons/vor.mdx, moved_from: ndb}\nretired: [ndb]",
			`13:11: retired names "ndb", which is what another lesson has moved from; write an id that no lesson has any more, once`},
		{"no id", "lessons:", "retired: [NDB]\nlessons:", `8:11: "NDB" is not an id; write the one that the lesson had`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			yaml := strings.Replace(moduleYAML, tc.old, tc.new, 1)
			if yaml == moduleYAML {
				t.Fatalf("%q is not in the module", tc.old)
			}
			_, faults := manuscript.Read(folder(map[string]string{"module.yaml": yaml}))
			if diff := cmp.Diff(tc.want, strings.TrimPrefix(text(faults), "module.yaml:")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()

	m := manuscript.Module{Key: "instrument", Line: 8, Retired: []string{"ndb"}, Lessons: []manuscript.Lesson{
		{ID: "holding", Line: 9}, {ID: "vor", MovedFrom: "radials", Line: 12}, {ID: "ils", Line: 13},
	}}
	for _, tc := range []struct {
		name string
		s    version.Standing
		want string
	}{
		{"the first", version.Standing{}, ""},
		{"nothing is lost", version.Standing{Version: "1.0.0", Lessons: []string{"holding", "radials", "ndb"}}, ""},
		{"a lesson is lost", version.Standing{Version: "1.0.0", Lessons: []string{"holding", "dme"}},
			`module.yaml:8: the lesson "dme" of version 1.0.0, which readers have, is missing; write "moved_from: dme" at the lesson that it has become, or "retired: [dme]" if it is gone for good`},
		{"another module", version.Standing{Version: "1.0.0", Lessons: []string{"dme"}},
			`module.yaml:8: none of the lessons that readers have of "instrument" is here; if this is another module, its key is wrong
module.yaml:8: the lesson "dme" of version 1.0.0, which readers have, is missing; write "moved_from: dme" at the lesson that it has become, or "retired: [dme]" if it is gone for good`},
		{"a retired id", version.Standing{Gone: map[string]string{"ils": ""}},
			`module.yaml:13: the id "ils" was that of a lesson which is retired, and readers' progress belongs to it; choose another`},
		{"an id that moved", version.Standing{Gone: map[string]string{"ils": "precision"}},
			`module.yaml:13: the id "ils" was that of the lesson which is "precision" now, and readers' progress belongs to it; choose another`},
		{"back to the id it had", version.Standing{Version: "2.0.0", Lessons: []string{"radials"}, Gone: map[string]string{"vor": "radials"}}, ""},
		{"a lesson that a version had which was rolled back", version.Standing{Version: "1.0.0", Lessons: []string{"holding"}, Had: map[string]string{"dme": "2.0.0", "ils": "2.0.0", "ndb": "1.5.0"}},
			`module.yaml:8: the lesson "dme" of version 2.0.0, which readers had, is missing; write "moved_from: dme" at the lesson that it has become, or "retired: [dme]" if it is gone for good`},
		{"rolled back to the id before", version.Standing{Version: "1.0.0", Lessons: []string{"ils"}, Gone: map[string]string{"ils": "precision"}, Had: map[string]string{"precision": "2.0.0"}}, ""},
		{"moved there and back", version.Standing{Version: "3.0.0", Lessons: []string{"ils"}, Gone: map[string]string{"ils": "precision", "precision": "ils"}}, ""},
		{"gone, but readers have it again", version.Standing{Version: "1.0.0", Lessons: []string{"ils"}, Gone: map[string]string{"ils": ""}}, ""},
	} {
		if diff := cmp.Diff(tc.want, strings.TrimSuffix(text(m.After(tc.s)), "\n")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.name, diff)
		}
	}
}
