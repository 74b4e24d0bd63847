package mdx

import (
	"bufio"
	"bytes"
	"fmt"
	stdhtml "html"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer/html"
)

// survey goes through a lesson's tree once: it notes headings, links and
// images, reports what is wrong with them, and gives the nodes the ids, URLs
// and attributes that their HTML needs.
type survey struct {
	*document
	*vocabulary
	reading  *reading
	resolver Resolver
	ids      map[string]int // how often each slug was asked for
	formulas *int           // how many the lesson has
	tables   int
	inWord   bool
	here     []Link // to headings of this lesson, which may come later
	alone    []*ast.Paragraph
	fences   []*ast.FencedCodeBlock
}

func newSurvey(d *document, found *reading, r Resolver) *survey {
	return &survey{document: d, vocabulary: newVocabulary(), reading: found, resolver: r, ids: map[string]int{}, formulas: new(int)}
}

func (s *survey) walk() {
	if s.reading.marked {
		s.unravel()
	}
	_ = ast.Walk(s.root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if n.Type() == ast.TypeBlock {
			s.inWord = false
		}
		if !entering {
			return ast.WalkContinue, nil
		}
		return s.visit(n), nil
	})
	s.anchors()
	for _, p := range s.alone {
		replace(p)
	}
	for _, f := range s.fences {
		s.listing(f)
	}
	if n := len(s.lesson.Links) + len(s.lesson.Images); n > maxLinks {
		s.faults.add(0, 0, "the lesson has over %d links and images; split it", maxLinks)
	}
}

func (s *survey) visit(n ast.Node) ast.WalkStatus {
	switch n := n.(type) {
	case *ast.Text:
		s.count(n.Segment.Value(s.body))
		s.inWord = s.inWord && !n.SoftLineBreak() && !n.HardLineBreak()
	case *element:
		s.element(n)
	case *directive:
		s.element(&n.element)
	case *spoken:
		s.speech(n)
		s.count([]byte(n.text))
	case *ast.Heading:
		s.heading(n)
	case *ast.Link:
		s.link(n)
	case *ast.AutoLink:
		s.autoLink(n)
	case *ast.Image:
		s.image(n)
		return ast.WalkSkipChildren
	case *ast.Paragraph:
		if image(n) != nil {
			s.alone = append(s.alone, n)
		}
	case *ast.FencedCodeBlock:
		s.fences = append(s.fences, n)
	case *formula:
		s.formula(n)
	case *extast.Table:
		s.tables++
		n.SetAttributeString("aria-label", "Table "+strconv.Itoa(s.tables))
	case *extast.TableCell:
		cell(n)
	}
	return ast.WalkContinue
}

func (s *survey) heading(n *ast.Heading) {
	title := strings.Join(strings.Fields(s.plain(n)), " ")
	switch {
	case n.Level == 1:
		s.faults.in(n.Pos(), "a lesson's title is in its front matter; begin headings with ##")
	case n.Level > 4:
		s.faults.in(n.Pos(), "headings go from ## to ####; this has level %d", n.Level)
	case title == "":
		s.faults.in(n.Pos(), "the heading is empty; write its text or remove it")
	}
	id := s.id(n, title)
	n.SetAttributeString("id", id)
	s.lesson.Headings = append(s.lesson.Headings, Heading{n.Level, id, title})
}

// ownID is how a comment at a heading's end gives it an id.
var ownID = regexp.MustCompile(`^/\*(\pL[\pL\pN]*(?:-[\pL\pN]+)*)\*/$`)

// id makes a heading's id from its text. It depends on earlier headings of
// the same text only, so that links keep when others are added. A heading may
// have an id of its own, which no other has.
func (s *survey) id(n *ast.Heading, title string) string {
	base := slug(title)
	if last, ok := n.LastChild().(*dropped); ok && ownID.MatchString(last.comment) {
		base = ownID.FindStringSubmatch(last.comment)[1]
		if s.ids[base] > 0 {
			s.faults.in(last.Pos(), "another heading has the id %s; choose another", base)
		}
		trimEnd(last.PreviousSibling(), s.body)
	}
	id := base
	for s.ids[id] > 0 {
		s.ids[base]++
		id = fmt.Sprintf("%s-%d", base, s.ids[base])
	}
	s.ids[id]++
	return id
}

// trimEnd takes the space from a text's end.
func trimEnd(n ast.Node, src []byte) {
	if text, ok := n.(*ast.Text); ok {
		text.Segment = text.Segment.TrimRightSpace(src)
	}
}

// slug keeps letters and digits, and joins words by a hyphen. It never has
// the colon of a footnote's id.
func slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case r != '\'' && r != '’':
			gap = true
		}
	}
	if b.Len() == 0 {
		return "section"
	}
	return b.String()
}

// plain is the text of a node without its markup.
func (s *survey) plain(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.WriteString(s.unescaped(n))
			}
		case *spoken:
			if entering {
				s.speech(n)
				b.WriteString(n.text)
			}
		case *formula:
			if entering {
				s.formula(n)
				b.WriteString(n.set.Text)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(s.body))
			}
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

func (s *survey) unescaped(n *ast.Text) string {
	value := n.Segment.Value(s.body)
	space := ""
	if n.SoftLineBreak() || n.HardLineBreak() {
		space = " "
	}
	if n.IsRaw() || n.Parent().Kind() == ast.KindCodeSpan {
		return string(value) + space
	}
	return unescape(value) + space
}

// unescape resolves what Markdown escapes by \ or &.
func unescape(value []byte) string {
	if bytes.IndexByte(value, '\\') < 0 && bytes.IndexByte(value, '&') < 0 {
		return string(value)
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	html.DefaultWriter.Write(w, value)
	_ = w.Flush() // a bytes.Buffer takes everything
	return stdhtml.UnescapeString(b.String())
}

// image is the image that is all of a paragraph, else nil.
func image(p *ast.Paragraph) *ast.Image {
	if p.ChildCount() != 1 {
		return nil
	}
	img, _ := p.FirstChild().(*ast.Image)
	return img
}

func replace(p *ast.Paragraph) {
	f := &figure{}
	img := image(p)
	p.Parent().ReplaceChild(p.Parent(), p, f)
	f.caption, img.Title = img.Title, nil
	f.AppendChild(f, img)
}

// cell names its alignment by a class, because a policy against inline style
// would refuse the style attribute.
func cell(n *extast.TableCell) {
	if n.Alignment != extast.AlignNone {
		n.SetAttributeString("class", n.Alignment.String())
	}
	if n.Parent().Kind() == extast.KindTableHeader {
		n.SetAttributeString("scope", "col")
	}
}
