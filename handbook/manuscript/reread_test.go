package manuscript_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/manuscript"
)

// A folder that is read again tells what one tells that is read once, whatever
// has changed meanwhile.
func TestReadAgain(t *testing.T) {
	t.Parallel()

	again, fsys := new(manuscript.Reader), folder()
	check := func(after string) {
		t.Helper()
		m, faults := again.Read(fsys)
		want, wanted := manuscript.Read(fsys)
		if diff := cmp.Diff(wanted, faults); diff != "" || m.Digest != want.Digest {
			t.Errorf("after %s: -once +again:\n%s", after, diff)
		}
	}
	check("nothing")
	for name, f := range folder() {
		delete(fsys, name)
		check(name + " went")
		check(name + " went, and nothing")
		fsys[name] = &fstest.MapFile{Data: []byte("?")}
		check(name + " became another")
		fsys[name] = f
		check(name + " came back")
	}
}
