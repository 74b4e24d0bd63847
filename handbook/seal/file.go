package seal

import (
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Format is the version of what sealed bytes look like.
const Format = 1

// Chunk is how many bytes of a file are sealed at once; the last chunk may be
// shorter.
const Chunk = 256 << 10

// tag is what sealing adds to a chunk, in bytes.
const tag = 16

// ErrContent says that what was to be sealed is not the content it was said to
// be.
var ErrContent = errors.New("the content is not that of the file")

// ErrDamaged says that sealed bytes are not those of the file.
var ErrDamaged = errors.New("the sealed file is damaged")

// File seals and opens one file. It may be used by several goroutines.
type File struct {
	aead    cipher.AEAD
	content [sha256.Size]byte
	size    int64
	chunks  int64
	about   []byte // additional data of every chunk
}

// File returns what seals the file of a module, by the SHA-256 of its content
// and its size in bytes.
func (k Key) File(content [sha256.Size]byte, size int64) (*File, error) {
	f := &File{content: content, size: size, chunks: chunks(size)}
	if size < 0 || f.chunks > math.MaxUint32 {
		return nil, fmt.Errorf("a file of %d bytes cannot be sealed", size)
	}
	key, err := k.derive(content)
	if err != nil {
		return nil, err
	}
	if f.aead, err = key.cipher(); err != nil {
		return nil, err
	}
	f.about = binary.BigEndian.AppendUint32([]byte{Format}, uint32(f.chunks))
	return f, nil
}

func chunks(size int64) int64 { return max(1, (size+Chunk-1)/Chunk) }

// Size returns how many bytes a file of size bytes has when it is sealed.
func Size(size int64) int64 { return size + chunks(size)*tag }

// length returns how many bytes of content a chunk has.
func (f *File) length(chunk int64) int { return int(min(Chunk, f.size-chunk*Chunk)) }

func (f *File) nonce(chunk int64) []byte {
	n := binary.BigEndian.AppendUint32(make([]byte, 7, 12), uint32(chunk))
	if chunk == f.chunks-1 {
		return append(n, 1)
	}
	return append(n, 0)
}

// seal appends a sealed chunk to dst.
func (f *File) seal(dst []byte, chunk int64, plain []byte) []byte {
	return f.aead.Seal(dst, f.nonce(chunk), plain, f.about)
}

// Seal writes the sealed form of src to dst and returns its SHA-256. src must
// be the file's content, as a blob of that name is: it is not hashed again,
// which would take as long as the rest. ErrContent says that its size differs.
func (f *File) Seal(dst io.Writer, src io.Reader) (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	plain, closed := make([]byte, Chunk), make([]byte, 0, Chunk+tag)
	for chunk := range f.chunks {
		plain = plain[:f.length(chunk)]
		if _, err := io.ReadFull(src, plain); err != nil {
			return sum, ended(err, ErrContent)
		}
		closed = f.seal(closed[:0], chunk, plain)
		hash.Write(closed)
		if _, err := dst.Write(closed); err != nil {
			return sum, err
		}
	}
	if err := f.done(src, ErrContent); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// Open writes the content of the sealed src to dst, chunk by chunk, each after
// it was found to be right. It is ErrDamaged when anything is not.
func (f *File) Open(dst io.Writer, src io.Reader) error {
	content := sha256.New()
	closed, plain := make([]byte, Chunk+tag), make([]byte, 0, Chunk)
	for chunk := range f.chunks {
		closed = closed[:f.length(chunk)+tag]
		_, err := io.ReadFull(src, closed)
		if err != nil {
			return ended(err, ErrDamaged)
		}
		if plain, err = f.aead.Open(plain[:0], f.nonce(chunk), closed, f.about); err != nil {
			return fmt.Errorf("chunk %d of %d: %w", chunk, f.chunks, ErrDamaged)
		}
		content.Write(plain)
		if _, err := dst.Write(plain); err != nil {
			return err
		}
	}
	if err := f.done(src, ErrDamaged); err != nil {
		return err
	}
	if [sha256.Size]byte(content.Sum(nil)) != f.content {
		return ErrDamaged
	}
	return nil
}

// done makes sure that nothing follows.
func (f *File) done(src io.Reader, otherwise error) error {
	switch n, err := io.ReadFull(src, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("there is more than a file of %d bytes has: %w", f.size, otherwise)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// ended returns otherwise for the end of a source that came too soon.
func ended(err, otherwise error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it ends too soon: %w", otherwise)
	}
	return err
}
