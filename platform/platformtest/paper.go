package platformtest

import (
	"bytes"
	"sync"
)

// Paper is what was written so far by whoever writes on it, at once or in turn.
type Paper struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to it.
func (p *Paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// String returns all of it.
func (p *Paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}
