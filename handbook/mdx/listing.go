package mdx

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// A listing is code in a fence. What stands behind its language names it, and
// marks lines: title="…" {1,3-4} ins={5} del={6}. All else is for other readers
// of the same text.
type listing struct {
	ast.BaseBlock
	language string
	colour   func(language, code string) (lines []string, ok bool)
	marks    map[int]string // elements, by line from 1
}

var kindListing = ast.NewNodeKind("Listing")

// Kind implements ast.Node.
func (*listing) Kind() ast.NodeKind { return kindListing }

// IsRaw implements ast.Node: there is nothing to parse inside.
func (*listing) IsRaw() bool { return true }

// Dump implements ast.Node.
func (l *listing) Dump(source []byte, level int) { ast.DumpHelper(l, source, level, nil, nil) }

var (
	fenceTitle = regexp.MustCompile(`\stitle=(?:"([^"]+)"|'([^']+)')`)
	fenceMark  = regexp.MustCompile(`\s(?:(mark|ins|del)=)?\{([0-9, -]+)\}`)
)

// listing makes one of a fence, within a figure if it has a title.
func (s *survey) listing(code *ast.FencedCodeBlock) {
	l := &listing{language: string(code.Language(s.body)), colour: s.resolver.Code}
	l.SetLines(code.Lines())
	l.SetPos(code.Pos())
	var node ast.Node = l
	if code.Info != nil {
		info := code.Info.Segment.Value(s.body)
		l.marks = marked(string(info))
		if m := fenceTitle.FindSubmatch(info); m != nil {
			node = &figure{caption: slices.Concat(m[1], m[2])}
			node.AppendChild(node, l)
		}
	}
	code.Parent().ReplaceChild(code.Parent(), code, node)
}

// maxLine is the last line of a fence that may be marked.
const maxLine = 2_000

// marked are the lines that a fence's info marks.
func marked(info string) map[int]string {
	lines := map[int]string{}
	for _, m := range fenceMark.FindAllStringSubmatch(info, -1) {
		element := m[1]
		if element == "" {
			element = "mark"
		}
		for span := range strings.SplitSeq(m[2], ",") {
			first, last, several := strings.Cut(strings.TrimSpace(span), "-")
			from, err := strconv.Atoi(first)
			to, _ := strconv.Atoi(last)
			if !several {
				to = from
			}
			for n := from; err == nil && n <= min(to, maxLine); n++ {
				lines[n] = element
			}
		}
	}
	return lines
}

func renderListing(w util.BufWriter, src []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	l := n.(*listing)
	class := ""
	if l.language != "" {
		class = ` class="language-` + html.EscapeString(l.language) + `"`
	}
	_, _ = fmt.Fprintf(w, "<pre><code%s>", class)
	for i, line := range l.html(src) {
		if element := l.marks[i+1]; element != "" {
			line = "<" + element + ">" + line + "</" + element + ">"
		}
		_, _ = w.WriteString(line)
	}
	_, err := w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, err
}

// html is that of the lines, each with its end.
func (l *listing) html(src []byte) []string {
	code := string(l.Lines().Value(src))
	if l.colour != nil {
		if lines, ok := l.colour(l.language, code); ok {
			for i := range lines {
				lines[i] += "\n"
			}
			return lines
		}
	}
	return slices.Collect(strings.Lines(html.EscapeString(code)))
}
