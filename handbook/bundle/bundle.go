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
	"time"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"

	"pilothandbook/handbook/mdx"
)

// target is the language that browsers are given: what all of them read since
// 2022.
const target = api.ES2022

// patience is how long a compilation may take; most take milliseconds. There
// are sources of a few KiB that the compiler takes hours for.
const patience = 20 * time.Second

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
func Make(files Files, components []string) (Module, []mdx.Fault) {
	var entry strings.Builder
	for _, file := range components {
		fmt.Fprintf(&entry, "import %q\n", "./"+file)
	}
	o := options(files)
	o.Stdin = &api.StdinOptions{Contents: entry.String(), Loader: api.LoaderTS}
	out, faults, _ := compile(o)
	if len(faults) > 0 {
		return Module{}, faults
	}
	body := out[0].Contents
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
func Check(files Files, elements map[string]string) (faults []mdx.Fault, ended bool) {
	if len(elements) == 0 {
		return nil, true
	}
	o := options(files)
	o.Outdir, o.Outbase = "/", "/" // where nothing is written
	for _, file := range slices.Sorted(maps.Keys(elements)) {
		o.EntryPointsAdvanced = append(o.EntryPointsAdvanced, api.EntryPoint{InputPath: "./" + file, OutputPath: file})
	}
	out, faults, ended := compile(o)
	for _, f := range out {
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

// compile runs the bundler, which cannot be stopped: one that takes too long
// is left to itself.
func compile(o api.BuildOptions) (out []api.OutputFile, all []mdx.Fault, ended bool) {
	done := make(chan api.BuildResult, 1)
	go func() { done <- api.Build(o) }()
	select {
	case r := <-done:
		if faults := faults(r); len(faults) > 0 {
			return nil, faults, true
		}
		return r.OutputFiles, nil, true
	case <-time.After(patience):
		return nil, []mdx.Fault{{File: "components", Text: fmt.Sprintf("compiling takes over %v; write long expressions as several", patience)}}, false
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
