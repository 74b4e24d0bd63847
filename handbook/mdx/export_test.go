package mdx

// Authority is Sanitise without its shortcut, and Shortcut is that alone.
var (
	Authority = func(html string) string { return policy().Sanitize(html) }
	Shortcut  = shortcut
)

// Raw is the HTML of a lesson before it is sanitised.
func Raw(file string, src []byte, r Resolver) string {
	html, err := read(file, src, r).html()
	if err != nil {
		return err.Error()
	}
	return html
}
