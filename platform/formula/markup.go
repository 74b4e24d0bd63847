package formula

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
)

// node is an element of MathML, or a text where it has no name.
type node struct {
	name       string
	attributes []xml.Attr
	children   []*node
	text       string
}

// check takes in what the script wrote, lets through what lessons may have,
// and says it in words.
func check(src string) (Formula, error) {
	root, err := parse(src)
	if err != nil {
		return Formula{}, &Error{0, "what Temml makes of the formula is no MathML: " + err.Error()}
	}
	text := sentence(root)
	var b strings.Builder
	if err := root.write(&b, text); err != nil {
		return Formula{}, err
	}
	return Formula{b.String(), text}, nil
}

func parse(src string) (*node, error) {
	open := []*node{{}}
	for d := xml.NewDecoder(strings.NewReader(src)); ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		parent := open[len(open)-1]
		switch t := t.(type) {
		case xml.StartElement:
			n := &node{name: t.Name.Local, attributes: slices.Clone(t.Attr)}
			parent.children = append(parent.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			parent.children = append(parent.children, &node{text: string(t)})
		}
	}
	if top := open[0].children; len(top) == 1 && top[0].name == "math" {
		return top[0], nil
	}
	return nil, errors.New("it is not one math element")
}

// length is what MathML measures by; it has at most two digits before the
// point, so that nothing leaves the page.
var length = exactly(`-?[0-9]{0,2}(?:\.[0-9]+)?(?:em|ex|pt|px|mu|width|height|depth)?`)

var truth = exactly(`true|false`)

func exactly(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

// elements are those that a formula may have, with their attributes.
var elements = func() map[string][]string {
	space := []string{"width", "height", "depth"}
	return map[string][]string{
		"math": {"display"}, "mrow": nil, "mi": {"mathvariant"}, "mn": nil, "mtext": {"mathvariant"}, "mphantom": nil, "mtr": nil, "mtd": nil,
		"mo":     {"fence", "form", "stretchy", "lspace", "rspace", "movablelimits", "symmetric", "minsize", "maxsize", "accent", "separator", "largeop"},
		"mspace": space, "mpadded": append([]string{"lspace", "voffset"}, space...),
		"mstyle": {"mathsize"}, "mfrac": {"linethickness"}, "msqrt": nil, "mroot": nil, "msub": nil, "msup": nil, "msubsup": nil,
		"munder": {"accentunder"}, "mover": {"accent"}, "munderover": {"accent", "accentunder"}, "mmultiscripts": nil, "mprescripts": nil,
		"mtable": {"columnalign", "rowspacing"}, "menclose": {"notation"},
	}
}()

// values are what attributes may be. displaystyle and scriptlevel may stand on
// every element.
var values = func() map[string]*regexp.Regexp {
	all := map[string]*regexp.Regexp{
		"display": exactly(`block`), "form": exactly(`prefix|infix|postfix`), "mathvariant": exactly(`[a-z-]{1,30}`),
		"scriptlevel": exactly(`[+-]?[0-3]`), "columnalign": exactly(`(?:left|right|center| )+`), "notation": exactly(`top|bottom|box`),
	}
	for _, name := range []string{"fence", "stretchy", "movablelimits", "symmetric", "accent", "accentunder", "separator", "largeop", "displaystyle"} {
		all[name] = truth
	}
	for _, name := range []string{"width", "height", "depth", "lspace", "rspace", "voffset", "minsize", "maxsize", "linethickness", "mathsize", "rowspacing"} {
		all[name] = length
	}
	return all
}()

// classes stand for the inline styles that Temml writes, which a policy
// against them would refuse. The reader's stylesheet has their rules.
var classes = map[string]string{
	"display:block math": "", "width:100%": "", // of a math element: the stylesheet knows
	"math-depth:0":     "tml-flat",
	"padding-left:0em": "tml-l0", "padding-left:0pt": "tml-l0", "padding-left:1em": "tml-l2", "padding-left:5.9776pt": "tml-l1",
	"padding-right:0em": "tml-r0", "padding-right:0pt": "tml-r0", "padding-right:1em": "tml-r2", "padding-right:5.9776pt": "tml-r1",
	"border-left:0.06em solid": "tml-bl", "border-right:0.06em solid": "tml-br",
	"border-top:0.06em solid": "tml-bt", "border-bottom:0.06em solid": "tml-bb",
	"padding:3pt": "tml-box", "border:1px solid": "tml-box",
	"margin-left:-0.1667em": "tml-pull", "text-align:left": "tml-left",
}

// known are the classes of Temml that the stylesheet has rules for; others are
// corrections of a hair's breadth.
var known = exactly(`tml-(?:left|right|jot|small|overline|underline|hat-[1-4]|tilde-[2-4])`)

func (n *node) write(b *strings.Builder, alternative string) error {
	if n.name == "" {
		b.WriteString(html.EscapeString(n.text))
		return nil
	}
	allowed, ok := elements[n.name]
	if !ok {
		return &Error{0, "the formula needs <" + n.name + ">, which lessons do not have; write it without"}
	}
	b.WriteString("<" + n.name)
	if alternative != "" {
		b.WriteString(` alttext="` + html.EscapeString(alternative) + `"`)
	}
	if err := n.writeAttributes(b, allowed); err != nil {
		return err
	}
	b.WriteByte('>')
	for _, c := range n.children {
		if err := c.write(b, ""); err != nil {
			return err
		}
	}
	b.WriteString("</" + n.name + ">")
	return nil
}

func (n *node) writeAttributes(b *strings.Builder, allowed []string) error {
	var class []string
	for _, a := range n.attributes {
		name, value := a.Name.Local, strings.TrimSpace(a.Value)
		switch {
		case name == "class":
			class = append(class, strings.Fields(value)...)
		case name == "style":
			styles, err := byClass(value)
			if err != nil {
				return err
			}
			class = append(class, styles...)
		case !slices.Contains(allowed, name) && name != "displaystyle" && name != "scriptlevel" || !values[name].MatchString(value):
			return &Error{0, fmt.Sprintf("the formula needs %s=%q, which lessons do not have; write it without", name, value)}
		default:
			fmt.Fprintf(b, ` %s="%s"`, name, html.EscapeString(value))
		}
	}
	class = slices.DeleteFunc(class, func(c string) bool { return !known.MatchString(c) && !isOurs(c) })
	if slices.Sort(class); len(class) > 0 {
		b.WriteString(` class="` + strings.Join(slices.Compact(class), " ") + `"`)
	}
	return nil
}

// byClass are the classes for inline styles.
func byClass(styles string) (list []string, err error) {
	for s := range strings.SplitSeq(styles, ";") {
		class, ok := classes[s]
		if !ok && s != "" {
			return nil, &Error{0, fmt.Sprintf("the formula needs the style %q, which lessons do not have; write it without", s)}
		}
		list = append(list, class)
	}
	return list, nil
}

func isOurs(class string) bool {
	for _, c := range classes {
		if c == class && c != "" {
			return true
		}
	}
	return false
}
