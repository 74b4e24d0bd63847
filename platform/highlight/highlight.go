// Package highlight colours code, by classes that the reader's stylesheet
// gives their colours.
package highlight

import (
	"embed"
	"html"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alecthomas/chroma/v2"
)

// The bounds of what is coloured; beyond them code is plain. The library itself
// gives up a single expression after a quarter of a second.
const (
	maxCode = 32 << 10
	maxTime = time.Second
	usual   = 50 * time.Millisecond // of one text
	maxSlow = 30 * time.Second      // beyond that, of all that a Painter colours
)

// Languages returns those that are coloured. The library has 280, and with some
// of them texts that are not of the language keep it busy for ever; these are
// fuzzed.
func Languages() []string { return slices.Clone(languages) }

var languages = strings.Fields("bash c css diff go html ini java javascript js json jsx markdown md py python " +
	"rust sh shell sql toml ts tsx typescript xml yaml yml")

//go:generate go run ./gather
//go:embed languages/*.xml
var files embed.FS

// lexers are those of Languages, read when the first code is coloured.
var lexers = sync.OnceValue(func() *chroma.LexerRegistry {
	all := chroma.NewLexerRegistry()
	paths, _ := fs.Glob(files, "languages/*.xml") // the only error is of the pattern
	for _, path := range paths {
		all.Register(chroma.MustNewXMLLexer(files, path))
	}
	return all
})

// A Painter colours the code of one text, or a folder of them. Each piece may take
// a second and more, and there may be thousands: once those that were slow took
// too long together, code is plain. Its zero value is ready.
type Painter struct{ slow atomic.Int64 }

// Lines is the function Lines, within the Painter's time.
func (p *Painter) Lines(language, code string) (lines []string, ok bool) {
	if time.Duration(p.slow.Load()) > maxSlow {
		return nil, false
	}
	began := time.Now()
	lines, ok = Lines(language, code)
	p.slow.Add(int64(max(0, time.Since(began)-usual)))
	return lines, ok
}

// Lines is code of a language as HTML, one for each line, in which elements
// are closed. It is not ok if the language is not one of a list, or if to read
// the code would take too long.
func Lines(language, code string) (lines []string, ok bool) {
	if !slices.Contains(languages, language) || len(code) > maxCode {
		return nil, false
	}
	next, err := chroma.Coalesce(lexers().Get(language)).Tokenise(nil, code)
	if err != nil {
		return nil, false
	}
	return write(next, code)
}

// write writes what a lexer finds in code. One that finds something else than
// is there, or takes too long, is not to be trusted.
func write(next chroma.Iterator, code string) (lines []string, ok bool) {
	deadline := time.Now().Add(maxTime)
	var seen, line strings.Builder
	for t := next(); t != chroma.EOF; t = next() {
		if time.Now().After(deadline) {
			return nil, false
		}
		seen.WriteString(t.Value)
		class := Class(t.Type)
		for i, piece := range strings.Split(t.Value, "\n") {
			if i > 0 {
				lines = append(lines, line.String())
				line.Reset()
			}
			span(&line, class, piece)
		}
	}
	if line.Len() > 0 {
		lines = append(lines, line.String())
	}
	return lines, strings.TrimSuffix(seen.String(), "\n") == strings.TrimSuffix(code, "\n")
}

func span(b *strings.Builder, class, text string) {
	text = html.EscapeString(text)
	if class == "" || strings.TrimSpace(text) == "" {
		b.WriteString(text)
		return
	}
	b.WriteString(`<span class="` + class + `">` + text + `</span>`)
}

// Class is that of a kind of token, empty if it has the colour of the text.
// There are few, so that each stays legible in both colour schemes.
func Class(t chroma.TokenType) string {
	switch {
	case t.InCategory(chroma.Comment):
		return "c"
	case t == chroma.NameTag, t.InCategory(chroma.Keyword), t == chroma.OperatorWord:
		return "k"
	case t.InSubCategory(chroma.LiteralString), t == chroma.GenericInserted:
		return "s"
	case t.InCategory(chroma.Literal), t == chroma.NameConstant, t == chroma.NameAttribute:
		return "m"
	case t.InSubCategory(chroma.NameFunction), t == chroma.NameClass, t == chroma.NameBuiltin, t == chroma.NameDecorator, t == chroma.GenericHeading:
		return "f"
	case t == chroma.NameVariable, t == chroma.NameEntity, t == chroma.GenericDeleted:
		return "v"
	}
	return ""
}
