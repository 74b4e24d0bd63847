// Package builtin holds the components that every lesson may use. They are
// HTML alone: what they say, they say without script.
//
//	<Callout kind="tip" title="…">     a remark beside the text; also <Aside>, and :::tip[…]
//	<Steps>                            an ordered list, to be done one after the other
//	<Tabs><TabItem label="…">          the same thing in several ways
//	<Figure src="…" alt="…" caption="…" />
//
// A component that reacts to its reader has a custom element: see
// [mdx.Component].
package builtin

import (
	"html"

	"pilothandbook/handbook/mdx"
)

// Names are those of all components.
func Names() []string {
	return []string{"Aside", "Callout", "Figure", "Steps", "TabItem", "Tabs"}
}

// Component is the component of a name.
func Component(name string) (mdx.Component, bool) {
	switch name {
	case "Callout", "Aside":
		return callout(), true
	case "Steps":
		return steps(), true
	case "Tabs":
		return mdx.Component{Element: "hb-tabs", Only: []string{"TabItem"}}, true
	case "TabItem":
		return tab(), true
	case "Figure":
		return figure(), true
	}
	return mdx.Component{}, false
}

func callout() mdx.Component {
	return mdx.Component{
		Props: []mdx.Prop{
			{Name: "kind", Values: []string{"note", "tip", "caution", "danger"}, Default: "note"},
			{Name: "title", Holds: mdx.Markdown},
		},
		Render: func(t mdx.Tag) (before, after string) {
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

func steps() mdx.Component {
	return mdx.Component{
		Only:   []string{"ol"},
		Render: func(mdx.Tag) (before, after string) { return `<div class="steps">`, "</div>" },
	}
}

func tab() mdx.Component {
	return mdx.Component{
		Props:  []mdx.Prop{{Name: "label", Required: true}},
		Within: []string{"Tabs"},
		Render: func(t mdx.Tag) (before, after string) {
			return `<section class="tab"><p class="title">` + html.EscapeString(t.Text("label")) + "</p>\n", "</section>"
		},
	}
}
