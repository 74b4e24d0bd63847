package formula

import (
	"strings"
	"unicode/utf8"
)

// sentence is a formula as a line of text: for those who search it, and for
// programs that read pages aloud and know no MathML.
func sentence(n *node) string {
	return tidy.Replace(strings.Join(strings.Fields(say(n)), " "))
}

// tidy puts brackets and commas next to what they belong to.
var tidy = strings.NewReplacer("( ", "(", " )", ")", "[ ", "[", " ]", "]", " ,", ",", " ;", ";", " °", "°", " ′", "′", "(− ", "(−")

// invisible are operators that have no sign.
var invisible = strings.NewReplacer("\u2061", "", "\u2062", "", "\u2063", "", "\u2064", "", "\u00a0", " ", "\u200b", "", "∘", "°")

// say writes a node and what stands in it.
func say(n *node) string {
	switch n.name {
	case "":
		return invisible.Replace(n.text)
	case "mfrac":
		return group(n.at(0)) + "∕" + group(n.at(1)) // not /, by which a search would take both for a path
	case "msqrt":
		return "√(" + sayAll(n.children) + ")"
	case "mroot":
		return say(n.at(1)) + "√(" + say(n.at(0)) + ")"
	case "msub", "munder":
		return say(n.at(0)) + below(n.at(1))
	case "msup":
		return say(n.at(0)) + above(n.at(1))
	case "mover":
		return say(n.at(0)) // the sign above is an accent
	case "msubsup", "munderover":
		return say(n.at(0)) + below(n.at(1)) + above(n.at(2))
	case "mtr":
		return sayAll(n.children) + ";"
	case "mphantom", "mspace":
		return " "
	case "mi", "mn", "mo", "mtext":
		return strings.TrimSpace(join(n.children, ""))
	}
	return sayAll(n.children)
}

func sayAll(nodes []*node) string { return join(nodes, " ") }

func join(nodes []*node, between string) string {
	said := make([]string, len(nodes))
	for i, n := range nodes {
		said[i] = say(n)
	}
	return strings.Join(said, between)
}

// at is a child, or an empty one.
func (n *node) at(i int) *node {
	if i < len(n.children) {
		return n.children[i]
	}
	return &node{}
}

// group puts what has more than one word into brackets.
func group(n *node) string {
	text := strings.TrimSpace(say(n))
	if strings.ContainsAny(text, " ") {
		return "(" + text + ")"
	}
	return text
}

func below(n *node) string { return script("_", n) }

// above is what stands above; signs such as primes and degrees need no mark.
func above(n *node) string {
	if text := say(n); utf8.RuneCountInString(text) == 1 && strings.Contains("°′″‴*", text) {
		return text
	}
	return script("^", n)
}

func script(mark string, n *node) string {
	text := group(n)
	if text == "" {
		return ""
	}
	return mark + text
}
