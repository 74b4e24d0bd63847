package mdx

// Authority is Sanitise without its shortcut, and Shortcut that alone.
var (
	Authority = func(html string) string { return policy().Sanitize(html) }
	Shortcut  = shortcut
)
