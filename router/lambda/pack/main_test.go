package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPack builds a function that has no main of its own. For arm64 it builds a
// small program in its place: compiling everything for it takes a minute.
func TestPack(t *testing.T) {
	repository, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	for _, tc := range []struct {
		arch, in string
		machine  elf.Machine
	}{{"arm64", small(t), elf.EM_AARCH64}, {"amd64", repository, elf.EM_X86_64}} {
		t.Chdir(tc.in)
		file, err := pack("health", tc.arch, out)
		if err != nil {
			t.Fatal(err)
		}
		first, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
		if err != nil || len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode().Perm() != 0o755 {
			t.Fatalf("%s holds %+v: %v", file, z, err)
		}
		f, err := z.File[0].Open()
		if err != nil {
			t.Fatal(err)
		}
		program, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		e, err := elf.NewFile(bytes.NewReader(program))
		if err != nil || e.Machine != tc.machine || e.Section(".interp") != nil {
			t.Errorf("%s: %v for %v, with an interpreter: %v", file, err, e.Machine, e.Section(".interp") != nil)
		}
		if _, err := pack("health", tc.arch, out); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(file); err != nil || !bytes.Equal(first, again) {
			t.Errorf("%s is another one the second time: %v", file, err)
		}
	}
	if _, err := pack("nothing", "arm64", out); err == nil || !strings.Contains(err.Error(), `no function "nothing"`) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join("functions", "health", "lambda")); err == nil {
		t.Error("a folder was left")
	}
}

// small is a module with a function of the same name.
func small(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for file, text := range map[string]string{"go.mod": "module pilothandbook\n", "functions/health/lambda/main.go": "package main\n\nfunc main() {}\n"} {
		path := filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
