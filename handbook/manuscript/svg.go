package manuscript

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	svgSpace    = "http://www.w3.org/2000/svg"
	maxSVGDepth = 100
)

// vector checks an SVG: a drawing that is whole in itself, without script and
// without anything fetched from elsewhere. It is served in a way that would do
// no harm either; this keeps it so wherever a reader opens it.
type vector struct {
	report        func(line, column int, format string, args ...any)
	line, column  int // of the token at hand
	found         bool
	depth         int
	styles        int // how many style elements are open
	width, height int
	blind         bool // whether it can be seen is not asked
	sight         *sight
}

// check is the size of the drawing in pixels. It stops at the first fault of
// the XML itself.
func (v *vector) check(src []byte) (width, height int) {
	if !utf8.Valid(src) {
		v.report(0, 0, "this is not UTF-8; save the file in that encoding")
		return 0, 0
	}
	d := xml.NewDecoder(bytes.NewReader(src))
	for {
		v.line, v.column = d.InputPos()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			v.syntax(err)
			return 0, 0
		}
		if !v.token(token) {
			return 0, 0
		}
	}
	if !v.found {
		v.report(0, 0, "this is no SVG: it has no <svg> element")
	}
	if !v.blind {
		v.sight.report(v.report)
	}
	return v.width, v.height
}

func (v *vector) syntax(err error) {
	if e, ok := errors.AsType[*xml.SyntaxError](err); ok {
		v.report(e.Line, 0, "this is no SVG: %s", e.Msg)
		return
	}
	v.fault("this is no SVG: %v", err)
}

// token checks one token, and tells whether to go on.
func (v *vector) token(token xml.Token) bool {
	switch t := token.(type) {
	case xml.StartElement:
		return v.start(t)
	case xml.EndElement:
		v.depth--
		v.sight.end()
		if t.Name.Local == "style" {
			v.styles--
		}
	case xml.CharData:
		if v.styles > 0 {
			v.css("a style", string(t))
			v.sight.style(string(t))
		}
		v.sight.text(string(t))
	case xml.Directive:
		v.fault("a <!DOCTYPE> or the like is not allowed; remove it")
	case xml.ProcInst:
		if t.Target != "xml" {
			v.fault("<?%s?> is not allowed; remove it", t.Target)
		}
	}
	return true
}

func (v *vector) start(t xml.StartElement) bool {
	v.depth++
	v.found = true
	switch name := strings.ToLower(t.Name.Local); {
	case v.depth > maxSVGDepth:
		v.fault("elements are nested deeper than %d levels; flatten the groups", maxSVGDepth)
		return false
	case t.Name.Space != svgSpace:
		v.fault(`<%s> is not of SVG; save the file as plain SVG, with xmlns="%s"`, t.Name.Local, svgSpace)
		v.sight.start(t, v.line, v.column)
		return v.depth > 1
	case v.depth == 1 && name != "svg":
		v.fault("the file begins with <%s>, not <svg>", t.Name.Local)
		return false
	case v.depth == 1:
		v.size(t.Attr)
	case slices.Contains(forbidden(), name):
		v.fault("<%s> is not allowed in a drawing; remove it", t.Name.Local)
	case name == "style":
		v.styles++
	}
	for _, a := range t.Attr {
		v.attribute(a)
	}
	v.sight.start(t, v.line, v.column)
	return true
}

// forbidden are elements that run or embed something; what fetches does so by
// its href.
func forbidden() []string {
	return []string{"script", "foreignobject", "iframe", "embed", "object", "audio", "video", "handler", "listener"}
}

func (v *vector) attribute(a xml.Attr) {
	name, value := strings.ToLower(a.Name.Local), strings.TrimSpace(a.Value)
	switch {
	case strings.HasPrefix(name, "on"):
		v.fault("the attribute %s runs script; remove it", a.Name.Local)
	case name == "src" || name == "base" && a.Name.Space != "":
		v.fault("the attribute %s is not allowed; remove it", a.Name.Local)
	case name == "href" && !strings.HasPrefix(value, "#"):
		v.fault("href %q leaves the drawing; only #id is allowed", value)
	case name == "attributename" && (strings.Contains(strings.ToLower(value), "href") || strings.HasPrefix(strings.ToLower(value), "on")):
		v.fault("an animation of %s is not allowed; remove it", value)
	case name != "xmlns" && a.Name.Space != "xmlns":
		v.css("the attribute "+a.Name.Local, value)
	}
}

// css refuses whatever could make CSS fetch something. Escapes are refused
// because they can spell it in letters that are not seen here.
func (v *vector) css(where, text string) {
	text = strings.ToLower(text)
	for _, word := range []string{`\`, "@import", "image-set(", "src("} {
		if strings.Contains(text, word) {
			v.fault("%s has %q, which is not allowed; remove it", where, word)
			return
		}
	}
	if strings.Contains(text, "prefers-color-scheme") {
		v.fault("%s asks for the colour scheme; a figure lies on the same light plate on dark pages; remove that, or keep a drawing for dark pages beside it as x.dark.svg", where)
	}
	for {
		_, rest, found := strings.Cut(text, "url(")
		if !found {
			return
		}
		text = rest
		if !strings.HasPrefix(strings.TrimLeft(rest, " \t\r\n\"'"), "#") {
			v.fault("%s has a url() that leaves the drawing; only url(#id) is allowed", where)
			return
		}
	}
}

// size takes width and height in pixels, else those of the viewBox.
func (v *vector) size(attributes []xml.Attr) {
	var width, height, box string
	for _, a := range attributes {
		switch {
		case a.Name.Space != "":
		case a.Name.Local == "width":
			width = a.Value
		case a.Name.Local == "height":
			height = a.Value
		case a.Name.Local == "viewBox":
			box = a.Value
		}
	}
	v.width, v.height = pixels(width), pixels(height)
	if v.width > 0 && v.height > 0 {
		return
	}
	fields := strings.FieldsFunc(box, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' })
	if len(fields) == 4 {
		v.width, v.height = pixels(fields[2]), pixels(fields[3])
	}
	if v.width <= 0 || v.height <= 0 {
		v.width, v.height = 0, 0
		v.fault(`the drawing has no size; give <svg> a width and height, or viewBox="0 0 width height"`)
	}
}

// pixels is a length in pixels, 0 if it is another unit or none.
func pixels(length string) int {
	f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(length), "px"), 64)
	if err != nil || !(f >= 0.5 && f < 1e6) {
		return 0
	}
	return int(math.Round(f))
}

func (v *vector) fault(format string, args ...any) { v.report(v.line, v.column, format, args...) }
