package mdx_test

import (
	"slices"
	"testing"

	"pilothandbook/handbook/mdx"
)

// FuzzTags holds what is written with tags to what all lessons are held to,
// and lets pass what is unknown.
func FuzzTags(f *testing.F) {
	for _, tc := range tagged {
		f.Add([]byte(tc.markdown))
	}
	for _, tc := range slices.Concat(tagFaults, propFaults, expressionFaults) {
		f.Add([]byte(tc.markdown))
	}
	keep := files
	keep.Unknown = mdx.Keep
	f.Fuzz(func(t *testing.T, src []byte) {
		src = append([]byte(front), src...)
		for _, r := range []mdx.Resolver{files, keep} {
			got, faults := mdx.Render("lessons/x.mdx", src, r)
			if problem := dangerous(got.HTML); problem != "" {
				t.Errorf("%q has %s", got.HTML, problem)
			}
			if id := twice(got.HTML); id != "" {
				t.Errorf("%q has the id %q twice", got.HTML, id)
			}
			if len(faults) > 0 {
				continue
			}
			raw := mdx.Raw("lessons/x.mdx", src, r)
			if want := mdx.Authority(raw); got.HTML != want {
				t.Errorf("%q becomes %q, want %q", raw, got.HTML, want)
			}
		}
	})
}
