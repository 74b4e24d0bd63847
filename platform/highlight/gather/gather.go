// Program gather copies the languages that are coloured from chroma, whose
// package of lexers reads all of its 280 into memory at every start. It is run
// by go generate in the folder of package highlight.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

	"pilothandbook/platform/highlight"
)

const folder = "languages"

func main() {
	log.SetFlags(0)
	if err := errors.Join(gather(), license()); err != nil {
		log.Fatal(err)
	}
}

// gather writes the lexer of each language as XML, anew.
func gather() error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, language := range highlight.Languages() {
		lexer, err := written(lexers.Get(language))
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		text, err := chroma.Marshal(lexer)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		name := strings.ToLower(lexer.Config().Name) + ".xml"
		if err := os.WriteFile(filepath.Join(folder, name), append(ordered(text), '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

var state = regexp.MustCompile(`(?s)<state .*?</state>`)

// ordered sorts the states of a lexer in XML. chroma keeps them in a map, and
// writes them in another order each time.
func ordered(text []byte) []byte {
	states := state.FindAll(text, -1)
	slices.SortFunc(states, bytes.Compare)
	next := 0
	return state.ReplaceAllFunc(text, func([]byte) []byte {
		next++
		return states[next-1]
	})
}

// written is a lexer that can be written as XML: Markdown's is wrapped, for the
// front matter of files, and Go's looks for templates in its strings.
func written(l chroma.Lexer) (*chroma.RegexLexer, error) {
	if l == lexers.Markdown {
		l = reflect.ValueOf(l).Elem().FieldByName("Lexer").Interface().(chroma.Lexer)
	}
	lexer, ok := l.(*chroma.RegexLexer)
	if !ok {
		return nil, fmt.Errorf("%T has no rules", l)
	}
	if l != lexers.Go {
		return lexer, nil
	}
	rules, err := lexer.Rules()
	if err != nil {
		return nil, err
	}
	for i, r := range rules["root"] {
		if strings.HasPrefix(r.Pattern, "(`)") {
			rules["root"][i].Type = chroma.LiteralString
		}
	}
	return chroma.NewLexer(lexer.Config(), func() chroma.Rules { return rules })
}

// license copies the terms under which the languages may be passed on.
func license() error {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/alecthomas/chroma/v2").Output()
	if err != nil {
		return fmt.Errorf("where chroma is: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "COPYING"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "COPYING"), text, 0o644)
}
