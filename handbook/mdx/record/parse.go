package record

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxSize and maxNesting bound what the YAML parser is given: it recurses, and
// nothing an author writes comes near them.
const (
	maxSize    = 64 << 10
	maxNesting = 16
)

func parse(src []byte, report Report) (body ast.Node, ok bool) {
	if len(src) > maxSize {
		report(Place{1, 1}, "is over %d KiB; shorten it", maxSize>>10)
		return nil, false
	}
	// The parser miscounts lines that end as on Windows. A carriage return
	// elsewhere would end a line for it, and for nothing else.
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	if at := bytes.IndexByte(src, '\r'); at >= 0 {
		line := 1 + bytes.Count(src[:at], []byte("\n"))
		report(Place{line, 1}, "has a carriage return within a line; remove it")
		return nil, false
	}
	if line := nested(src); line > 0 {
		report(Place{line, 1}, "is nested deeper than %d levels; make it flatter", maxNesting)
		return nil, false
	}
	// The parser is not ours, and its panic must stay this file's fault.
	defer func() {
		if recover() != nil {
			report(Place{1, 1}, "cannot be read as YAML")
			body, ok = nil, false
		}
	}()
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		reportSyntax(err, report)
		return nil, false
	}
	switch {
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		report(Place{1, 1}, "is empty; write its fields as \"name: value\"")
		return nil, false
	case len(file.Docs) > 1:
		report(place(file.Docs[1]), "has a second document; keep one")
		return nil, false
	}
	body = file.Docs[0].Body
	return body, plain(body, report)
}

// nested is the first line with too many brackets or list marks, a bound from
// above of how deep the parser would go; 0 means none.
func nested(src []byte) int {
	open, line := 0, 0
	for text := range strings.Lines(string(src)) {
		line++
		marks := 0
		for strings.HasPrefix(strings.TrimLeft(text, " \t"), "- ") {
			text = strings.TrimLeft(text, " \t")[2:]
			marks++
		}
		open = max(0, open+strings.Count(text, "[")+strings.Count(text, "{")-
			strings.Count(text, "]")-strings.Count(text, "}"))
		deepest := strings.Count(text, "[") + strings.Count(text, "{") + open
		if marks+strings.Count(text, "? ") > maxNesting || deepest > 4*maxNesting {
			return line
		}
	}
	return 0
}

func reportSyntax(err error, report Report) {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		// A place within the message would count from the record's first line.
		message, _, _ := strings.Cut(e.GetMessage(), " at [")
		report(at(e.GetToken()), "is not YAML: %s", message)
		return
	}
	report(Place{1, 1}, "is not YAML: %v", err)
}

// plain refuses the parts of YAML that a record does without.
func plain(n ast.Node, report Report) bool {
	w := walker{report: report, ok: true}
	ast.Walk(&w, n)
	return w.ok
}

type walker struct {
	report Report
	ok     bool
}

// Visit implements ast.Visitor.
func (w *walker) Visit(n ast.Node) ast.Visitor {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode, *ast.DirectiveNode:
		w.ok = false
		w.report(at(n.GetToken()), "uses %q; write the value itself", n.GetToken().Value)
		return nil
	case *ast.MappingKeyNode:
		w.ok = false
		w.report(at(n.GetToken()), "uses a complex key; write \"name: value\"")
		return nil
	}
	return w
}
