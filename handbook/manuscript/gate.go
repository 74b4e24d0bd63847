package manuscript

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/mdx"
)

const (
	maxFiles = 5_000
	maxSize  = 20 << 20 // of one file

	moduleFile = "module.yaml"
)

// fileName is what every file system and URL takes as it is.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

var errTooMany = errors.New("too many files")

// gate is a manuscript while it is read.
type gate struct {
	m       Manuscript
	texts   map[string][]byte // module.yaml, lessons, and what is in components
	spelled map[string]string // paths by their lower case
	faults  []mdx.Fault
	absent  int // listed lessons that are not there

	known, seen map[surrounded]seen // by the last reading, by this one

	compiler bundle.Compiler
	scripts  bundle.Files
	limit    int  // KiB of a bundle
	unread   bool // some of the components cannot be read or compiled, for reasons that were told
}

func (g *gate) fault(file string, line, column int, format string, args ...any) {
	g.faults = append(g.faults, mdx.Fault{File: file, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

// walk takes in all files of the module, and puts them in the order of their
// paths, which is not that of the walk: a-b.mdx stands before a/b.mdx.
func (g *gate) walk() {
	seen := 0
	err := fs.WalkDir(g.m.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxFiles+1 { // the folder itself is seen too
			return errTooMany
		}
		return g.visit(name, d)
	})
	slices.SortFunc(g.m.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	switch {
	case errors.Is(err, errTooMany):
		g.fault(".", 0, 0, "the folder has over %d files; move out what is not of the module", maxFiles)
	case err != nil:
		g.fault(".", 0, 0, "the folder cannot be read: %v", err)
	}
}

func (g *gate) visit(name string, d fs.DirEntry) error {
	hidden := name != "." && strings.HasPrefix(d.Name(), ".")
	switch {
	case hidden && d.IsDir():
		return fs.SkipDir
	case hidden || d.IsDir():
		return nil
	case !belongs(name) && d.Type()&fs.ModeSymlink == 0:
		return nil
	case !d.Type().IsRegular():
		g.fault(name, 0, 0, "this is no plain file; put the file itself here, not a link to it")
		return nil
	}
	for element := range strings.SplitSeq(name, "/") {
		if !fileName.MatchString(element) {
			g.fault(name, 0, 0, "the name %q has characters other than letters, digits, -, _ and dots; rename it", element)
			return nil
		}
	}
	if other, taken := g.spelled[strings.ToLower(name)]; taken {
		g.fault(name, 0, 0, "%s differs in nothing but capitals, which some systems do not tell apart; rename one", other)
	}
	g.spelled[strings.ToLower(name)] = name
	g.take(name)
	return nil
}

// belongs tells whether a file is part of the module. A lesson is, wherever it
// is: one that is not listed must not be forgotten in silence.
func belongs(name string) bool {
	folder, _, _ := strings.Cut(name, "/")
	return name == moduleFile || folder == "media" || folder == "components" || path.Ext(name) == ".mdx"
}

// isText tells whether a file is read again after the walk.
func isText(name string) bool {
	return name == moduleFile || path.Ext(name) == ".mdx"
}

func (g *gate) take(name string) {
	src, err := readBounded(g.m.fsys, name)
	if err != nil {
		g.fault(name, 0, 0, "the file cannot be read: %v", err)
		return
	}
	if len(src) > maxSize {
		g.fault(name, 0, 0, "the file is over %d MiB; make it smaller", maxSize>>20)
		return
	}
	f := File{Path: name, Size: int64(len(src)), SHA256: sha256.Sum256(src)}
	g.m.Files = append(g.m.Files, f)
	switch {
	case strings.HasPrefix(name, "components/"):
		g.component(name, src)
	case isText(name):
		g.texts[name] = src
	case strings.HasPrefix(name, "media/"):
		g.media(f, src)
	}
}

// readBounded reads at most one byte more than is allowed: the size a folder
// tells may be out of date, or a lie.
func readBounded(fsys fs.FS, name string) (src []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}
