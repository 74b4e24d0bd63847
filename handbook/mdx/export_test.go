package mdx

import (
	"io/fs"
	"path"
	"reflect"
	"strconv"
	"testing"

	"github.com/yuin/goldmark/ast"
)

// Authority is Sanitise without its shortcut, and Shortcut is that alone.
var (
	Authority = func(html string) string { return policy().Sanitize(html) }
	Shortcut  = shortcut
)

// Raw is the HTML of a lesson before it is sanitised.
func Raw(file string, src []byte, r Resolver) string {
	html, err := read(file, src, r).html()
	if err != nil {
		return err.Error()
	}
	return html
}

// An Outline is what a text is made of, for a comparison with other parsers.
type Outline struct {
	Elements    map[string]int `json:"elements"`
	Attributes  map[string]int `json:"attributes"`
	Expressions map[string]int `json:"expressions"`
	Directives  map[string]int `json:"directives"`
	Headings    map[string]int `json:"headings"`
	Fences      int            `json:"fences"`
	Depth       int            `json:"depth"`
}

// OutlineOf outlines a file, whatever its front matter says.
func OutlineOf(file string, src []byte) (Outline, []Fault) {
	o, faults, _ := outline(file, src, false)
	return o, faults
}

// outline also counts formulas, if dollars are to be.
func outline(file string, src []byte, math bool) (o Outline, told []Fault, formulas int) {
	o = Outline{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, 0, 0}
	d := &document{lesson: &Lesson{}, faults: &faults{file: file, src: src}, math: math}
	if _, body, ok := split(src); ok {
		d.faults.body = body
	}
	d.body = src[d.faults.body:]
	if _, ok := d.parse(); ok {
		o.add(d.root, 0)
	}
	_ = ast.Walk(d.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if n.Kind() == kindFormula && entering {
			formulas++
		}
		if e, ok := asElement(n); ok && entering && e.unclosed != "" {
			d.faults.in(e.tag.at, "%s is not closed before %s", e, e.unclosed)
		}
		return ast.WalkContinue, nil
	})
	return o, d.faults.sorted(), formulas
}

func (o *Outline) add(n ast.Node, depth int) {
	switch n := n.(type) {
	case *element:
		depth++
		o.Depth = max(o.Depth, depth)
		o.Elements[place(n.inline)+" "+n.tag.name]++
		for _, a := range n.tag.attributes {
			if a.name == "" {
				o.Attributes[n.tag.name+" spread"]++
				continue
			}
			o.Attributes[n.tag.name+"."+a.name+" "+formOf(a.value)]++
		}
	case *directive:
		o.Directives[n.directive]++
	case *spoken:
		o.Expressions[place(n.inline)]++
	case *marks: // of a text without tags, comments remain
		o.Expressions["flow"] += len(n.list)
	case *dropped:
		if n.comment != "" {
			o.Expressions[place(!n.block)]++
		}
	case *ast.Heading:
		o.Headings[strconv.Itoa(n.Level)]++
	case *ast.FencedCodeBlock:
		o.Fences++
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		o.add(c, depth)
	}
}

func place(inline bool) string {
	if inline {
		return "text"
	}
	return "flow"
}

func formOf(e expr) string {
	switch e.form {
	case bare:
		return "boolean"
	case quoted:
		return "string"
	case array:
		return "array"
	case object:
		return "object"
	case identifier:
		return "identifier"
	case template:
		return "template"
	case literal, spelled:
		return "literal"
	}
	return "other"
}

// FormulasIn counts the formulas that there are in files if dollars are
// mathematics, and the files that have another outline then.
func FormulasIn(t testing.TB, files fs.FS) (differ, formulas int) {
	t.Helper()
	err := fs.WalkDir(files, ".", func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(file) != ".mdx" {
			return err
		}
		src, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		without, _ := OutlineOf(file, src)
		with, faults, found := outline(file, src, true)
		if formulas += found; !reflect.DeepEqual(with, without) || len(faults) > 0 {
			t.Logf("%s: %v %v", file, found, faults)
			differ++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return differ, formulas
}
