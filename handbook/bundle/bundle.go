// Package bundle makes what browsers load of a module's own components: one
// ES module for each set of them that a lesson uses.
//
// The bundler reads from memory alone, and only what stands in the folder
// components/: an import of anything else is a fault. It checks syntax, not
// types. The same sources give the same bytes on every machine.
package bundle

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"

	"pilothandbook/handbook/mdx"
)

// target is the language that browsers are given: what all of them read since
// 2022.
const target = api.ES2022

// Files are the TypeScript files of a module, by their paths from its folder,
// such as components/wind-triangle.ts.
type Files map[string][]byte

// A Module is an ES module that defines the components of one set.
type Module struct {
	SHA256 [sha256.Size]byte
	Body   []byte
	Zipped int // bytes of it as they are sent at most, by gzip
}

// Make returns the module that defines the components of these files, in that
// order.
func (c Compiler) Make(files Files, components []string) (Module, []mdx.Fault) {
	var entry strings.Builder
	for _, file := range components {
		fmt.Fprintf(&entry, "import %q\n", "./"+file)
	}
	r, _ := c.run(task{Files: files, Entry: entry.String()})
	if len(r.Faults) > 0 {
		return Module{}, r.Faults
	}
	body := r.Out[0].Contents
	return Module{SHA256: sha256.Sum256(body), Body: body, Zipped: zipped(body)}, nil
}

func zipped(body []byte) int {
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the level exists
	_, _ = z.Write(body)                                      // a buffer takes everything
	_ = z.Close()
	return small.Len()
}

// Check compiles every component by itself, and returns the faults of all.
// The element that each must define is given by its file. It has not ended
// where the compiler takes too long: to make anything of these files would
// take as long again.
func (c Compiler) Check(files Files, elements map[string]string) (faults []mdx.Fault, ended bool) {
	if len(elements) == 0 {
		return nil, true
	}
	r, ended := c.run(task{Files: files, Components: slices.Sorted(maps.Keys(elements))})
	faults = r.Faults
	for _, f := range r.Out {
		file := strings.TrimSuffix(strings.TrimPrefix(f.Path, "/"), ".js")
		if text := defined(f.Contents, elements[file]); text != "" {
			faults = append(faults, mdx.Fault{File: file, Text: text})
		}
	}
	return faults, ended
}

func options(files Files) api.BuildOptions {
	return api.BuildOptions{
		Bundle: true, Write: false, Format: api.FormatESModule, Target: target, Platform: api.PlatformBrowser,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone, LogLevel: api.LogLevelSilent,
		TsconfigRaw: "{}", // else one is looked for on the disk
		LogOverride: map[string]api.LogLevel{ // what cannot be bundled, or browsers refuse here
			"unsupported-dynamic-import": api.LogLevelError,
			"unsupported-require-call":   api.LogLevelError,
			"indirect-require":           api.LogLevelError,
			"direct-eval":                api.LogLevelError,
		},
		Plugins: []api.Plugin{{Name: space, Setup: files.serve}},
	}
}

// faults are what the bundler complains of.
func faults(r api.BuildResult) (all []mdx.Fault) {
	for _, m := range slices.Concat(r.Errors, r.Warnings) {
		f := mdx.Fault{File: "components", Text: strings.ReplaceAll(m.Text, space+":", "")}
		if l := m.Location; l != nil {
			f.File, f.Line = strings.TrimPrefix(l.File, space+":"), l.Line
			f.Column = utf8.RuneCountInString(l.LineText[:min(l.Column, len(l.LineText))]) + 1
		}
		if m.PluginName == "" {
			f.Text = "this cannot be compiled: " + strings.TrimSuffix(f.Text, ".") + "; correct it"
		}
		all = append(all, f)
	}
	return all
}
