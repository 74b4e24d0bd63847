package mdx

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"pilothandbook/handbook/mdx/record"
)

// use is what is known of an element once it was looked up.
type use struct {
	component Component
	known     bool
	native    bool
	inline    bool
	attrs     [][2]string // of native
	tag       Tag
	words     words // of what is kept
	after     string
}

// String is the element as its author wrote it.
func (e *element) String() string {
	if e.directive != "" {
		return ":::" + e.directive
	}
	return e.tag.String()
}

// isNative tells a tag of HTML from that of a component.
func (e *element) isNative() bool {
	return e.tag.name != "" && e.tag.name[0] >= 'a' && e.tag.name[0] <= 'z'
}

// FragmentTag is the name of a fragment that has one: no component may be
// called so.
const FragmentTag = "Fragment"

// isFragment tells an element that is nothing but what stands in it.
func (e *element) isFragment() bool { return e.tag.name == "" || e.tag.name == FragmentTag }

func (s *survey) element(e *element) {
	s.lookUp(e)
	if e.unclosed != "" && (e.use.known || s.keeping()) {
		s.faults.in(e.tag.at, "%s is not closed; add </%s> before %s, or write \\< for the character", e, e.tag.name, e.unclosed)
	}
}

func (s *survey) lookUp(e *element) {
	switch name := e.tag.name; {
	case e.isFragment():
		s.fragment(e)
	case strings.ContainsAny(name, ".:"):
		if s.keep(e.tag.at, e.String()) {
			s.keepWords(e)
		} else {
			s.faults.in(e.tag.at, "%s is no name of a component; write one of letters only", e)
		}
	case e.isNative():
		s.native(e)
	default:
		s.component(e)
	}
}

// fragment passes the attributes that say to a component where the fragment
// belongs, for which this handbook has no use.
func (s *survey) fragment(e *element) {
	e.use.known = true
	for _, a := range e.tag.attributes {
		if a.name != "slot" && a.name != "key" {
			s.nativeAttribute(e, native{}, a)
		}
	}
}

func (s *survey) component(e *element) {
	c, ok := s.find(e.tag.name)
	if ok && e.directive != "" {
		ok = c.takes("kind", e.directive)
	}
	if !ok {
		s.unknown(e)
		return
	}
	s.tags++
	from := len(s.faults.list)
	e.use = use{known: true, component: c, inline: c.Inline}
	e.use.tag = Tag{Name: e.tag.name, Props: map[string]any{}, Within: around(e), Number: s.tags}
	s.place(e, c.Inline, c.Within)
	s.content(e, c)
	s.props(e, c)
	s.tolerate(e, from, e.String())
	if e.use.known && c.Element != "" && !slices.Contains(s.lesson.Elements, c.Element) {
		s.lesson.Elements = append(s.lesson.Elements, c.Element)
		slices.Sort(s.lesson.Elements)
	}
}

func (s *survey) unknown(e *element) {
	switch {
	case s.keep(e.tag.at, e.String()):
		s.keepWords(e)
	case e.directive != "":
		s.faults.in(e.tag.at, "there is no %s; the handbook has :::note, :::tip, :::caution and :::danger", e)
	default:
		if near := record.Nearest(e.tag.name, s.resolver.Names); near != "" {
			s.faults.in(e.tag.at, "%s is not a component of this handbook; did you mean <%s>?", e, near)
			return
		}
		s.faults.in(e.tag.at, "%s is not a component of this handbook; write Markdown, or \\< for the character", e)
	}
}

// find looks a name up among what the lesson imports, and in the registry.
func (s *survey) find(name string) (Component, bool) {
	if c, ok := s.components[name]; ok || s.resolver.Component == nil {
		return c, ok
	}
	return s.resolver.Component(name)
}

func (s *survey) registered(name string) bool {
	if s.resolver.Component == nil {
		return false
	}
	_, ok := s.resolver.Component(name)
	return ok
}

// around is the name of the element that another stands directly in.
func around(e *element) string {
	for n := e.Parent(); n != nil; n = n.Parent() {
		if outer, ok := asElement(n); ok && !outer.isFragment() {
			return outer.tag.name
		} else if !ok && n.Kind() != kindIndented {
			return ""
		}
	}
	return ""
}

// place checks where an element stands.
func (s *survey) place(e *element, inline bool, within []string) {
	if outer := around(e); len(within) > 0 && !slices.Contains(within, outer) {
		s.faults.in(e.tag.at, "%s stands only directly in <%s>; put it there", e, strings.Join(within, "> or <"))
		return
	}
	switch {
	case e.inline && !inline:
		s.faults.in(e.tag.at, "%s does not fit into a line of text; put it and its end on lines of their own", e)
	case inline && !e.inline && s.blocks(e):
		s.faults.in(e.tag.at, "%s stands within a line of text; write it and its end on one line, with nothing but text between", e)
	}
}

// blocks tells whether blocks stand in an element.
func (s *survey) blocks(e *element) bool {
	for c := e.FirstChild(); c != nil; c = c.NextSibling() {
		inner, ok := asElement(c)
		switch {
		case ok && (s.isBlock(inner) || s.blocks(inner)):
			return true
		case !ok && c.Type() == ast.TypeBlock && c.Kind() != kindSpoken:
			return true
		}
	}
	return false
}

// content checks what stands inside an element.
func (s *survey) content(e *element, c Component) {
	if c.Filled && s.hollow(e) {
		s.faults.in(e.tag.at, "nothing stands inside %s; write there what it says to readers without script", e)
	}
	if !c.Empty && len(c.Only) == 0 {
		return
	}
	for _, name := range s.contents(e) {
		switch {
		case c.Empty:
			s.faults.in(e.tag.at, "nothing stands inside %s; end it with />", e)
			return
		case !slices.Contains(c.Only, name):
			s.faults.in(e.tag.at, "inside %s stands %s; only <%s> may", e, spell(name), strings.Join(c.Only, "> or <"))
			return
		}
	}
}

// hollow tells whether there is nothing to see inside an element.
func (s *survey) hollow(e *element) bool { return len(s.contents(e)) == 0 }

// contents are the names of what there is to see inside an element: of a
// fragment it is what stands in that.
func (s *survey) contents(e *element) (names []string) {
	for child := e.FirstChild(); child != nil; child = child.NextSibling() {
		if inner, ok := child.(*element); ok && inner.isFragment() {
			names = append(names, s.contents(inner)...)
		} else if name := s.contentName(child); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func spell(name string) string {
	if name == "text" {
		return name
	}
	return "<" + name + ">"
}

// contentName is the name of a child, empty if there is nothing to see.
func (s *survey) contentName(n ast.Node) string {
	switch n := n.(type) {
	case *dropped:
		return ""
	case *element:
		return n.tag.name
	case *directive:
		return n.tag.name
	case *ast.List:
		if n.IsOrdered() {
			return "ol"
		}
		return "ul"
	case *ast.Text:
		if strings.TrimSpace(string(n.Segment.Value(s.body))) == "" {
			return ""
		}
	}
	return "text"
}

func (c Component) prop(name string) (Prop, bool) {
	i := slices.IndexFunc(c.Props, func(p Prop) bool { return p.Name == name })
	if i < 0 {
		return Prop{}, false
	}
	return c.Props[i], true
}

// takes tells whether a prop may have a value.
func (c Component) takes(name, value string) bool {
	p, ok := c.prop(name)
	return ok && slices.Contains(p.Values, value)
}

// propNames are for a fault: what there is, and what may have been meant.
func (c Component) propNames(wrong string) string {
	var names []string
	for _, p := range c.Props {
		names = append(names, p.Name)
	}
	if near := record.Nearest(wrong, names); near != "" {
		return "did you mean " + near + "?"
	}
	if len(names) == 0 {
		return "it takes none"
	}
	return "it takes " + strings.Join(names, ", ")
}
