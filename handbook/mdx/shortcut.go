package mdx

import (
	"maps"
	"strings"
	"sync"

	"golang.org/x/net/html"
)

// spelling is how the policy writes what attributes may hold.
var spelling = strings.NewReplacer("'", "&#39;", "&quot;", "&#34;")

// shortcut does what the policy does, in a fraction of the time, for HTML of
// the form that the renderer writes. It decides nothing itself. It escapes
// text as the policy does, and gives the policy the tags alone, put together.
// If it leaves these as they are, it also leaves each of them where it stands,
// because it drops what is within an element only after it dropped the
// element's tag. In any other case shortcut is not ok.
func shortcut(src string) (clean string, ok bool) {
	var b, tags strings.Builder
	b.Grow(len(src) + len(src)/8)
	for {
		at := 0
		for at < len(src) && !special[src[at]] {
			at++
		}
		if at == len(src) {
			b.WriteString(src)
			return b.String(), policy().Sanitize(tags.String()) == tags.String()
		}
		b.WriteString(src[:at])
		src = src[at:]
		length := extent(src)
		piece := src[:length]
		switch {
		case piece == "":
			return "", false
		case piece[0] != '<':
			piece = html.EscapeString(html.UnescapeString(piece))
		case !common()[piece]:
			piece = spelling.Replace(piece)
			tags.WriteString(piece)
		}
		b.WriteString(piece)
		src = src[length:]
	}
}

// special are characters that begin a tag or an entity, or that the policy
// writes otherwise.
var special = [256]bool{'<': true, '>': true, '&': true, '\'': true, '"': true, '\r': true, 0: true}

// extent is the length of the tag, entity or character that src begins with, 0
// if what it means depends on what follows. As a tag counts what has no other
// < or > in it: then every < that the policy leaves as it is begins a tag.
func extent(src string) int {
	switch src[0] {
	case '<':
		end := strings.IndexByte(src, '>')
		if end > 0 && strings.IndexByte(src[1:end], '<') < 0 {
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

// common are tags that most lessons have, as far as the policy leaves them as
// they are.
var common = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{`<code class="language-text">`: true, `<div class="table" tabindex="0" role="region" aria-label="Table 1">`: true}
	for _, class := range []string{"", ` class="left"`, ` class="center"`, ` class="right"`} {
		known["<td"+class+">"], known["<th"+class+` scope="col">`] = true, true
	}
	for _, name := range []string{"p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li", "em", "strong", "a", "sup",
		"code", "pre", "figure", "figcaption", "div", "table", "thead", "tbody", "tr", "th", "td",
		"mrow", "mi", "mn", "mo", "mtext", "mfrac", "msqrt", "msub", "msup"} {
		known["<"+name+">"], known["</"+name+">"] = true, true
	}
	maps.DeleteFunc(known, func(tag string, _ bool) bool { return policy().Sanitize(tag) != tag })
	return known
})
