// Package foreign makes a module of documentation that was written for another
// reader: a folder of .md and .mdx files becomes lessons that publish.
//
// Titles and summaries come from front matter, else from the text; ids come
// from paths. Links between pages lead to lessons, images that are there are
// copied, and what leads nowhere becomes plain text. Components that the
// handbook does not know are plain containers if the author says "keep". All
// that was kept, dropped and not found is listed in a report beside
// module.yaml.
//
// Plain Markdown is read as MDX after that. Its indented code becomes text.
package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"pilothandbook/author"
	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
)

// Options say what to import, and how.
type Options struct {
	From, To string // folders; To must be empty or not there
	Key      string // of the module
	Date     string // that the lessons carry, as 2026-03-31
	Keep     bool   // components that are unknown; otherwise they are faults
	Out      io.Writer
}

// reportFile is where a module's folder tells how it was made.
const reportFile = "import-report.txt"

// Import makes a module's folder, and prints what came of it. The folder is
// there even where it has faults, so that its author can mend them.
func Import(o Options) error {
	s, err := open(o)
	if err != nil {
		return err
	}
	if err := author.Fit(o.To, o.Key); err != nil {
		return err
	}
	faults, err := s.settle()
	if err != nil {
		return err
	}
	report := s.report(faults)
	if err := s.write(reportFile, report); err != nil {
		return err
	}
	summary, _, _ := strings.Cut(report, "\n\n")
	fmt.Fprintf(o.Out, "%s\nAll of it stands in %s.\n", summary, filepath.Join(o.To, reportFile))
	for _, f := range faults {
		f.File = filepath.Join(o.To, filepath.FromSlash(f.File))
		fmt.Fprintln(o.Out, f)
	}
	switch {
	case len(faults) > 0 && o.Keep:
		return fmt.Errorf("%s has faults (%d, above); mend them, and see that none is left: handbook publish --check %s", o.To, len(faults), o.To)
	case len(faults) > 0:
		return fmt.Errorf("%s has faults (%d, above); mend them, or import again with --unknown-components=keep", o.To, len(faults))
	}
	fmt.Fprintf(o.Out, "Next: set title, price and summary in %s, and look at it: handbook preview %s\n", filepath.Join(o.To, "module.yaml"), o.To)
	return nil
}

// site is the documentation as it is taken in.
type site struct {
	Options
	files  fs.FS
	pages  []*page
	byPath map[string]*page // by address in the site, without slashes at its ends
	media  map[string]string
	spoilt map[string]string // images that the gate does not take, and why
}

func open(o Options) (*site, error) {
	o.From = single(o.From)
	s := &site{Options: o, files: os.DirFS(o.From), byPath: map[string]*page{}, spoilt: map[string]string{}}
	if st, err := os.Stat(o.From); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("there is no folder %s; name the one that has the .md and .mdx files", o.From)
	}
	err := fs.WalkDir(s.files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return fs.SkipDir
		case !d.Type().IsRegular() || path.Ext(name) != ".md" && path.Ext(name) != ".mdx":
			return nil // a link may lead to what is no part of the site
		}
		src, err := fs.ReadFile(s.files, name)
		if err == nil {
			s.pages = append(s.pages, newPage(name, src))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(s.pages) == 0 {
		return nil, fmt.Errorf("%s has no .md or .mdx files; name the folder that has them", o.From)
	}
	slices.SortStableFunc(s.pages, (*page).compare)
	s.name()
	return s, nil
}

// single goes into a folder that holds nothing but one other, as archives have
// it: addresses count from below.
func single(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		return dir
	}
	return single(filepath.Join(dir, entries[0].Name()))
}

// name gives every page its id, and an address to be found by.
func (s *site) name() {
	taken := map[string]bool{}
	for _, p := range s.pages {
		id := p.slug()
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("%s-%d", p.slug(), n)
		}
		taken[id] = true
		p.id = id
		s.byPath[strings.ToLower(p.address())] = p
	}
}

// settle writes the module until the gate takes it: images that it refuses are
// left out at the second try, and pages at the third. What faults remain are
// the author's.
func (s *site) settle() ([]mdx.Fault, error) {
	for range 3 {
		s.anchors()
		faults, err := s.try()
		if err != nil || len(faults) == 0 || !s.Keep {
			return faults, err
		}
		if !s.spoil(faults) {
			s.leaveOut(faults)
		}
	}
	s.anchors()
	return s.try()
}

// spoil notes images that have faults, and tells whether there are any.
func (s *site) spoil(faults []mdx.Fault) (found bool) {
	from := map[string]string{}
	for source, target := range s.media {
		from[target] = source
	}
	for _, f := range faults {
		if source, ok := from[f.File]; ok && s.spoilt[source] == "" {
			s.spoilt[source] = f.Text
			found = true
		}
	}
	return found
}

// leaveOut takes out pages that have faults.
func (s *site) leaveOut(faults []mdx.Fault) {
	why := map[string]string{}
	for _, f := range faults {
		if why[f.File] == "" {
			why[f.File] = f.String()
		}
	}
	for _, p := range s.pages {
		p.leftOut = cmp.Or(p.leftOut, why[p.file()])
	}
}

// anchors finds out what headings the lessons will have, for links to name.
func (s *site) anchors() {
	for _, p := range s.pages {
		text := p.convert(nil)
		lesson, _ := mdx.Scan(p.file(), []byte(s.frontOf(p)+text), mdx.Resolver{Unknown: mdx.Keep})
		p.ids = map[string]string{}
		seen := map[string]int{}
		for _, h := range lesson.Headings {
			p.ids[strings.ToLower(h.ID)] = h.ID
			theirs := githubSlug(h.Text)
			if n := seen[theirs]; n > 0 {
				theirs = fmt.Sprintf("%s-%d", theirs, n)
			}
			seen[githubSlug(h.Text)]++
			if p.ids[theirs] == "" {
				p.ids[theirs] = h.ID
			}
		}
	}
}

// try writes the folder afresh, and asks the gate.
func (s *site) try() ([]mdx.Fault, error) {
	if err := empty(s.To); err != nil {
		return nil, err
	}
	s.media = map[string]string{}
	var listed []*page
	for _, p := range s.pages {
		p.lost = nil
		if p.leftOut != "" {
			continue
		}
		listed = append(listed, p)
		if err := s.write(p.file(), s.frontOf(p)+p.convert(s)); err != nil {
			return nil, err
		}
	}
	for _, source := range slices.Sorted(maps.Keys(s.media)) {
		b, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		if err := s.write(s.media[source], string(b)); err != nil {
			return nil, err
		}
	}
	if err := s.write("module.yaml", s.manifest()); err != nil {
		return nil, err
	}
	m, faults := manuscript.Read(os.DirFS(s.To))
	n := 0
	for lesson := range m.Render(func(string, [32]byte) string { return "/" }) {
		listed[n].kept = lesson.Kept
		n++
	}
	return faults, nil
}

// empty takes out all that is in a folder. It leaves the folder: it may be the
// one that its author stands in.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

func (s *site) write(name, text string) error {
	file := filepath.Join(s.To, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
