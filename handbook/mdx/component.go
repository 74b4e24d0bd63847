package mdx

import "fmt"

// OwnPrefix begins the names of the custom elements that are a module's own;
// those of the handbook begin with "hb-".
const OwnPrefix = "m-"

// A Component is what a tag of a lesson stands for. A registry of them is
// closed: what is not declared is a Fault, and nothing of it is evaluated.
type Component struct {
	Element string   // custom element around the HTML, such as "hb-tabs"; it gets the props as JSON. None if empty
	Inline  bool     // stands within a line of text, otherwise on lines of its own
	Empty   bool     // takes nothing inside
	Filled  bool     // needs something inside
	Props   []Prop   // whatever else is given is a fault
	Only    []string // if set, the names of what alone may stand inside; "ol" and "ul" are lists of Markdown
	Within  []string // if set, the names of the components that it must stand directly in

	// Render gives the HTML around what stands inside. It must be readable
	// without script, and pass Sanitise unchanged. It may be nil.
	Render func(Tag) (before, after string)
}

// A Prop is an attribute that a component takes.
type Prop struct {
	Name     string
	Type     Type
	Required bool
	Values   []string // of a string; any if empty
	Default  any      // of a prop that is not given; nil leaves it out
	Holds    Holds
}

// A Type is that of a prop's value. Their order is that of typeNames.
type Type int

// The types of props. Those of an array's items and an object's fields are
// for the component to mind.
const (
	String Type = iota
	Number
	Boolean
	Array
	Object
)

// String is the type's name, as a sentence uses it.
func (t Type) String() string {
	return [...]string{"a string", "a number", "a boolean", "an array", "an object"}[t]
}

// example shows how a value of the type is written.
func (t Type) example(name string) string {
	return name + [...]string{`="…"`, "={5}", "={true}", "={[…]}", "={{…}}"}[t]
}

// Holds is what a string is read as.
type Holds int

// Text is shown as it is. Markdown is a line of it; a Tag gives its HTML. A
// Picture is the path of an image of the module.
const (
	Text Holds = iota
	Markdown
	Picture
)

// A Tag is a component as a lesson uses it. Its props were checked: those
// required are there, and all are of their types.
type Tag struct {
	Name     string
	Props    map[string]any // strings, float64, bool, []any, map[string]any
	Within   string         // name of the component around it
	Number   int            // among the lesson's tags, from 1
	html     map[string]string
	pictures map[string]Sized
}

// Text is a prop as text, empty if it is not given.
func (t Tag) Text(prop string) string {
	if v := t.Props[prop]; v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// HTML is that of a prop that holds Markdown.
func (t Tag) HTML(prop string) string { return t.html[prop] }

// Picture is that of a prop that holds the path of one.
func (t Tag) Picture(prop string) (Sized, bool) {
	p, ok := t.pictures[prop]
	return p, ok
}

// A Policy says what becomes of a component, an import or an expression that
// this handbook does not know.
type Policy int

// Strict reports it as a fault. Keep lists it in the lesson's Kept, and shows
// what stands inside it.
const (
	Strict Policy = iota
	Keep
)

// A Kept is something unknown that was let pass, by its spelling: a <Name>, an
// {…}, an import, a directive, or $…$ for formulas. Line and Column are those of
// the first.
type Kept struct {
	Name         string
	Count        int
	Line, Column int
}
