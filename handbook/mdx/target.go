package mdx

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"

	"pilothandbook/handbook/mdx/record"
)

func (s *survey) link(n *ast.Link) {
	href, external, ok := s.target(unescape(n.Destination), n.Pos())
	if external {
		n.SetAttributeString("rel", "noopener")
	} else if ok {
		n.Destination = []byte(href)
	}
}

// target notes a link, and is where it leads: elsewhere, or to what the module
// has.
func (s *survey) target(address string, pos int) (href string, external, ok bool) {
	u, problem := parseURL(address)
	link := s.found(pos)
	switch {
	case problem != "":
		s.faults.in(pos, "%s", problem)
		return "", false, false
	case u.Scheme != "":
		link.URL = u.String()
		href, external, ok = link.URL, true, true
	case abroad.MatchString(u.Path):
		link.URL = u.String()
		if href, ok = link.URL, s.abroad(u.Path, pos); !ok {
			return "", false, false
		}
	default:
		link.Path, link.Fragment = s.path(u.Path), u.Fragment
		href, ok = s.inside(link, pos)
	}
	s.lesson.Links = append(s.lesson.Links, link)
	return href, external, ok
}

func (s *survey) autoLink(n *ast.AutoLink) {
	pos := n.Pos()
	if strings.IndexByte(" *_~(", s.body[pos]) >= 0 {
		pos++ // a bare URL is found at the character before it
	}
	address := string(n.URL(s.body))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
		address = "mailto:" + address
	}
	u, problem := parseURL(address)
	if problem != "" {
		s.faults.in(pos, "%s", problem)
		return
	}
	n.SetAttributeString("rel", "noopener")
	link := s.found(pos)
	link.URL = u.String()
	s.lesson.Links = append(s.lesson.Links, link)
}

func (s *survey) image(n *ast.Image) {
	if s.tagged(n) {
		s.faults.in(n.Pos(), "the alternative text of an image has no tags and formulas; write text alone")
	}
	alt := strings.TrimSpace(s.plain(n))
	if picture, ok := s.picture(unescape(n.Destination), alt, "between the brackets", n.Pos()); ok {
		n.SetAttributeString(shown, pictureOf{picture, alt})
	}
}

// tagged tells whether there are tags, expressions or formulas in a node.
func (s *survey) tagged(n ast.Node) bool {
	for c := n.FirstChild(); c != nil && (s.reading.marked || s.math); c = c.NextSibling() {
		if c.Kind() == kindElement || c.Kind() == kindSpoken || c.Kind() == kindFormula || s.tagged(c) {
			return true
		}
	}
	return false
}

// picture is the image of the module behind an address.
func (s *survey) picture(address, alt, altPlace string, pos int) (p Sized, ok bool) {
	if alt == "" {
		s.faults.in(pos, "the image has no alternative text; say %s what it shows", altPlace)
	}
	u, problem := parseURL(address)
	at := s.found(pos)
	switch {
	case problem != "":
		s.faults.in(pos, "%s", problem)
		return p, false
	case u.Scheme != "" || u.Path == "" || u.Fragment != "":
		s.faults.in(pos, "%q is no file of this module; copy the image to media/ and name it there", address)
		return p, false
	}
	file := s.path(u.Path)
	s.lesson.Images = append(s.lesson.Images, Image{Path: file, Alt: alt, Line: at.Line, Column: at.Column})
	if p, ok = s.media(file); !ok {
		s.faults.in(pos, "%s", missing(file))
	}
	p.first = len(s.lesson.Images) == 1
	return p, ok
}

// abroad is a link to a lesson of another module, by its address in the
// handbook.
var abroad = regexp.MustCompile(`^/modules/([a-z_]+)/lessons/([a-z0-9]+(?:-[a-z0-9]+)*)$`)

// Abroad returns the lesson of another module that a link leads to, and the
// heading, if there is one; ok tells whether it leads to such a lesson.
func (l Link) Abroad() (module, lesson, heading string, ok bool) {
	path, heading, _ := strings.Cut(l.URL, "#")
	found := abroad.FindStringSubmatch(path)
	if found == nil {
		return "", "", "", false
	}
	return found[1], found[2], heading, true
}

// abroad checks such a link as far as this module can know.
func (s *survey) abroad(path string, pos int) bool {
	problem := "this lesson knows no other modules"
	if s.resolver.Module != nil {
		problem = s.resolver.Module(abroad.FindStringSubmatch(path)[1])
	}
	if problem != "" {
		s.faults.in(pos, "%s", problem)
	}
	return problem == ""
}

// inside is the URL of a link within the module.
func (s *survey) inside(l Link, pos int) (target string, ok bool) {
	fragment := (&url.URL{Fragment: l.Fragment}).String()
	switch {
	case l.Path == s.faults.file:
		s.here = append(s.here, l)
		if fragment == "" {
			s.faults.in(pos, "the link leads to its own lesson; add the heading as #…")
		}
		return fragment, true
	case strings.HasSuffix(l.Path, ".mdx"):
		target, ok = s.lessonURL(l.Path)
	default:
		var picture Sized
		picture, ok = s.media(l.Path)
		target = picture.URL
	}
	if !ok {
		s.faults.in(pos, "%s", missing(l.Path))
	}
	return target + fragment, ok
}

// anchors reports links to headings that this lesson does not have.
func (s *survey) anchors() {
	known := make([]string, len(s.lesson.Headings))
	for i, h := range s.lesson.Headings {
		known[i] = h.ID
	}
	for _, l := range s.here {
		if l.Fragment != "" && !slices.Contains(known, l.Fragment) {
			s.faults.add(l.Line, l.Column, "there is no heading #%s in this lesson; %s", l.Fragment, OtherHeading(l.Fragment, known))
		}
	}
}

// OtherHeading says where a link may lead instead of to a heading that is not
// among those known.
func OtherHeading(wrong string, known []string) string {
	if near := record.Nearest(wrong, known); near != "" {
		return "did you mean #" + near + "?"
	}
	if len(known) == 0 {
		return "it has none, so add one, or take the #… away"
	}
	return "name one that it has, as #" + known[0]
}

func (s *survey) lessonURL(file string) (string, bool) {
	if s.resolver.Lesson == nil {
		return "", false
	}
	return s.resolver.Lesson(file)
}

func (s *survey) media(file string) (picture Sized, ok bool) {
	if s.resolver.Media == nil {
		return Sized{}, false
	}
	return s.resolver.Media(file)
}

func (s *survey) found(pos int) Link {
	line, column := s.faults.place(s.faults.body + max(pos, 0))
	return Link{Line: line, Column: column}
}

// path is a path relative to the lesson, from the module's folder.
func (s *survey) path(relative string) string {
	if relative == "" {
		return s.faults.file
	}
	return path.Join(path.Dir(s.faults.file), relative)
}

func missing(file string) string {
	if file == ".." || strings.HasPrefix(file, "../") {
		return "the path leaves the module's folder; name a file of this module"
	}
	return "the module has no " + strconv.Quote(file) + "; paths count from the lesson's own folder"
}

// parseURL takes what a lesson may refer to: the web, a mail address, or a
// path relative to the lesson.
func parseURL(address string) (u *url.URL, problem string) {
	if len(address) > maxURL {
		return nil, "the address is over 2,048 characters; give a shorter one"
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, strconv.Quote(address) + " is not an address; write https:// and what follows, or the path of a file"
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return nil, strconv.Quote(address) + " names no host; write the site behind https://, as in https://www.faa.gov"
		}
	case "mailto":
		if u.Opaque == "" {
			return nil, strconv.Quote(address) + " names nobody; write who is to get the mail behind mailto:"
		}
	case "":
		problem = relative(u)
	default:
		problem = strconv.Quote(u.Scheme+":") + " is not allowed; a link takes https, mailto, a file of the module or a #heading"
	}
	return u, problem
}

func relative(u *url.URL) (problem string) {
	switch {
	case u.Host != "":
		return "the address has no scheme; write https:// in front"
	case u.Path == "" && u.Fragment == "":
		return "the link leads nowhere; put the address between the parentheses"
	case abroad.MatchString(u.Path) && u.RawQuery == "":
	case strings.HasPrefix(u.Path, "/"):
		return strconv.Quote(u.Path) + " is not relative; name the file as seen from the lesson's folder, or another module's lesson as /modules/KEY/lessons/ID"
	case u.RawQuery != "" || u.ForceQuery:
		return "a file of the module takes no ?query; end the address before the ?"
	}
	return ""
}
