package foreign

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"pilothandbook/handbook/mdx"
)

// page is one file of the site.
type page struct {
	name, id string
	plain    bool // Markdown, in which < and { are characters
	front    front
	body     string
	ids      map[string]string // of its headings here, by what the site calls them
	kept     []mdx.Kept
	lost     []string          // links and images that lead nowhere
	why      map[string]string // of some of them: what stands behind their address
	leftOut  string            // why
}

// front is what is read of a page's front matter.
type front struct {
	Title       string `yaml:"title"`
	Description string `yaml:"description"`
	Position    *int   `yaml:"sidebar_position"`
	Sidebar     struct {
		Order *int `yaml:"order"`
	} `yaml:"sidebar"`
}

// What the front matter of a lesson takes at most, in characters.
const (
	maxTitle   = 120
	maxSummary = 400
	maxID      = 76 // leaves room for a number
)

func newPage(name string, src []byte) *page {
	src = bytes.ReplaceAll(bytes.ToValidUTF8(src, []byte("\uFFFD")), []byte("\r\n"), []byte("\n"))
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	p := &page{name: name, plain: path.Ext(name) == ".md", body: string(src), why: map[string]string{}}
	if rest, found := strings.CutPrefix(p.body, "---\n"); found {
		if head, body, found := strings.Cut(rest, "\n---"); found {
			_ = yaml.Unmarshal([]byte(head), &p.front) // what cannot be read is made from the text
			_, p.body, _ = strings.Cut(body, "\n")
		}
	}
	return p
}

// compare puts a folder's index first, then pages that say where they stand.
func (p *page) compare(q *page) int {
	dir := func(p *page) string { return path.Dir(p.name) }
	if dir(p) != dir(q) {
		return cmp.Compare(dir(p), dir(q))
	}
	return cmp.Or(cmp.Compare(p.order(), q.order()), cmp.Compare(p.name, q.name))
}

func (p *page) order() int {
	switch {
	case p.stem() == "index" || strings.EqualFold(p.stem(), "readme"):
		return -1 << 31
	case p.front.Position != nil:
		return *p.front.Position
	case p.front.Sidebar.Order != nil:
		return *p.front.Sidebar.Order
	}
	return 1 << 30
}

func (p *page) stem() string { return strings.TrimSuffix(path.Base(p.name), path.Ext(p.name)) }

// address is where the site has the page.
func (p *page) address() string {
	if p.order() == -1<<31 {
		return strings.TrimPrefix(path.Dir(p.name), ".")
	}
	return strings.TrimSuffix(p.name, path.Ext(p.name))
}

func (p *page) file() string { return "lessons/" + p.id + ".mdx" }

var noID = regexp.MustCompile(`[^a-z0-9]+`)

// slug is the page's id, but for others of the same.
func (p *page) slug() string {
	id := noID.ReplaceAllString(strings.ToLower(p.address()), "-")
	if len(id) > maxID {
		id = id[len(id)-maxID:]
	}
	return cmp.Or(strings.Trim(id, "-"), "start")
}

var firstHeading = regexp.MustCompile(`(?m)^# +(.+?) *#*$`)

func (p *page) title() string {
	title := p.front.Title
	if m := firstHeading.FindStringSubmatchIndex(mask(p.body)); title == "" && m != nil {
		title = strings.NewReplacer("`", "", "*", "").Replace(p.body[m[2]:m[3]])
	}
	return line(cmp.Or(title, strings.ReplaceAll(p.stem(), "-", " ")), maxTitle)
}

// summary is the description, else how the text begins.
func (p *page) summary() string {
	if p.front.Description != "" {
		return line(p.front.Description, maxSummary)
	}
	for paragraph := range strings.SplitSeq(mask(p.body), "\n\n") {
		paragraph = strings.TrimSpace(paragraph)
		if paragraph != "" && unicode.IsLetter([]rune(paragraph)[0]) && !strings.HasPrefix(paragraph, "import ") && !strings.HasPrefix(paragraph, "export ") {
			return line(strings.ReplaceAll(paragraph, "\x00", ""), maxSummary)
		}
	}
	return p.title()
}

// line is a text as one line without what cannot be seen.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r) && !unicode.IsSpace(r) || r == '\uFFFD' {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		text = strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return text
}

// frontOf is the front matter of the page's lesson.
func (s *site) frontOf(p *page) string {
	return fmt.Sprintf("---\ntitle: %s\nsummary: %s\ndate: %s\n---\n\n", quote(p.title()), quote(p.summary()), s.Date)
}

// quote writes a text of one line as YAML, of which JSON is a part.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string never fails
	return strings.TrimSpace(b.String())
}

// manifest is module.yaml.
func (s *site) manifest() string {
	var b strings.Builder
	title := path.Base(strings.ReplaceAll(s.From, `\`, "/"))
	fmt.Fprintf(&b, "key: %s\ntitle: %s\nsummary: %s\nversion: 0.1.0\nprice: 5900\ncurrency: usd\nchangelog: Imported.\n",
		s.Key, quote(line(title, maxTitle)), quote(line("Imported from "+title+".", maxSummary)))
	if s.Keep {
		b.WriteString("unknown_components: keep\n")
	}
	b.WriteString("lessons:\n")
	preview := "\n    preview: true"
	for _, p := range s.pages {
		if p.leftOut == "" {
			fmt.Fprintf(&b, "  - id: %s\n    file: %s%s\n", p.id, p.file(), preview)
			preview = ""
		}
	}
	return b.String()
}

// githubSlug is the id that most sites give a heading.
func githubSlug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r == ' ' || r == '-':
			b.WriteByte('-')
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_':
			b.WriteRune(r)
		}
	}
	return b.String()
}
