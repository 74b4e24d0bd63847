package mdx

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// spelled reads a string, or a template that has nothing to fill in.
func (c *cursor) spelled(quote byte) (any, bool) {
	begin := c.at
	c.at++
	var b strings.Builder
	for {
		switch ch := c.peek(); {
		case ch == quote:
			c.at++
			return b.String(), true
		case ch == 0 || ch == '\n' && quote != '`':
			return nil, c.fail(begin, "the string is not closed; end it with %c", quote)
		case ch == '$' && quote == '`' && c.ahead() == '{':
			return nil, c.fail(c.at, "${…} is script; write its value")
		case ch == '\\':
			c.at++
			if !c.escape(&b) {
				return nil, false
			}
		default:
			b.WriteByte(ch)
			c.at++
		}
	}
}

// escaped are the characters that a letter of escapes behind \ stands for.
const escapes, escaped = "nrt", "\n\r\t"

// escape reads what stands behind \.
func (c *cursor) escape(b *strings.Builder) bool {
	ch := c.peek()
	c.at++
	i := strings.IndexByte(escapes, ch)
	switch {
	case ch == 0:
		return c.fail(c.at-1, "the string is not closed")
	case ch == '\n':
	case ch == 'x':
		return c.code(b, 2)
	case ch == 'u' && c.peek() == '{':
		c.at++
		digits := c.word("")
		if c.peek() != '}' {
			return c.fail(c.at, "a } is missing here")
		}
		c.at++
		return c.write(b, digits)
	case ch == 'u':
		return c.code(b, 4)
	case i >= 0:
		b.WriteByte(escaped[i])
	default:
		b.WriteByte(ch)
	}
	return true
}

// code reads a character's number of n digits.
func (c *cursor) code(b *strings.Builder, n int) bool {
	if c.at+n > len(c.text) {
		return c.fail(c.at, "the number of the character is too short")
	}
	digits := string(c.text[c.at : c.at+n])
	c.at += n
	return c.write(b, digits)
}

func (c *cursor) write(b *strings.Builder, digits string) bool {
	code, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || code < ' ' || code > utf8.MaxRune || !utf8.ValidRune(rune(code)) {
		return c.fail(c.at-len(digits), "%q is not the number of a character", digits)
	}
	b.WriteRune(rune(code))
	return true
}
