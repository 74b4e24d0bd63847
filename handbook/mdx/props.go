package mdx

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxExpanded bounds what names of exports stand for, all uses together.
const maxExpanded = 1 << 20

// props checks an element's attributes, and keeps their values.
func (s *survey) props(e *element, c Component) {
	given := map[string]bool{}
	for _, a := range e.tag.attributes {
		p, ok := c.prop(a.name)
		switch {
		case a.name == "":
			s.faults.in(a.value.at, "{...} gives attributes that nobody sees; write each by its name")
		case !ok && s.keep(a.at, "<"+e.tag.name+" "+a.name+">"):
		case !ok:
			s.faults.in(a.at, "%s takes no %s; %s", e, a.name, c.propNames(a.name))
		case given[a.name]:
			s.faults.in(a.at, "%s is given twice; remove one", a.name)
		default:
			s.prop(e, p, a)
		}
		given[a.name] = true
	}
	for _, p := range c.Props {
		switch {
		case p.Required && !given[p.Name]:
			s.faults.in(e.tag.at, "%s needs %s; add %s", e, p.Name, p.example())
		case e.use.tag.Props[p.Name] == nil && p.Default != nil:
			e.use.tag.Props[p.Name] = p.Default
		}
	}
}

func (p Prop) example() string {
	if len(p.Values) > 0 {
		return fmt.Sprintf("%s=%q", p.Name, p.Values[0])
	}
	return p.Type.example(p.Name)
}

func (s *survey) prop(e *element, p Prop, a attribute) {
	value, ok := s.value(a.value)
	text, isText := value.(string)
	switch {
	case !ok:
	case value == nil && p.Required:
		s.faults.in(a.at, "%s needs %s; null is none", e, p.Name)
	case value == nil:
	case !p.Type.fits(value):
		s.faults.in(a.at, "%s of %s must be %s; write %s", p.Name, e, p.Type, p.example())
	case isText && len(p.Values) > 0 && !slices.Contains(p.Values, text):
		s.faults.in(a.at, "%s of %s is one of %s; %q is not", p.Name, e, strings.Join(p.Values, ", "), text)
	case p.Required && isText && strings.TrimSpace(text) == "":
		s.faults.in(a.at, "%s of %s is empty; give it a value", p.Name, e)
	default:
		e.use.tag.Props[p.Name] = value
		s.holds(e, p, a, text)
	}
}

// holds reads a string as what it is.
func (s *survey) holds(e *element, p Prop, a attribute, text string) {
	t := &e.use.tag
	switch p.Holds {
	case Markdown:
		if t.html == nil {
			t.html = map[string]string{}
		}
		t.html[p.Name] = s.markdown(e, a, text)
	case Picture:
		if t.pictures == nil {
			t.pictures = map[string]Sized{}
		}
		alt := ""
		for _, other := range e.tag.attributes {
			if other.name == "alt" {
				alt = strings.TrimSpace(speak(other.value.value))
			}
		}
		if picture, ok := s.picture(text, alt, "in alt", a.at); ok {
			t.pictures[p.Name] = picture
		}
	}
}

func (t Type) fits(value any) bool {
	switch value.(type) {
	case string:
		return t == String
	case float64:
		return t == Number
	case bool:
		return t == Boolean
	case []any:
		return t == Array
	case map[string]any:
		return t == Object
	}
	return false
}

// value is the data that an expression stands for.
func (s *survey) value(e expr) (value any, ok bool) {
	if e.why.text != "" {
		if !s.keep(e.at, "{…}") {
			s.faults.in(e.why.at, "%s", e.why.text)
		}
		return nil, false
	}
	switch e.form {
	case identifier:
		return s.exported(e)
	case array:
		list := make([]any, len(e.items))
		for i, item := range e.items {
			if list[i], ok = s.value(item); !ok {
				return nil, false
			}
		}
		return list, true
	case object:
		fields := make(map[string]any, len(e.items))
		for i, item := range e.items {
			if fields[e.keys[i]], ok = s.value(item); !ok {
				return nil, false
			}
		}
		return fields, true
	}
	return e.value, true
}

// exported is what a name of the lesson stands for. An export has no names of
// others, so that it stands for nothing larger than it is.
func (s *survey) exported(e expr) (any, bool) {
	export, ok := s.exports[e.name]
	switch {
	case s.exporting:
		s.faults.in(e.at, "an export takes no name of another; write the value of %s", e.name)
	case !ok && s.keep(e.at, "{"+e.name+"}"):
	case !ok:
		s.faults.in(e.at, "the lesson exports no %s; write its value, or a line \"export const %s = …\"", e.name, e.name)
	case s.expanded+export.size > maxExpanded:
		s.faults.in(e.at, "the lesson's exports are used too often; split it")
	default:
		s.expanded += export.size
		s.exporting = true
		defer func() { s.exporting = false }()
		return s.value(export)
	}
	return nil, false
}

// speak is a value as text.
func speak(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		if math.Abs(v) < 1e21 {
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// speech resolves an expression in the text.
func (s *survey) speech(n *spoken) {
	if n.heard {
		return
	}
	n.heard = true
	e, at := n.expr, n.Pos()
	if e.why.text != "" && e.at < len(s.body) && s.body[e.at] == '#' && !s.keeping() {
		s.faults.in(at, "this is no id of a heading; write it as {/*id*/} at its end")
		return
	}
	if e.why.text == noData {
		e.why = slip{at, "{…} is an expression, and none is evaluated here; write its value, or \\{ for the character"}
	}
	value, ok := s.value(e)
	switch value.(type) {
	case string, float64:
		n.text = speak(value)
	default:
		if ok && !s.keep(at, "{…}") {
			s.faults.in(at, "only a string or a number is text; write it, or \\{ for the character")
		}
	}
}

func nameOf(a attribute) string {
	if a.name == "" {
		return "{...}"
	}
	return a.name
}
