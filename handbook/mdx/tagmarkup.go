package mdx

import (
	"encoding/json"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// renderInside leaves no trace of a node but what stands in it.
func renderInside(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkContinue, nil
}

func renderSpoken(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	s := n.(*spoken)
	if !entering || s.text == "" {
		return ast.WalkContinue, nil
	}
	text := html.EscapeString(s.text)
	if !s.inline {
		text = "<p>" + text + "</p>\n"
	}
	_, err := w.WriteString(text)
	return ast.WalkContinue, err
}

func renderElement(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	e, _ := asElement(n)
	if !entering {
		_, err := w.WriteString(e.use.after)
		return ast.WalkContinue, err
	}
	before, after, err := e.around()
	if err != nil {
		return ast.WalkStop, err
	}
	if !e.inline && !e.use.inline && before+after != "" {
		after += "\n"
		if first := e.FirstChild(); first != nil && first.Type() == ast.TypeBlock && before != "" && !strings.HasSuffix(before, "\n") {
			before += "\n"
		}
	}
	e.use.after = after
	_, err = w.WriteString(before)
	return ast.WalkContinue, err
}

// around is the HTML before and after what stands in an element.
func (e *element) around() (before, after string, err error) {
	switch {
	case e.isFragment():
		return "", "", nil
	case e.use.native:
		return e.nativeHTML()
	case e.use.known:
		return e.componentHTML()
	}
	before, after = e.keptHTML()
	return before, after, nil
}

func (e *element) nativeHTML() (before, after string, err error) {
	before = "<" + e.tag.name
	for _, a := range e.use.attrs {
		before += " " + a[0] + `="` + html.EscapeString(a[1]) + `"`
	}
	if n, _ := natives(e.tag.name); !n.empty {
		after = "</" + e.tag.name + ">"
	}
	return before + ">", after, nil
}

func (e *element) componentHTML() (before, after string, err error) {
	c := e.use.component
	if c.Render != nil {
		before, after = c.Render(e.use.tag)
	}
	if c.Element == "" {
		return before, after, nil
	}
	props, err := json.Marshal(e.use.tag.Props)
	if err != nil {
		return "", "", err
	}
	return "<" + c.Element + ` data-props="` + html.EscapeString(string(props)) + `">` + before, after + "</" + c.Element + ">", nil
}
