package seal

import (
	"errors"
	"fmt"
	"io"
)

// Sealed returns the sealed bytes of a file whose content can be read at any
// place. They are made as they are read, a chunk at a time, and are the same
// at every time.
func (f *File) Sealed(content io.ReaderAt) *io.SectionReader {
	return io.NewSectionReader(&sealed{file: f, content: content, held: -1}, 0, Size(f.size))
}

// sealed reads sealed bytes. It holds one chunk, and is not safe for several
// goroutines.
type sealed struct {
	file    *File
	content io.ReaderAt
	held    int64 // which chunk; -1 is none
	plain   []byte
	closed  []byte
}

// ReadAt implements io.ReaderAt.
func (s *sealed) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) {
		chunk := (at + int64(n)) / (Chunk + tag)
		if chunk >= s.file.chunks {
			return n, io.EOF
		}
		if err := s.hold(chunk); err != nil {
			return n, err
		}
		from := at + int64(n) - chunk*(Chunk+tag)
		if from >= int64(len(s.closed)) {
			return n, io.EOF
		}
		n += copy(b[n:], s.closed[from:])
	}
	return n, nil
}

// hold seals a chunk.
func (s *sealed) hold(chunk int64) error {
	if s.held == chunk {
		return nil
	}
	if s.plain == nil {
		size := min(Chunk, s.file.size)
		s.plain, s.closed = make([]byte, size), make([]byte, 0, size+tag)
	}
	plain := s.plain[:s.file.length(chunk)]
	n, err := s.content.ReadAt(plain, chunk*Chunk)
	if n < len(plain) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // else half a file would look whole
		}
		return fmt.Errorf("chunk %d: %w", chunk, err)
	}
	s.closed = s.file.seal(s.closed[:0], chunk, plain)
	s.held = chunk
	return nil
}
