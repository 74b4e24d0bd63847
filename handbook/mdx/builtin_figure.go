package mdx

import (
	"fmt"
	"html"
)

func pictured() Component {
	return Component{
		Empty: true,
		Props: []Prop{
			{Name: "src", Required: true, Holds: Picture},
			{Name: "alt", Required: true},
			{Name: "caption", Holds: Markdown},
		},
		Render: renderPictured,
	}
}

// renderPictured writes what an image alone in its paragraph becomes, too.
func renderPictured(t Tag) (before, after string) {
	p, _ := t.Picture("src")
	before = fmt.Sprintf(`<figure><img src="%s" alt="%s" width="%d" height="%d" loading="lazy" decoding="async">`,
		html.EscapeString(p.URL), html.EscapeString(t.Text("alt")), p.Width, p.Height)
	if caption := t.HTML("caption"); caption != "" {
		before += "<figcaption>" + caption + "</figcaption>"
	}
	return before, "</figure>"
}
