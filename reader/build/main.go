// Command build makes static/handbook.js of the scripts: one module without
// imports, the same bytes on every machine. `go generate ./reader` runs it in
// the folder of package reader; nothing else needs it, nor npm.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build() error {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"scripts/main.ts"}, Outfile: "static/handbook.js",
		Bundle: true, Write: true, Format: api.FormatESModule, Target: api.ES2020, Platform: api.PlatformBrowser,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone, LogLevel: api.LogLevelSilent,
	})
	var faults []error
	for _, m := range append(result.Errors, result.Warnings...) {
		if m.Location != nil {
			m.Text = fmt.Sprintf("%s:%d: %s", m.Location.File, m.Location.Line, m.Text)
		}
		faults = append(faults, errors.New(m.Text))
	}
	return errors.Join(faults...)
}
