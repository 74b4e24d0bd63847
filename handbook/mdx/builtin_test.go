package mdx_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"pilothandbook/handbook/mdx"
)

func builtins() mdx.Resolver {
	return mdx.Resolver{
		Media: func(file string) (mdx.Sized, bool) {
			return mdx.Sized{URL: "/media/" + path.Base(file), Width: 640, Height: 360}, true
		},
		Component: mdx.Builtin,
		Names:     mdx.BuiltinNames(),
	}
}

func TestNames(t *testing.T) {
	t.Parallel()

	for _, name := range mdx.BuiltinNames() {
		if _, ok := mdx.Builtin(name); !ok {
			t.Errorf("%s has a name and no component", name)
		}
	}
	if _, ok := mdx.Builtin("Chart"); ok {
		t.Error("Chart is a component")
	}
}

// TestHostileProps writes into each prop what must come out as text.
func TestHostileProps(t *testing.T) {
	t.Parallel()

	const hostile = `{"\"><script>alert(1)</script>' &quot; \\<b onclick=x>"}`
	for _, tc := range []struct{ name, markdown string }{
		{"title", "<Callout title=%s />"},
		{"label", "<Tabs>\n<TabItem label=%s>\n</TabItem>\n</Tabs>"},
		{"alt", "<Figure src=\"../media/a.svg\" alt=%s />"},
		{"caption", "<Figure src=\"../media/a.svg\" alt=\"a\" caption=%s />"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got, faults := mdx.Render("lessons/x.mdx", []byte(front+fmt.Sprintf(tc.markdown, hostile)), builtins())
			if strings.Contains(got.HTML, "<script") || strings.Contains(got.HTML, "<b ") {
				t.Errorf("markup in %s", got.HTML)
			}
			if len(faults) == 0 && !strings.Contains(got.HTML, "script&gt;") {
				t.Errorf("the text is lost: %s", got.HTML)
			}
		})
	}
}
