package bundle_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/handbook/bundle"
)

const file = "components/dial.ts"

// with returns the files of a component with this source, which shares one.
func with(src string) bundle.Files {
	return bundle.Files{file: []byte(src), "components/lib/knots.ts": []byte("export const knots = (n: number) => `${n} kt`")}
}

const dial = `import { knots } from "./lib/knots"
class Dial extends HTMLElement { connectedCallback(): void { this.textContent = knots(12) } }
customElements.define("m-dial", Dial)
`

func TestCheck(t *testing.T) {
	t.Parallel()

	const own = `; copy what is needed into a folder of components/ and import it as "./…"`
	for _, tc := range []struct{ name, src, want string }{
		{"good", dial, ""},
		{"with the ending", strings.Replace(dial, "lib/knots", "lib/knots.ts", 1), ""},
		{"a type of nowhere", "import type { T } from 'x'\n" + dial, ""},
		{"a package", "import fs from 'fs'\nfs.x()\n" + dial, file + `:1:16: "fs" is no file of the module` + own},
		{"an address", "import x from 'http://example.org/x.js'\nx()\n" + dial, file + `:1:15: "http://example.org/x.js" is no file of the module` + own},
		{"a path of the machine", "import '/etc/passwd'\n" + dial, file + `:1:8: "/etc/passwd" is no file of the module` + own},
		{"data", "import 'data:text/javascript,alert(1)'\n" + dial, file + `:1:8: "data:text/javascript,alert(1)" is no file of the module` + own},
		{"required", "const fs = require('fs')\n" + dial, file + `:1:20: "fs" is no file of the module` + own},
		{"exported from", "export * from 'x'\n" + dial, file + `:1:15: "x" is no file of the module` + own},
		{"outside", "import '../lessons/x'\n" + dial, file + `:1:8: "../lessons/x" leaves the folder components/; copy the file into it`},
		{"far outside", "import './lib/../../../x'\n" + dial, file + `:1:8: "./lib/../../../x" leaves the folder components/; copy the file into it`},
		{"mistyped", strings.Replace(dial, "lib/knots", "lib/knot", 1), file + ":1:23: there is no file components/lib/knot.ts; did you mean components/lib/knots.ts?"},
		{"missing", "import './sky'\n" + dial, file + ":1:8: there is no file components/sky.ts; add it, or correct the path"},
		{"no such export", strings.ReplaceAll(strings.ReplaceAll(dial, "knots }", "knobs }"), "knots(", "knobs("), file + `:1:10: this cannot be compiled: No matching export in "components/lib/knots.ts" for import "knobs"; correct it`},
		{"of a name made up", "import(location.hash)\n" + dial,
			file + `:1:1: this cannot be compiled: This "import" expression will not be bundled because the argument is not a string literal; correct it`},
		{"eval", "eval('1')\n" + dial, file + `:1:1: this cannot be compiled: Using direct eval with a bundler is not recommended and may cause problems; correct it`},
		{"no TypeScript", "let é = ;\n" + dial, file + `:1:9: this cannot be compiled: Unexpected ";"; correct it`},
		{"empty", "", file + `: it does not define its element; add customElements.define("m-dial", …) with the element's class`},
		{"only in a comment", `// customElements.define("m-dial", X)`, file + `: it does not define its element; add customElements.define("m-dial", …) with the element's class`},
		{"of the handbook", strings.ReplaceAll(dial, "m-dial", "hb-tabs"), file + `: it defines the element "hb-tabs", which is not the module's; begin its name with m-`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			var got []string
			faults, ended := bundle.Compiler{}.Check(with(tc.src), map[string]string{file: "m-dial"})
			if !ended {
				t.Error("it was left to itself")
			}
			for _, f := range faults {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestMake runs in a folder that would change what a bundler makes, could it
// see it: the same sources give the same bytes everywhere.
func TestMake(t *testing.T) {
	before, faults := bundle.Compiler{}.Make(with(dial), []string{file})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"tsconfig.json":           `{"compilerOptions": {"paths": {"*": ["./evil/*"]}, "useDefineForClassFields": false, "target": "ES5"}}`,
		"package.json":            `{"sideEffects": false, "imports": {"#x": "./evil.js"}}`,
		"components/dial.ts":      "evil()",
		"components/lib/knots.ts": "export const knots = evil",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	after, faults := bundle.Compiler{}.Make(with(dial), []string{file})
	if len(faults) > 0 || !bytes.Equal(before.Body, after.Body) || before.SHA256 != after.SHA256 {
		t.Errorf("%v\n%s\n%s", faults, before.Body, after.Body)
	}
	if bytes.Contains(after.Body, []byte("import")) || after.Zipped == 0 || after.Zipped > len(dial) {
		t.Errorf("%d bytes zipped: %s", after.Zipped, after.Body)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%d entries, %v; want 3: nothing is written", len(entries), err)
	}
}
