package manuscript_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
)

// TestContent holds the handbook's own modules to the gate.
func TestContent(t *testing.T) {
	t.Parallel()

	modules, err := filepath.Glob("../../content/*/module.yaml")
	if err != nil || len(modules) == 0 {
		t.Fatalf("modules under content: %d, %v", len(modules), err)
	}
	for _, file := range modules {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()

			m, faults := manuscript.Read(os.DirFS(filepath.Dir(file)))
			for _, f := range faults {
				t.Error(f)
			}
			if want := filepath.Base(filepath.Dir(file)); m.Key != want {
				t.Errorf("key is %q, want that of the folder, %q", m.Key, want)
			}
			i := 0
			for l, faults := range m.Render(mediaURL) {
				for _, f := range faults {
					t.Error(f)
				}
				wantWhole(t, m.Lessons[i].File, l)
				i++
			}
			if i != len(m.Lessons) {
				t.Errorf("%d lessons, want %d", i, len(m.Lessons))
			}
		})
	}
}

// wantWhole holds a lesson to what every one of the handbook's own has: a
// length for one sitting, a figure, and what it rests on.
func wantWhole(t *testing.T, file string, l mdx.Lesson) {
	t.Helper()
	if l.Words < 600 || l.Words > 1_500 {
		t.Errorf("%s has %d words, want 600 to 1,500", file, l.Words)
	}
	if len(l.ACS) == 0 || len(l.Sources) == 0 {
		t.Errorf("%s has %d ACS codes and %d sources, want some", file, len(l.ACS), len(l.Sources))
	}
	if n := strings.Count(l.HTML, "<figure><img ") + strings.Count(l.HTML, "<figure><picture>"); n == 0 || n != len(l.Images) {
		t.Errorf("%s has %d figures and %d images, want them alike and some", file, n, len(l.Images))
	}
}

func mediaURL(path string, sha [32]byte) string { return "/media/" + filepath.Base(path) }
