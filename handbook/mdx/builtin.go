package mdx

import (
	"html"
)

// The components that every lesson may use are HTML alone: what they say, they
// say without script.
//
//	<Callout kind="tip" title="…">     a remark beside the text; also <Aside>, and :::tip[…]
//	<Steps>                            an ordered list, to be done one after the other
//	<Tabs><TabItem label="…">          the same thing in several ways
//	<Figure src="…" alt="…" caption="…" />
//
// A component that reacts to its reader has a custom element: see Component.

// BuiltinNames are those of all built-in components.
func BuiltinNames() []string {
	return []string{"Aside", "Callout", "Figure", "Steps", "TabItem", "Tabs"}
}

// Builtin returns the built-in component of a name.
func Builtin(name string) (Component, bool) {
	switch name {
	case "Callout", "Aside":
		return callout(), true
	case "Steps":
		return steps(), true
	case "Tabs":
		return Component{Element: "hb-tabs", Only: []string{"TabItem"}}, true
	case "TabItem":
		return tab(), true
	case "Figure":
		return pictured(), true
	}
	return Component{}, false
}

func callout() Component {
	return Component{
		Props: []Prop{
			{Name: "kind", Values: []string{"note", "tip", "caution", "danger"}, Default: "note"},
			{Name: "title", Holds: Markdown},
		},
		Render: func(t Tag) (before, after string) {
			kind, title := t.Text("kind"), t.HTML("title")
			if title == "" {
				title = word(kind)
			}
			return `<aside class="callout ` + kind + `"><p class="title">` + title + "</p>\n", "</aside>"
		},
	}
}

// word names a kind of callout to the reader: colour alone would not tell.
func word(kind string) string {
	switch kind {
	case "tip":
		return "Tip"
	case "caution":
		return "Caution"
	case "danger":
		return "Danger"
	}
	return "Note"
}

func steps() Component {
	return Component{
		Only:   []string{"ol"},
		Render: func(Tag) (before, after string) { return `<div class="steps">`, "</div>" },
	}
}

func tab() Component {
	return Component{
		Props:  []Prop{{Name: "label", Required: true}},
		Within: []string{"Tabs"},
		Render: func(t Tag) (before, after string) {
			return `<section class="tab"><p class="title">` + html.EscapeString(t.Text("label")) + "</p>\n", "</section>"
		},
	}
}
