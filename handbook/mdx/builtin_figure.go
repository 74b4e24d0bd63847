package mdx

func pictured() Component {
	return Component{
		Empty: true,
		Props: []Prop{
			{Name: "src", Required: true, Holds: Picture},
			{Name: "alt", Required: true},
			{Name: "caption", Holds: Markdown},
			{Name: "dark", Values: []string{"invert"}}, // for a drawing whose colours may be turned round on dark pages
		},
		Render: renderPictured,
	}
}

// renderPictured writes what an image alone in its paragraph becomes, too.
func renderPictured(t Tag) (before, after string) {
	p, _ := t.Picture("src")
	before = "<figure>" + p.html(t.Text("alt"), "", t.Text("dark") == "invert")
	if caption := t.HTML("caption"); caption != "" {
		before += "<figcaption>" + caption + "</figcaption>"
	}
	return before, "</figure>"
}
