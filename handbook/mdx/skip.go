package mdx

// maxScript is how many bytes of what is no data are skipped.
const maxScript = 16 << 10

// skip goes behind the } that closes the { at begin, whatever is between: it
// knows only strings, comments and brackets.
func (c *cursor) skip(begin int) bool {
	for depth := 1; c.at-begin < maxScript && c.peek() != 0; {
		if !c.step(&depth) {
			return false
		}
		if depth == 0 {
			return true
		}
	}
	return c.open(begin)
}

// skipStatement goes to the next empty line that is not between brackets, or
// to the next one if they do not match.
func (c *cursor) skipStatement() {
	begin, depth := c.at, 0
	for c.at-begin < maxScript && c.peek() != 0 {
		newLine := c.peek() == '\n'
		if !c.step(&depth) {
			break
		}
		if newLine && depth <= 0 && c.endsLine() {
			return
		}
	}
	if depth > 0 {
		c.at = begin
	}
}

// step goes over a character, a string or a comment.
func (c *cursor) step(depth *int) bool {
	switch ch := c.peek(); ch {
	case '{', '(', '[':
		*depth++
	case '}', ')', ']':
		*depth--
	case '"', '\'', '`':
		c.skipString(ch)
		return true
	case '/':
		if c.ahead() == '*' || c.ahead() == '/' {
			return c.blank()
		}
	}
	c.at++
	return true
}

func (c *cursor) open(begin int) bool {
	c.at = begin + 1
	return c.fail(begin, "the { is not closed; end it with }, or write \\{ for the character")
}

// skipString goes behind a string. A quote without another in its line is a
// character, as in a text within tags.
func (c *cursor) skipString(quote byte) {
	begin := c.at
	for c.at++; c.at-begin < maxScript; c.at++ {
		switch ch := c.peek(); {
		case ch == quote:
			c.at++
			return
		case ch == '\\':
			c.at++
		case ch == 0 || ch == '\n' && quote != '`':
			c.at = begin + 1
			return
		}
	}
	c.at = begin + 1
}
