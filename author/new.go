package author

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pilothandbook/handbook/manuscript"
)

// template is the folder that a new module begins with.
//
//go:embed template
var template embed.FS

// codes are one of the Airman Certification Standards for each module, to
// begin with.
var codes = map[string]string{"private_commercial": "PA.I.F.K1", "instrument": "IR.IV.A.K1"}

// New writes a small module that publishes into a folder which is empty or not
// there yet.
func New(out io.Writer, dir, key string) error {
	if err := Fit(dir, key); err != nil {
		return err
	}
	words := strings.NewReplacer("KEY", key, "ID-", strings.ReplaceAll(key, "_", "-")+"-",
		"CODE", codes[key], "DATE", time.Now().UTC().Format(time.DateOnly))
	files, err := fs.Sub(template, "template")
	if err != nil {
		return err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, []byte(words.Replace(string(text))), 0o644)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%[1]s has a module with two lessons, for %[2]s; --key names another. Next:\n\n  handbook preview %[1]s             see it while you write\n"+
		"  handbook publish --check %[1]s     look for faults\n  handbook publish --activate %[1]s  let readers have it\n", dir, key)
	return nil
}

// Fit makes sure that there is such a module to write lessons for, and that
// nothing in the folder is overwritten.
func Fit(dir, key string) error {
	if modules := manuscript.Modules(); !slices.Contains(modules, key) {
		return fmt.Errorf("there is no module %q to write lessons for; --key takes %s", key, strings.Join(modules, " or "))
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty; name a folder that is empty or not there yet", dir)
	}
	return nil
}
