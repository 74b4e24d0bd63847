package builtin

import (
	"fmt"
	"html"

	"pilothandbook/handbook/mdx"
)

func figure() mdx.Component {
	return mdx.Component{
		Empty: true,
		Props: []mdx.Prop{
			{Name: "src", Required: true, Holds: mdx.Picture},
			{Name: "alt", Required: true},
			{Name: "caption", Holds: mdx.Markdown},
		},
		Render: renderFigure,
	}
}

// renderFigure writes what an image alone in its paragraph becomes, too.
func renderFigure(t mdx.Tag) (before, after string) {
	p, _ := t.Picture("src")
	before = fmt.Sprintf(`<figure><img src="%s" alt="%s" width="%d" height="%d" loading="lazy" decoding="async">`,
		html.EscapeString(p.URL), html.EscapeString(t.Text("alt")), p.Width, p.Height)
	if caption := t.HTML("caption"); caption != "" {
		before += "<figcaption>" + caption + "</figcaption>"
	}
	return before, "</figure>"
}
