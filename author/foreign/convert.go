package foreign

import (
	"regexp"
	"strings"
)

var (
	heading   = regexp.MustCompile(`(?m)^(#{1,6})[ \t]+(.*?)[ \t]*$`)
	headingID = regexp.MustCompile(`[ \t]*\{#([\pL\pN_-]+)\}$`)
	comment   = regexp.MustCompile(`(?s)<!--.*?-->`)
	asideType = regexp.MustCompile(`(<Aside\b[^>]*?\s)type=`)
	admonish  = regexp.MustCompile(`(?m)^([ \t]*:{3,})([a-zA-Z]+)[ \t]*(\[[^\]\n]*\]|[^\[{\n]*)`)
	htmlTag   = regexp.MustCompile(`^</?(?:a|abbr|b|blockquote|br|cite|code|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|hr|i|img|ins|kbd|li|mark|ol|p|q|s|samp|small|span|strong|sub|summary|sup|u|ul|var|wbr)(?:\s[^<>]*)?/?>`)
	void      = regexp.MustCompile(`<(br|hr|wbr)(\s[^<>]*?)?\s*/?>`)
)

// callouts are the names that other sites have for the handbook's.
var callouts = map[string]string{
	"info": "note", "important": "note", "success": "tip", "hint": "tip",
	"warning": "caution", "warn": "caution", "error": "danger",
}

// convert is the page's text as a lesson's. Without a site it is for its
// headings alone.
func (p *page) convert(s *site) string {
	text := p.body
	if p.plain {
		text = p.escaped(text)
	}
	masked := mask(text)
	var e edits
	p.headings(masked, text, &e)
	p.links(s, masked, text, &e)
	for _, m := range comment.FindAllStringIndex(masked, -1) {
		e.add(m[0], m[1], "")
	}
	for _, m := range asideType.FindAllStringSubmatchIndex(masked, -1) {
		e.add(m[3], m[1], "kind=")
	}
	for _, m := range admonish.FindAllStringSubmatchIndex(masked, -1) {
		name, title := text[m[4]:m[5]], strings.TrimSpace(text[m[6]:m[7]])
		if ours := callouts[strings.ToLower(name)]; ours != "" {
			name = ours
		}
		if title != "" && title[0] != '[' {
			title = "[" + title + "]"
		}
		e.add(m[4], m[7], name+title)
	}
	dollars(masked, &e)
	return strings.TrimLeft(e.apply(text), "\n")
}

// dollars are money where a site writes them, unless it has formulas.
func dollars(masked string, e *edits) {
	if strings.Contains(masked, "$$") {
		return
	}
	for i := range masked {
		if masked[i] != '$' || i > 0 && masked[i-1] == '\\' {
			continue
		}
		inTag := strings.LastIndexByte(masked[:i], '<') > strings.LastIndexByte(masked[:i], '>')
		if !inTag {
			e.add(i, i+1, `\$`)
		}
	}
}

// headings takes out the one that is the page's title, and moves the others
// to the levels that lessons have.
func (p *page) headings(masked, text string, e *edits) {
	found := heading.FindAllStringSubmatchIndex(masked, -1)
	down := 0
	for _, m := range found {
		if m[3]-m[2] == 1 {
			down = 1 // there are first-level headings, so that all others are below
		}
	}
	for i, m := range found {
		level, words := m[3]-m[2], text[m[4]:m[5]]
		if level == 1 && i == 0 && (p.front.Title == "" || line(words, maxTitle) == p.title()) {
			e.add(m[0], m[1], "")
			if titles(found) == 1 {
				down = 0
			}
			continue
		}
		level = max(2, min(level+down, 4))
		e.add(m[2], m[3], strings.Repeat("#", level))
		if id := headingID.FindStringSubmatchIndex(words); id != nil {
			e.add(m[4]+id[0], m[5], " {/*"+words[id[2]:id[3]]+"*/}")
		}
	}
}

// titles counts headings of the first level.
func titles(found [][]int) (n int) {
	for _, m := range found {
		if m[3]-m[2] == 1 {
			n++
		}
	}
	return n
}

// escaped writes plain Markdown as MDX: in it, { and < are characters unless
// they begin a tag of HTML.
func (p *page) escaped(text string) string {
	masked := mask(text)
	var e edits
	for _, m := range comment.FindAllStringIndex(masked, -1) {
		e.add(m[0], m[1], "")
	}
	for _, m := range void.FindAllStringSubmatchIndex(masked, -1) {
		e.add(m[0], m[1], "<"+text[m[2]:m[3]]+" />")
	}
	for i := range masked {
		switch masked[i] {
		case '{', '}':
			if !strings.HasPrefix(masked[i:], "{#") && !inID(masked, i) {
				e.add(i, i+1, `\`+masked[i:i+1])
			}
		case '<':
			if !htmlTag.MatchString(masked[i:]) && !strings.HasPrefix(masked[i:], "<http") {
				e.add(i, i+1, `\<`)
			}
		}
	}
	return e.apply(text)
}

// inID tells whether a brace ends the id of a heading.
func inID(text string, at int) bool {
	begin := strings.LastIndex(text[:at], "{")
	return text[at] == '}' && begin >= 0 && strings.HasPrefix(text[begin:], "{#")
}
