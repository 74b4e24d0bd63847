package manuscript_test

import (
	"os"
	"path/filepath"
	"testing"

	"pilothandbook/handbook/manuscript"
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
			lessons, faults := m.Render(mediaURL)
			for _, f := range faults {
				t.Error(f)
			}
			for i, l := range lessons {
				if l.HTML == "" || l.Words == 0 {
					t.Errorf("%s: %d bytes of HTML, %d words", m.Lessons[i].File, len(l.HTML), l.Words)
				}
			}
		})
	}
}

func mediaURL(path string, sha [32]byte) string { return "/media/" + filepath.Base(path) }
