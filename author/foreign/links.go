package foreign

import (
	"cmp"
	"html"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// What stands behind the text of a link or an image.
	destination = regexp.MustCompile(`\]\(\s*(<[^<>\n]*>|[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*)((?:\s+(?:"[^"]*"|'[^']*'))?)\s*\)`)
	definition  = regexp.MustCompile(`(?m)^[ \t]*\[([^\]^\n][^\]\n]*)\]:[ \t]*(\S+)(.*)\n?`)
	address     = regexp.MustCompile(`(\s)href=("[^"]*"|'[^']*'|\{"[^"]*"\}|\{'[^']*'\})`)
	picture     = regexp.MustCompile(`<img\b([^>]*)>`)
	attribute   = regexp.MustCompile(`([a-zA-Z-]+)=(?:"([^"]*)"|'([^']*)')`)
)

// links leads links to lessons, and images to media/. What leads nowhere is
// text, and listed.
func (p *page) links(s *site, masked, text string, e *edits) {
	for _, m := range destination.FindAllStringSubmatchIndex(masked, -1) {
		begin := opening(masked, m[0])
		if begin < 0 {
			continue
		}
		to := unbracketed(text[m[2]:m[3]])
		if begin > 0 && masked[begin-1] == '!' {
			p.image(s, e, begin-1, m, text, to)
			continue
		}
		if target, ok := s.lead(p, to); ok {
			e.add(m[2], m[3], bracketed(target))
			continue
		}
		p.lose("link", to)
		e.add(begin, begin+1, "")
		e.add(m[0], m[1], "")
	}
	for _, m := range definition.FindAllStringSubmatchIndex(masked, -1) {
		to := unbracketed(text[m[4]:m[5]])
		if target, ok := s.lead(p, to); ok {
			e.add(m[4], m[5], bracketed(target))
		} else if file, ok := s.image(p, to); ok {
			e.add(m[4], m[5], file)
		} else {
			p.lose("link", to)
			e.add(m[0], m[1], "")
		}
	}
	for _, m := range address.FindAllStringSubmatchIndex(masked, -1) {
		to := strings.Trim(text[m[4]:m[5]], `{}"'`)
		if target, ok := s.lead(p, html.UnescapeString(to)); ok {
			e.add(m[4], m[5], `"`+html.EscapeString(target)+`"`)
			continue
		}
		p.lose("link", to)
		e.add(m[0], m[1], "")
	}
	for _, m := range picture.FindAllStringSubmatchIndex(masked, -1) {
		given := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(text[m[2]:m[3]], -1) {
			given[a[1]] = html.UnescapeString(cmp.Or(a[2], a[3]))
		}
		e.add(m[0], m[1], p.shown(s, given["src"], given["alt"]))
	}
}

// image leads an image of Markdown to its file; without one its text remains.
func (p *page) image(s *site, e *edits, begin int, m []int, text, to string) {
	file, ok := s.image(p, to)
	alt := strings.TrimSpace(text[begin+2 : m[0]])
	switch {
	case ok && alt != "":
		e.add(m[2], m[3], file)
	case ok:
		p.lose("image without alternative text", to)
		e.add(begin, m[1], "")
	default:
		p.lose("image", to)
		e.add(begin, begin+2, "")
		e.add(m[0], m[1], "")
	}
}

// shown is an <img> as Markdown.
func (p *page) shown(s *site, src, alt string) string {
	alt = strings.NewReplacer("[", `\[`, "]", `\]`, "\n", " ").Replace(strings.TrimSpace(alt))
	file, ok := s.image(p, src)
	switch {
	case ok && alt != "":
		return "![" + alt + "](" + file + ")"
	case ok:
		p.lose("image without alternative text", src)
		return ""
	}
	p.lose("image", src)
	return alt
}

func (p *page) lose(what, to string) { p.lost = append(p.lost, what+" "+to+p.why[to]) }

func unbracketed(to string) string { return strings.TrimSuffix(strings.TrimPrefix(to, "<"), ">") }

// bracketed is how Markdown writes an address with parentheses.
func bracketed(to string) string {
	if strings.ContainsAny(to, "() ") {
		return "<" + to + ">"
	}
	return to
}

// opening is where the [ stands that belongs to the ] at an offset, else -1.
func opening(text string, at int) int {
	depth := 0
	for i := at; i >= 0; i-- {
		switch {
		case i > 0 && text[i-1] == '\\':
		case text[i] == ']':
			depth++
		case text[i] == '[':
			if depth--; depth == 0 {
				return i
			}
		case text[i] == '\n' && i > 0 && text[i-1] == '\n':
			return -1
		}
	}
	return -1
}

// lead is where a link leads in the module. Before the headings of all pages
// are known (s is nil), every link is good.
func (s *site) lead(p *page, to string) (target string, ok bool) {
	if s == nil {
		return "https://example.com", true
	}
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return "", false
	case u.Scheme == "http" || u.Scheme == "https":
		return to, u.Host != "" && len(to) <= 2_000
	case u.Scheme == "mailto":
		return to, u.Opaque != ""
	case u.Scheme != "" || u.Host != "":
		return "", false
	}
	page := p
	if u.Path != "" {
		page = s.find(p, u.Path)
	}
	if page == nil || page.leftOut != "" {
		return "", false
	}
	fragment := page.ids[strings.ToLower(u.Fragment)]
	switch {
	case u.Fragment != "" && fragment == "" && page != p:
		p.lose("heading", to)
	case page == p && fragment == "":
		return "", false
	}
	target = path.Base(page.file())
	if page == p {
		target = ""
	}
	if fragment != "" {
		target += "#" + (&url.URL{Path: fragment}).EscapedPath()
	}
	return target, true
}

// find is the page behind a path of the site, nil if there is none. Sites
// count relative paths from the file or from the page's own address, and show
// the first language where a translation is missing.
func (s *site) find(p *page, to string) *page {
	to = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(to), ".mdx"), ".md")
	var candidates []string
	if strings.HasPrefix(to, "/") {
		_, rest, _ := strings.Cut(strings.TrimPrefix(to, "/"), "/")
		candidates = []string{to, rest}
	} else {
		candidates = []string{path.Join(path.Dir(p.name), to), path.Join(p.address(), to)}
	}
	for _, c := range candidates {
		c = strings.Trim(path.Clean("/"+c), "/")
		for _, c := range []string{c, strings.TrimSuffix(c, "/index"), strings.TrimSuffix(c, "index")} {
			if page := s.byPath[c]; page != nil && c == strings.Trim(c, "/") {
				return page
			}
		}
	}
	return nil
}

// kinds of images that the handbook takes.
var kinds = map[string]bool{".svg": true, ".png": true, ".jpg": true, ".jpeg": true}

var noFile = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// image is the path of a copied image, as a lesson names it.
func (s *site) image(p *page, to string) (file string, ok bool) {
	if s == nil {
		return "", false
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
		return "", false
	}
	source, outside := s.source(p, u.Path)
	if outside {
		p.why[to] = ", which lies outside of " + s.From + "; copy the file into it"
	}
	if source == "" || !kinds[strings.ToLower(filepath.Ext(source))] || s.spoilt[source] != "" {
		return "", false
	}
	if s.media[source] == "" {
		s.media[source] = s.target(source)
	}
	return "../" + s.media[source], true
}

// source is the file of an image, empty if there is none; outside tells that
// there is one which is no part of the site. Paths from the root are also
// looked for in the folders that generators of sites serve as it, beside the
// pages or above them. Neither dots nor links lead out of where a path begins.
func (s *site) source(p *page, to string) (file string, outside bool) {
	candidates := [][2]string{{".", path.Join(path.Dir(p.name), to)}}
	if strings.HasPrefix(to, "/") {
		to = path.Clean(to)
		candidates = [][2]string{{".", "." + to}, {".", "public" + to}, {".", "static" + to}, {"..", "public" + to}, {"..", "static" + to}, {"../..", "public" + to}, {"../../..", "public" + to}}
	}
	for _, c := range candidates {
		from, name := filepath.Join(s.From, c[0]), filepath.FromSlash(c[1])
		file := filepath.Join(from, name)
		if st, err := os.Stat(file); err != nil || !st.Mode().IsRegular() {
			continue
		}
		if within(from, name) {
			return file, false
		}
		outside = true
	}
	return "", outside
}

func within(folder, name string) bool {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return false
	}
	defer root.Close()
	_, err = root.Stat(name)
	return err == nil
}

// target is a name in media/ that no other image has.
func (s *site) target(source string) string {
	ext := strings.ToLower(filepath.Ext(source))
	stem := strings.Trim(noFile.ReplaceAllString(strings.TrimSuffix(filepath.Base(source), filepath.Ext(source)), "-"), "-.")
	taken := map[string]bool{}
	for _, t := range s.media {
		taken[t] = true
	}
	name := "media/" + cmp.Or(stem, "image") + ext
	for n := 2; taken[name]; n++ {
		name = "media/" + cmp.Or(stem, "image") + "-" + strings.Repeat("i", n-1) + ext
	}
	return name
}
