// Package record reads a small YAML mapping, such as a lesson's front matter
// or a module.yaml, and remembers where every value stands, so that each fault
// can be told with its line.
//
// It takes less than YAML: one document, no anchors, aliases, tags or merged
// keys. Nothing an author writes here needs them, and they are how a short
// file becomes a large value.
package record

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A Place is a position in the source, counted from 1.
type Place struct{ Line, Column int }

// A Report hears of everything that is wrong with a record.
type Report func(at Place, format string, args ...any)

// A Map is one YAML mapping.
type Map struct {
	Place
	Broken bool // it could not be read, and was reported
	report Report
	names  []string
	places map[string]Place
	values map[string]ast.Node
}

// An Item is one text of a list.
type Item struct {
	Place
	Text string
}

// Read reads src as one mapping; subject is what faults of the whole call it.
// What cannot be read is reported, and the Map holds the rest.
func Read(subject string, src []byte, report Report) Map {
	m := Map{Place: Place{1, 1}, report: report}
	body, ok := parse(src, func(at Place, format string, args ...any) {
		report(at, subject+" "+format, args...)
	})
	if !ok {
		m.Broken = true
		return m
	}
	return mapping(body, m)
}

// Only reports every field that is not one of names.
func (m Map) Only(names ...string) {
	for _, name := range m.names {
		if slices.Contains(names, name) {
			continue
		}
		if near := Nearest(name, names); near != "" {
			m.report(m.places[name], "there is no field %q; did you mean %q?", name, near)
			continue
		}
		m.report(m.places[name], "there is no field %q; known are %s", name, strings.Join(names, ", "))
	}
}

// Require reports every one of names that is missing or empty.
func (m Map) Require(names ...string) {
	for _, name := range names {
		value, ok := m.values[name]
		switch {
		case m.Broken:
		case !ok:
			m.report(m.Place, "%s is missing; add a line \"%s: …\"", name, name)
		case empty(value):
			m.report(m.places[name], "%s is empty; give it a value", name)
		}
	}
}

// Has tells whether the mapping has the field, empty or not.
func (m Map) Has(name string) bool { return m.values[name] != nil }

// At is where the field's value stands, else where the mapping begins.
func (m Map) At(name string) Place {
	value, ok := m.values[name]
	if !ok {
		return m.Place
	}
	if empty(value) {
		return m.places[name]
	}
	return place(value)
}

// Text is a field's text, "" if there is none.
func (m Map) Text(name string) string {
	value, ok := m.values[name]
	if !ok || empty(value) {
		return ""
	}
	s, ok := scalar(value)
	switch {
	case !ok:
		m.report(place(value), "%s must be text", name)
	case strings.ContainsFunc(s, hidden):
		m.report(place(value), "%s has a character that cannot be seen or stored; type it again", name)
	}
	return s
}

// hidden reports whether a character is none of a text: PostgreSQL cannot hold
// NUL, what is not UTF-8 has become U+FFFD, and others do mischief where a
// title is shown. Lines and tabs are for texts that may have them.
func hidden(r rune) bool {
	if r >= ' ' && r <= '~' {
		return false // most are, and the rest takes longer
	}
	return unicode.IsControl(r) && r != '\n' && r != '\t' || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r)
}

// Line is a field's text of one line and at most limit characters.
func (m Map) Line(name string, limit int) string {
	s := strings.TrimSpace(m.Text(name))
	if strings.ContainsAny(s, "\n\t") {
		m.report(m.At(name), "%s must be one line, without tabs", name)
	}
	if n := len([]rune(s)); n > limit {
		m.report(m.At(name), "%s has %d characters; shorten it to %d", name, n, limit)
	}
	return s
}

// Int is a field's whole number; ok tells whether it is one. form says how to
// write it.
func (m Map) Int(name, form string) (n int, ok bool) {
	value, ok := m.values[name]
	if !ok || empty(value) {
		return 0, false
	}
	if i, isInt := value.(*ast.IntegerNode); isInt {
		if n, err := strconv.Atoi(i.Token.Value); err == nil && strconv.Itoa(n) == i.Token.Value {
			return n, true
		}
	}
	m.report(place(value), "%s must be a whole number, %s", name, form)
	return 0, false
}

// Flag is a field's true or false, false if there is none.
func (m Map) Flag(name string) bool {
	value, ok := m.values[name]
	if !ok || empty(value) {
		return false
	}
	b, ok := value.(*ast.BoolNode)
	if !ok {
		m.report(place(value), "%s must be true or false", name)
		return false
	}
	return b.Value
}

// Texts is a field's list of texts.
func (m Map) Texts(name string) []Item {
	var items []Item
	for _, value := range m.list(name) {
		s, ok := scalar(value)
		if !ok || s == "" || strings.ContainsFunc(s, hidden) {
			m.report(place(value), "each of %s must be text that can be seen", name)
			continue
		}
		items = append(items, Item{place(value), s})
	}
	return items
}

// Map is a field's mapping, without fields if there is none.
func (m Map) Map(name string) Map {
	inner := Map{Place: m.At(name), report: m.report}
	if value, ok := m.values[name]; ok && !empty(value) {
		return mapping(value, inner)
	}
	return inner
}

// Maps is a field's list of mappings.
func (m Map) Maps(name string) []Map {
	var maps []Map
	for _, value := range m.list(name) {
		maps = append(maps, mapping(value, Map{Place: place(value), report: m.report}))
	}
	return maps
}

func (m Map) list(name string) []ast.Node {
	value, ok := m.values[name]
	if !ok || empty(value) {
		return nil
	}
	list, ok := value.(*ast.SequenceNode)
	if !ok {
		m.report(place(value), "%s must be a list", name)
		return nil
	}
	return list.Values
}

func mapping(node ast.Node, m Map) Map {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		m.Broken = true
		m.report(m.Place, "here must be fields, each as \"name: value\"")
	}
	m.places, m.values = map[string]Place{}, map[string]ast.Node{}
	for i, pair := range pairs {
		if i == 0 {
			m.Place = place(pair.Key)
		}
		name := pair.Key.GetToken().Value
		m.names = append(m.names, name)
		m.places[name], m.values[name] = place(pair.Key), pair.Value
	}
	return m
}

func empty(n ast.Node) bool {
	if n == nil || n.Type() == ast.NullType {
		return true
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		return len(list.Values) == 0
	}
	s, ok := scalar(n)
	return ok && strings.TrimSpace(s) == ""
}

// scalar takes numbers and dates as they are written: an author who titles a
// lesson 91.151 means these characters.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func place(n ast.Node) Place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return at(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return at(n.Key.GetToken())
	}
	return at(n.GetToken())
}

func at(t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{1, 1}
	}
	return Place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}
