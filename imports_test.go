package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "pilothandbook/"

// source is a Go file that is not a test, with what it imports.
type source struct {
	path    string // slash path below the root
	folder  string
	imports []string // of this module, without its name, and all others
	file    *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "node_modules" || e.Name() == "testdata") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(path), folder: filepath.ToSlash(filepath.Dir(path)), file: f}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, strings.TrimPrefix(name, module))
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// under reports whether a folder is one of roots or below it.
func under(folder string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return folder == r || strings.HasPrefix(folder, r+"/") })
}

// Imports point down only: main -> author, functions, router, worker ->
// reader -> handbook -> platform.
func TestLayers(t *testing.T) {
	t.Parallel()
	// What each layer may not import.
	forbidden := map[string][]string{
		"platform":  {"handbook", "reader", "functions", "router", "worker", "author"},
		"handbook":  {"reader", "functions", "router", "worker", "author"},
		"reader":    {"functions", "router", "worker", "author"},
		"router":    {"functions", "worker", "author"},
		"worker":    {"functions", "router", "author"},
		"author":    {"functions", "router", "worker", "reader"},
		"preview":   {"functions", "worker", "author", "operate"},
		"operate":   {"functions", "router", "reader", "author"},
		"functions": {"worker", "author", "platform/local"},
	}
	for _, s := range sources(t) {
		if under(s.folder, "platform/platformtest") { // stands beside the tests, above all layers
			continue
		}
		for layer, not := range forbidden {
			for _, i := range s.imports {
				if under(s.folder, layer) && under(i, not...) {
					t.Errorf("%s imports %s", s.path, i)
				}
			}
		}
	}
}

func TestFunctionsStandAlone(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !under(s.folder, "functions") || s.folder == "functions" {
			continue
		}
		for _, i := range s.imports {
			if under(i, "functions") && !under(s.folder, i) {
				t.Errorf("%s imports %s", s.path, i)
			}
			if under(i, "router") && !strings.HasSuffix(s.folder, "/lambda") {
				t.Errorf("%s imports %s", s.path, i)
			}
		}
	}
}

// Only those who write SQL import pgx.
func TestWhoSpeaksSQL(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if under(s.folder, "functions", "handbook", "worker", "platform/db", "platform/queue", "platform/local", "platform/platformtest") || s.path == "local.go" || s.path == "office.go" {
			continue
		}
		for _, i := range s.imports {
			if strings.HasPrefix(i, "github.com/jackc/pgx") {
				t.Errorf("%s imports %s", s.path, i)
			}
		}
	}
}

// Answers are checked against their description in tests only.
func TestWhoValidates(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, i := range s.imports {
			if strings.HasPrefix(i, "github.com/getkin/") && !under(s.folder, "platform/platformtest") {
				t.Errorf("%s imports %s", s.path, i)
			}
		}
	}
}

// The environment is read in one package.
func TestWhoReadsTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if under(s.folder, "platform/config", "platform/platformtest") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ"}, sel.Sel.Name) {
				t.Errorf("%s calls os.%s", s.path, sel.Sel.Name)
			}
			return true
		})
	}
}

// handbook/ holds what two or more packages share; what one alone uses
// belongs to that one.
func TestNobodySharesAlone(t *testing.T) {
	t.Parallel()
	importers := map[string][]string{}
	folders := map[string]bool{}
	for _, s := range sources(t) {
		if under(s.folder, "handbook") {
			folders[s.folder] = true
		}
		for _, i := range s.imports {
			if under(i, "handbook") && !slices.Contains(importers[i], s.folder) && !under(s.folder, "platform/platformtest") {
				importers[i] = append(importers[i], s.folder)
			}
		}
	}
	for folder := range folders {
		if len(importers[folder]) < 2 {
			t.Errorf("%s is used by %q only", folder, importers[folder])
		}
	}
}

// A deployment links none of the stand-ins, and no C library, and says so by
// its build tags.
func TestDeploymentLinksNoStandIns(t *testing.T) {
	t.Parallel()
	for tags, wantLocal := range map[string]bool{"production,nodynamic": false, "": true} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		local := strings.Contains(string(out), module+"platform/local") || strings.Contains(string(out), "miniredis")
		if local != wantLocal {
			t.Errorf("with the build tag %q the program links the stand-ins: %v", tags, local)
		}
		if !wantLocal && strings.Contains(string(out), "ebitengine/purego") {
			t.Errorf("with the build tag %q the program needs a C library at its start", tags)
		}
	}
}

// A function starts cold in front of a reader: what only publishing needs, or the
// local start, is not in it. What takes Stripe's events in shows nothing either.
func TestFunctionsStaySmall(t *testing.T) {
	t.Parallel()
	const publishing = `esbuild|goja|chroma|webp|cloudinary|tdewolff/minify|miniredis|^image/(png|jpeg)$|^` + module + `(platform/local|worker|author)(/|$)`
	const showing = `goldmark|imaging|^image(/|$)|^` + module + `(reader|handbook/mdx)(/|$)`
	for functions, banned := range map[string]string{"./functions/...": publishing, "./functions/stripehook/lambda": publishing + "|" + showing} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "production,nodynamic,lambda.norpc", functions).Output()
		if err != nil || !strings.Contains(string(out), "jackc/pgx") {
			t.Fatal(err, "functions need no database")
		}
		heavy := regexp.MustCompile(banned)
		for dep := range strings.FieldsSeq(string(out)) {
			if heavy.MatchString(dep) {
				t.Errorf("%s links %s", functions, dep)
			}
		}
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	documented, folders := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "node_modules") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			return err
		}
		folders[filepath.Dir(path)] = true
		if f.Doc != nil {
			documented[filepath.Dir(path)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder := range folders {
		if !documented[folder] {
			t.Errorf("%s has no package comment", folder)
		}
	}
}
