package preview

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"sync"

	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/edition"
	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/mdx"
	"pilothandbook/handbook/version"
	"pilothandbook/reader/leaf"
)

// shelf holds what was read of the folder last.
type shelf struct {
	dir     string
	reader  manuscript.Reader // of the one who watches
	mu      sync.Mutex
	current now
	last    map[string]shown // the good ones, by the lesson's id
	heads   map[[sha256.Size]byte]version.Head
	changed chan struct{} // closed when the folder has been read again
}

// shown is a lesson as readers would get it.
type shown struct {
	leaf   leaf.Leaf
	script []byte // of its own components, at the leaf's address; empty where it has none
}

// now is the folder as it was read once.
type now struct {
	Number int // of the reading
	Title  string
	Module string
	Heads  []version.Head
	Faults []mdx.Fault
	m      *manuscript.Manuscript
}

func newShelf(dir string, c bundle.Compiler) (*shelf, error) {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("there is no folder %s; name the folder that module.yaml is in, or make one with: handbook new %s", dir, dir)
	}
	s := &shelf{dir: dir, reader: manuscript.Reader{Compiler: c}, last: map[string]shown{}, heads: map[[sha256.Size]byte]version.Head{}, changed: make(chan struct{})}
	s.read()
	return s, nil
}

// read reads the folder again, and tells those who wait.
func (s *shelf) read() {
	m, faults := s.reader.Read(os.DirFS(s.dir))
	n := now{Title: m.Title, Module: m.Key, Faults: faults, m: m}
	sums := map[string][sha256.Size]byte{}
	for _, f := range m.Files {
		sums[f.Path] = f.SHA256
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, l := range m.Lessons {
		n.Heads = append(n.Heads, s.head(m, i, sums[l.File]))
	}
	n.Number = s.current.Number + 1
	s.current = n
	close(s.changed)
	s.changed = make(chan struct{})
}

// head is what is told of a lesson without its text. Of one that has not
// changed it is known.
func (s *shelf) head(m *manuscript.Manuscript, i int, sum [sha256.Size]byte) version.Head {
	l := m.Lessons[i]
	head, known := s.heads[sum]
	if !known {
		text, _ := m.Lesson(i, mediaURL)
		if text.Title == "" {
			return version.Head{ID: l.ID, Title: l.File, Preview: l.Preview}
		}
		head = edition.Lesson(l, text).Head
		s.heads[sum] = head
	}
	head.ID, head.Preview = l.ID, l.Preview
	return head
}

func (s *shelf) now() now {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

func (s *shelf) changes() (number int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Number, s.changed
}

// state is how a lesson stands.
type state struct {
	file  string
	stale bool
}

// lesson is a lesson's leaf, its last good one if it has faults now, nil if
// there is none.
func (s *shelf) lesson(id string) (now, *leaf.Leaf, state) {
	n := s.now()
	i := slices.IndexFunc(n.m.Lessons, func(l manuscript.Lesson) bool { return l.ID == id })
	var st state
	var fresh *shown
	if i >= 0 {
		st.file = n.m.Lessons[i].File
		fresh = n.show(i)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if fresh != nil {
		s.last[id] = *fresh
		return n, &fresh.leaf, st
	}
	if old, ok := s.last[id]; ok {
		st.stale = true
		return n, &old.leaf, st
	}
	return n, nil, st
}

// show renders a lesson; nil if it or its components have faults.
func (n now) show(i int) *shown {
	text, faults := n.m.Lesson(i, mediaURL)
	script, needed := n.m.Bundle(text)
	if len(faults) > 0 || needed && len(script.Body) == 0 {
		return nil
	}
	made := edition.Lesson(n.m.Lessons[i], text)
	if needed {
		made.Script = scriptURL(script.SHA256)
	}
	v := &version.Version{Module: n.m.Key, Title: n.m.Title, Version: n.m.Version}
	return &shown{leaf: leaf.Of(v, n.Heads, i, made), script: script.Body}
}

// script is what a page that was shown loads from an address.
func (s *shelf) script(url string) (body []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.last {
		if l.leaf.Script == url {
			return l.script, true
		}
	}
	return nil, false
}
