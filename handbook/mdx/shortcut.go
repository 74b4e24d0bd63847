package mdx

import (
	"maps"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// spelling of what a tag's attributes may hold, as the policy writes it.
var spelling = strings.NewReplacer("'", "&#39;", "&quot;", "&#34;")

// shortcut does what the policy does, in a fraction of the time, for HTML of
// the form that the renderer writes. It decides nothing itself. It escapes
// text as the policy does, and gives the policy every tag once, all of them
// put together. If it leaves these as they are, it also leaves each of them
// where it stands, because it drops the text within an element only after it
// dropped the element's tag. In any other case shortcut is not ok.
func shortcut(src string) (clean string, ok bool) {
	var b, tags strings.Builder
	b.Grow(len(src) + len(src)/8)
	known := maps.Clone(plain()) // tags as they are, and as they are spelled
	for {
		at := strings.IndexAny(src, "<>&'\"\r\x00")
		if at < 0 {
			b.WriteString(src)
			return b.String(), policy().Sanitize(tags.String()) == tags.String()
		}
		b.WriteString(src[:at])
		piece := src[at : at+extent(src[at:])]
		spelled, seen := known[piece]
		switch {
		case piece == "":
			return "", false
		case piece[0] != '<':
			spelled = html.EscapeString(html.UnescapeString(piece))
		case !seen:
			spelled = spelling.Replace(piece)
			known[piece] = spelled
			tags.WriteString(spelled)
		}
		b.WriteString(spelled)
		src = src[at+len(piece):]
	}
}

// extent is the length of the tag, entity or character that src begins with, 0
// if what it means depends on what follows. As a tag counts what has no other
// < or > in it: then each < of the tags' spelling must begin a tag, or the
// policy would not leave it.
func extent(src string) int {
	switch src[0] {
	case '<':
		end := 1 + strings.IndexAny(src[1:], "<>")
		if end > 0 && src[end] == '>' {
			return end + 1
		}
	case '&':
		for i := 1; i < min(len(src), 32); i++ {
			c := src[i]
			if c == ';' {
				return i + 1
			}
			if c != '#' && (c < '0' || c > '9') && !letter(c) {
				return 0
			}
		}
	case '>', '\'', '"':
		return 1
	}
	return 0
}

// plain are tags that most lessons have, known beforehand.
var plain = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	for _, name := range []string{"p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li", "em", "strong", "a", "sup",
		"code", "pre", "figure", "figcaption", "div", "table", "thead", "tbody", "tr", "th", "td"} {
		for _, tag := range []string{"<" + name + ">", "</" + name + ">"} {
			if policy().Sanitize(tag) == tag {
				known[tag] = tag
			}
		}
	}
	return known
})
