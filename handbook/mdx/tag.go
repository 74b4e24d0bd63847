package mdx

import (
	"html"
	"strings"

	"github.com/yuin/goldmark/util"
)

// A tag is what stands between < and >.
type tag struct {
	name       string // empty: that of a fragment
	closing    bool   // </name>
	closed     bool   // <name/>
	attributes []attribute
	at         int // in the Markdown
}

// An attribute is one of a tag. A spread has no name.
type attribute struct {
	name  string
	at    int
	value expr
}

// String is the tag as a fault spells it.
func (t tag) String() string {
	if t.closing {
		return "</" + t.name + ">"
	}
	return "<" + t.name + ">"
}

// maxName is the length of a name.
const maxName = 60

// beginsTag tells whether a < begins a tag. Unlike MDX, it takes "<5" and "<="
// as text.
func beginsTag(line []byte) bool {
	if len(line) > 1 && line[1] == '/' {
		line = line[1:]
	}
	return len(line) > 1 && (letter(line[1]) || line[1] == '>')
}

// isAutoLink tells whether an address between < and > stands here.
func isAutoLink(line []byte) bool {
	end := max(util.FindURLIndex(line), util.FindEmailIndex(line))
	return end > 0 && end < len(line) && line[end] == '>'
}

// tag reads a tag that begins under the cursor.
func (c *cursor) tag() (t tag, ok bool) {
	begin := c.at
	t.at = c.source(begin)
	c.at++
	if c.peek() == '/' {
		t.closing = true
		c.at++
		c.space()
	}
	t.name = c.word("-.:")
	if len(t.name) > maxName {
		return t, c.fail(begin, "the name of this tag is too long")
	}
	for {
		c.space()
		switch b := c.peek(); {
		case b == '>':
			c.at++
			return t, true
		case b == '/':
			c.at++
			if c.space(); c.peek() != '>' || t.closing {
				return t, c.fail(c.at-1, "/ stands only before the > of a tag that nothing closes")
			}
			t.closed = true
		case b == 0 || b == '<':
			return t, c.fail(begin, "<%s is not closed; end it with > or />, or write \\< for the character", t.name)
		case t.closing || t.name == "":
			return t, c.fail(c.at, "%s has nothing but its name; write %s, or \\< for the character", t, t)
		case !c.attribute(&t, begin):
			return t, false
		}
	}
}

func (c *cursor) attribute(t *tag, begin int) (ok bool) {
	a := attribute{at: c.source(c.at)}
	switch b := c.peek(); {
	case b == '{':
		a.value, ok = c.braces()
		t.attributes = append(t.attributes, a)
		return ok
	case !letter(b):
		return c.fail(c.at, "%q does not belong into the tag <%s>; mend it, or write \\< for the tag's first character", c.character(), t.name)
	}
	a.name = c.word("-:")
	a.value = expr{form: bare, at: a.at, value: true}
	if mark := c.at; true {
		c.space()
		if c.peek() != '=' {
			c.at = mark
			t.attributes = append(t.attributes, a)
			return true
		}
	}
	c.at++
	c.space()
	switch b := c.peek(); b {
	case '{':
		a.value, ok = c.braces()
		if ok && a.value.form == comment {
			return c.fail(c.at, "the braces are empty; write a value of %s", a.name)
		}
	case '"', '\'':
		a.value, ok = c.quoted(b, a.name)
	default:
		return c.fail(c.at, "the value of %s must be a string or stand in braces; write %s=\"…\" or %s={…}", a.name, a.name, a.name)
	}
	t.attributes = append(t.attributes, a)
	return ok
}

// quoted reads a string as JSX and HTML have it: with entities, without \.
func (c *cursor) quoted(quote byte, name string) (e expr, ok bool) {
	begin := c.at
	c.at++
	for {
		switch ch := c.peek(); {
		case ch == quote:
			value := html.UnescapeString(string(c.text[begin+1 : c.at]))
			c.at++
			return expr{form: quoted, at: c.source(begin), value: strings.ReplaceAll(value, "\x00", "\uFFFD")}, true
		case ch == 0 || ch == '\n' && c.emptyLine():
			return e, c.fail(begin, "the value of %s is not closed; end it with %c", name, quote)
		}
		c.at++
	}
}

// emptyLine tells whether the line behind the one that ends here is empty.
func (c *cursor) emptyLine() bool {
	if c.at+1 >= len(c.text) && !c.grow() {
		return true
	}
	c.at++
	defer func() { c.at-- }()
	return c.endsLine()
}
