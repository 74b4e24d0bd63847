package mdx

import (
	"bytes"
	"regexp"
	"strconv"
)

// A form is how an expression is written.
type form int

const (
	comment    form = iota // or nothing at all
	bare                   // an attribute without a value
	quoted                 // an attribute's "…"
	literal                // a number, true, false or null
	spelled                // '…' or "…" between braces
	template               // `…`
	array                  // […]
	object                 // {…}
	identifier             // a name
	script                 // anything else, and not data
)

// An expr is an expression that was read as data.
type expr struct {
	form  form
	at    int    // in the Markdown
	value any    // of literal, spelled, template, quoted
	name  string // of identifier; the text of comment
	items []expr // of array and object
	keys  []string
	size  int
	why   slip // why it is no data
}

// maxDepth is how deep arrays and objects are nested.
const maxDepth = 32

// noData is what is wrong with script.
const noData = "this is no data; write a number, a string, true, false, null, […] or {…}"

// braces reads {…}. What is no data has the form script, or array or object if
// it begins like one, and says why.
func (c *cursor) braces() (e expr, ok bool) {
	begin := c.at
	c.at++
	mark := c.at
	if !c.blank() {
		return e, false
	}
	if c.peek() == '}' {
		c.at++
		return expr{form: comment, at: c.source(begin), name: string(c.text[mark : c.at-1])}, true
	}
	mark = c.at
	e, ok = c.data(0)
	if ok && c.blank() && c.peek() == '}' {
		c.at++
		e.size = c.at - begin
		return e, true
	}
	return c.strange(begin, mark)
}

// strange skips what began at mark, and keeps why.
func (c *cursor) strange(begin, mark int) (e expr, ok bool) {
	c.fail(mark, noData)
	why := c.slip
	c.slip, c.at = slip{}, mark
	e = expr{form: script, at: c.source(mark), why: why}
	switch c.peek() {
	case '[':
		e.form = array
	case '{':
		e.form = object
	case '`':
		e.form = template
	}
	if !c.skip(begin) {
		return e, false
	}
	return e, true
}

// blank skips white space and comments.
func (c *cursor) blank() bool {
	for {
		c.space()
		if c.peek() != '/' || c.ahead() != '*' && c.ahead() != '/' {
			return true
		}
		end := "*/"
		if c.ahead() == '/' {
			end = "\n"
		}
		begin := c.at
		c.at += 2
		if !c.until(end) {
			return c.fail(max(begin-1, 0), "the comment is not closed; end it with */}")
		}
	}
}

// until goes behind the next end, which is of one or two characters.
func (c *cursor) until(end string) bool {
	for {
		if i := bytes.Index(c.text[c.at:], []byte(end)); i >= 0 {
			c.at += i + len(end)
			return true
		}
		from := max(c.at, len(c.text)-len(end)+1)
		if c.at = from; !c.grow() {
			c.at = len(c.text)
			return false
		}
	}
}

// data reads a value: a strict part of what JavaScript writes so.
func (c *cursor) data(depth int) (e expr, ok bool) {
	e.at = c.source(c.at)
	if depth > maxDepth {
		return e, c.fail(c.at, "this is nested deeper than %d levels; make it flatter", maxDepth)
	}
	switch b := c.peek(); {
	case b == '"' || b == '\'':
		e.form = spelled
		e.value, ok = c.spelled(b)
	case b == '`':
		e.form = template
		e.value, ok = c.spelled(b)
	case b == '[':
		return c.array(depth)
	case b == '{':
		return c.object(depth)
	case b == '-' || b == '+' || b == '.' || b >= '0' && b <= '9':
		e.form = literal
		e.value, ok = c.number()
	case letter(b):
		e.form, e.name = identifier, c.word("")
		return named(e), true
	default:
		return e, c.fail(c.at, noData)
	}
	return e, ok
}

// named makes literals of the names that are.
func named(e expr) expr {
	switch e.name {
	case "true", "false":
		return expr{form: literal, at: e.at, value: e.name == "true"}
	case "null":
		return expr{form: literal, at: e.at}
	}
	return e
}

var numeral = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F]{1,12}|(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)$`)

func (c *cursor) number() (any, bool) {
	begin := c.at
	c.at++
	c.word(".")
	if last := c.text[c.at-1]; (last == 'e' || last == 'E') && (c.peek() == '-' || c.peek() == '+') {
		c.at++
		c.word("")
	}
	text := c.text[begin:c.at]
	if !numeral.Match(text) {
		return nil, c.fail(begin, "%q is not a number", text)
	}
	if whole, err := strconv.ParseInt(string(text), 0, 64); err == nil && bytes.ContainsAny(text, "xX") {
		return float64(whole), true
	}
	value, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return nil, c.fail(begin, "%q is too large a number", text)
	}
	return value, true
}

func (c *cursor) array(depth int) (e expr, ok bool) {
	e = expr{form: array, at: c.source(c.at)}
	c.at++
	for c.blank() {
		if c.peek() == ']' {
			c.at++
			return e, true
		}
		item, ok := c.data(depth + 1)
		if !ok {
			return e, false
		}
		e.items = append(e.items, item)
		if !c.comma(']') {
			return e, false
		}
	}
	return e, false
}

// comma wants a comma, or the end, which it leaves.
func (c *cursor) comma(end byte) bool {
	if !c.blank() {
		return false
	}
	switch c.peek() {
	case ',':
		c.at++
		return true
	case end:
		return true
	}
	return c.fail(c.at, "a comma or %c is missing here", end)
}

func (c *cursor) object(depth int) (e expr, ok bool) {
	e = expr{form: object, at: c.source(c.at)}
	c.at++
	for c.blank() {
		if c.peek() == '}' {
			c.at++
			return e, true
		}
		value, key, ok := c.field(depth)
		if !ok {
			return e, false
		}
		e.keys, e.items = append(e.keys, key), append(e.items, value)
		if !c.comma('}') {
			return e, false
		}
	}
	return e, false
}

// field reads "key: value", or a name that is both.
func (c *cursor) field(depth int) (value expr, key string, ok bool) {
	begin := c.at
	name, ok := c.data(maxDepth)
	switch {
	case !ok:
		return name, "", false
	case name.form == spelled:
		key = name.value.(string)
	case name.form == identifier || name.form == literal:
		key = string(c.text[begin:c.at])
	}
	if key == "" || key == "__proto__" {
		return name, "", c.fail(begin, "this is no name of a field")
	}
	if !c.blank() {
		return name, "", false
	}
	if c.peek() != ':' {
		if name.form != identifier {
			return name, "", c.fail(c.at, "a : is missing here")
		}
		return name, key, true
	}
	c.at++
	if !c.blank() {
		return name, "", false
	}
	value, ok = c.data(depth + 1)
	return value, key, ok
}
