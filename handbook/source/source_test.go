package source_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"slices"
	"testing"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/source"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// TestDigest holds the digest to that of the folder it was uploaded from.
func TestDigest(t *testing.T) {
	t.Parallel()

	m, faults := manuscript.Read(os.DirFS("../../content/instrument"))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var s source.Source
	for _, f := range m.Files {
		s.Files = append(s.Files, source.File{Path: f.Path, SHA256: hex.EncodeToString(f.SHA256[:]), Size: f.Size})
	}
	if !bytes.Equal(s.Digest(), m.Digest[:]) {
		t.Errorf("digest %x, want %x", s.Digest(), m.Digest)
	}
	slices.Reverse(s.Files)
	if !bytes.Equal(s.Digest(), m.Digest[:]) {
		t.Error("the digest depends on the order of the files")
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	author := platformtest.Operator(t, p).ID
	s := source.Source{Module: "instrument", Version: "1.0.0", Files: []source.File{{Path: "module.yaml", SHA256: "00ff", Size: 3}}}
	id, err := source.Keep(t.Context(), p.DB, s, author)
	if err != nil {
		t.Fatal(err)
	}
	again, err := source.Keep(t.Context(), p.DB, s, author)
	if err != nil || again != id {
		t.Errorf("kept again under %s, %v; want %s", again, err, id)
	}
	got, err := source.Load(t.Context(), p.DB, id)
	if err != nil || got.Module != s.Module || got.Version != s.Version || !slices.Equal(got.Files, s.Files) {
		t.Errorf("loaded %+v, %v; want %+v", got, err, s)
	}
}
