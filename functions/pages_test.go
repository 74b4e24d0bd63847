package functions_test

import (
	"errors"
	"html/template"
	"io/fs"
	"os"
	"testing"

	"pilothandbook/reader"
)

// TestPages parses every page of a function, which else happens when it is
// first shown. What they show is tested beside them.
func TestPages(t *testing.T) {
	t.Parallel()

	files := os.DirFS(".")
	all, err := fs.Glob(files, "*/*.html")
	if err != nil || len(all) < 30 {
		t.Fatalf("%d pages, %v", len(all), err)
	}
	for _, file := range all {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if fault := recover(); fault != nil {
					t.Errorf("%s: %v", file, fault)
				}
			}()
			// Without data most have nothing to show; what cannot be escaped never
			// has.
			_, err := reader.New(files, file).Build(reader.View{})
			if broken, ok := errors.AsType[*template.Error](err); ok {
				t.Error(broken)
			}
		})
	}
}
