package author_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"pilothandbook/author"
)

// TestNew publishes what a new module begins with.
func TestNew(t *testing.T) {
	t.Parallel()

	h := newHandbook(t, nil)
	for _, key := range []string{"instrument", "private_commercial"} {
		dir := filepath.Join(t.TempDir(), "module")
		var said bytes.Buffer
		if err := author.New(&said, dir, key); err != nil {
			t.Fatal(err)
		}
		wantText(t, said.String(), dir+" has a module with two lessons, for "+key+"; --key names another", "handbook preview "+dir, "handbook publish --check "+dir)
		out, err := h.publish(t, dir, true)
		if err != nil {
			t.Fatal(err, out)
		}
		wantText(t, out, key+" 0.1.0: 2 lessons, 4 files", "It is active.")
	}
	if n := h.rows(t, "lessons"); n != 4 {
		t.Errorf("%d lessons, want 4", n)
	}
}

func TestNewOverwritesNothing(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	file := filepath.Join(dir, "module.yaml")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, author.New(io.Discard, dir, "instrument"), "is not empty; name a folder that is empty or not there yet")
	if b, err := os.ReadFile(file); string(b) != "mine" {
		t.Errorf("the file has become %q, %v", b, err)
	}
	empty := filepath.Join(dir, "new")
	wantError(t, author.New(io.Discard, empty, "bundle"), "--key takes private_commercial or instrument")
	if _, err := os.Stat(empty); err == nil {
		t.Error("a refused folder is there")
	}
}
