// Command generate makes openapi.json, the description of all routes, of
// base.yaml and the part that each function has beside its code, as
// functions/NAME/openapi.yaml. `go generate ./functions/describe` runs it;
// docs/api.md tells how a part is written.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
)

func main() {
	if err := generate("..", "openapi.json"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generate writes the description of the functions in a folder to a file.
func generate(functions, file string) error {
	doc, err := describe(os.DirFS(functions))
	if err != nil {
		return err
	}
	return os.WriteFile(file, doc, 0o644)
}

// describe returns the description as JSON, the same bytes on every machine.
func describe(functions fs.FS) ([]byte, error) {
	d, err := load(functions)
	if err != nil {
		return nil, err
	}
	doc, err := d.document()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err = enc.Encode(doc)
	return b.Bytes(), err
}
