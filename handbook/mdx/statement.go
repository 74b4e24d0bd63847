package mdx

import (
	"bytes"
	"slices"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// A statement is an import or an export of a lesson.
type statement struct {
	at    int
	word  string // import or export
	path  string // of an import; empty if it cannot be read
	names []imported
	name  string // of an export; empty if it cannot be read
	value expr
}

// known tells whether the statement could be read.
func (s statement) known() bool { return s.path != "" || s.name != "" }

// imported is a name that a file has, and what the lesson calls it.
type imported struct{ name, local string }

// statements reads imports and exports. They stand at the start of a line,
// after an empty one.
type statements struct{}

// Trigger implements parser.BlockParser.
func (statements) Trigger() []byte { return []byte{'i', 'e'} }

// Open implements parser.BlockParser.
func (statements) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	r := readingOf(pc)
	if parent.Kind() != ast.KindDocument || keyword(line) == "" || r.losses > maxLost {
		return nil, parser.NoChildren
	}
	c := blockCursor(parent, reader, 0)
	for {
		s := c.statement()
		r.statements = append(r.statements, s)
		if !s.known() {
			r.missed(s.at)
			c.at, c.slip = 0, slip{}
			c.skipStatement()
		}
		if !s.known() || !c.nextStatement() {
			break
		}
	}
	if at := c.source(c.at); c.toEmptyLine() && r.statements[len(r.statements)-1].known() {
		r.faults.in(at, "text follows an import or export; put an empty line between")
	}
	reader.AdvanceToEOL()
	return &marks{end: c.source(c.at)}, parser.NoChildren
}

// Continue implements parser.BlockParser.
func (statements) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	return blockMark{}.Continue(node, reader, pc)
}

// Close implements parser.BlockParser.
func (statements) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph implements parser.BlockParser.
func (statements) CanInterruptParagraph() bool { return false }

// CanAcceptIndentedLine implements parser.BlockParser.
func (statements) CanAcceptIndentedLine() bool { return false }

// keyword is the word that begins a statement, or empty.
func keyword(line []byte) string {
	word, _, found := bytes.Cut(line, []byte(" "))
	if found && (string(word) == "import" || string(word) == "export") {
		return string(word)
	}
	return ""
}

// statement reads one. A name or a path is left empty if it cannot be read.
func (c *cursor) statement() statement {
	s := statement{at: c.source(c.at), word: c.word("")}
	c.space()
	ok := false
	if s.word == "import" {
		ok = c.imports(&s)
	} else {
		ok = c.export(&s)
	}
	if ok && c.peek() == ';' {
		c.at++
	}
	if !ok || !c.endsLine() {
		s.path, s.name = "", ""
	}
	return s
}

func (c *cursor) export(s *statement) bool {
	if c.word("") != "const" {
		return false
	}
	c.space()
	name := c.word("")
	if c.space(); name == "" || c.peek() != '=' {
		return false
	}
	begin := c.at
	c.at++
	if !c.blank() {
		return false
	}
	value, ok := c.data(0)
	value.size = c.at - begin
	s.name, s.value = name, value
	return ok
}

// imports reads what stands between import and the end of its path.
func (c *cursor) imports(s *statement) bool {
	for b := c.peek(); b != '"' && b != '\''; b = c.peek() {
		switch {
		case b == '{':
			c.at++
			if !c.braced(s) {
				return false
			}
		case b == '*':
			c.at++
			if c.space(); c.word("") != "as" {
				return false
			}
			c.space()
			s.names = append(s.names, imported{"*", c.word("")})
		case letter(b):
			s.names = append(s.names, imported{"default", c.word("")})
		default:
			return false
		}
		c.space()
		if c.peek() == ',' {
			c.at++
			c.space()
			continue
		}
		if c.word("") != "from" {
			return false
		}
		c.space()
	}
	path, ok := c.spelled(c.peek())
	s.path, _ = path.(string)
	return ok && s.path != ""
}

// braced reads "a, b as c }".
func (c *cursor) braced(s *statement) bool {
	for {
		c.space()
		if c.peek() == '}' {
			c.at++
			return true
		}
		i := imported{name: c.word("")}
		i.local = i.name
		if c.space(); letter(c.peek()) {
			if c.word("") != "as" {
				return false
			}
			c.space()
			i.local = c.word("")
		}
		if i.local == "" {
			return false
		}
		s.names = append(s.names, i)
		if c.space(); c.peek() == ',' {
			c.at++
		} else if c.peek() != '}' {
			return false
		}
	}
}

// nextStatement goes to a statement that begins in the next line.
func (c *cursor) nextStatement() bool {
	c.restOfLine()
	return c.peek() != 0 && keyword(c.text[c.at:]) != ""
}

func (c *cursor) restOfLine() {
	if i := bytes.IndexByte(c.text[c.at:], '\n'); i >= 0 {
		c.at += i + 1
		return
	}
	c.at = len(c.text)
}

// toEmptyLine skips lines up to an empty one, and tells whether there were
// any.
func (c *cursor) toEmptyLine() (skipped bool) {
	for c.peek() != 0 && !c.endsLine() {
		c.restOfLine()
		skipped = true
	}
	return skipped
}

// module takes up what a lesson imports and exports.
func (s *survey) module() {
	for _, st := range s.reading.statements {
		switch {
		case st.path != "":
			s.imports(st)
		case st.name != "" && s.exports[st.name].size > 0:
			s.faults.in(st.at, "%s is exported twice; rename one", st.name)
		case st.name != "":
			s.exports[st.name] = st.value
		case !s.keep(st.at, st.word):
			s.faults.in(st.at, "a line that begins with %q is JavaScript, and a lesson has but imports of components "+
				"and \"export const name = …\" of data; remove it, or begin the sentence otherwise", st.word)
		}
	}
}

func (s *survey) imports(st statement) {
	for _, i := range st.names {
		c, ok := s.imported(st.path, i.name)
		if ok {
			s.components[i.local] = c
		}
	}
	known := func(i imported) bool { _, ok := s.components[i.local]; return ok }
	unknown := slices.DeleteFunc(slices.Clone(st.names), known)
	if len(st.names) > 0 && len(unknown) == 0 || s.keep(st.at, "import "+st.path) {
		return
	}
	if len(unknown) > 0 && (s.registered(unknown[0].local) || unknown[0].local == FragmentTag) {
		s.faults.in(st.at, "<%s> is there without an import; remove the import", unknown[0].local)
		return
	}
	s.faults.in(st.at, "the module has no component to import from %q; paths count from the lesson's own folder", st.path)
}
