// Package blob reads stored files piece by piece, so that memory holds a
// piece of each, and a connection to PostgreSQL is used for a piece at a time.
// PostgreSQL keeps blobs so that a part can be read without the rest.
package blob

import (
	"context"
	"fmt"
	"io"

	"pilothandbook/platform/db"
)

// Piece is how many bytes are read at once.
const Piece = 256 << 10

// Open returns a reader of the blob with a SHA-256, of size bytes. It reads
// nothing yet. It is for one goroutine, for as long as ctx lasts. A blob that
// is shorter than said ends with io.ErrUnexpectedEOF, so that nobody takes
// half a file for a whole one.
func Open(ctx context.Context, q db.Querier, sum []byte, size int64) *io.SectionReader {
	return io.NewSectionReader(&pieces{ctx: ctx, db: q, sum: sum, size: size}, 0, size)
}

// pieces reads a blob at any place.
type pieces struct {
	ctx  context.Context // of the request or job: io.ReaderAt has no other way to end a query
	db   db.Querier
	sum  []byte
	size int64
	from int64  // where held begins
	held []byte // at most one piece
}

// ReadAt implements io.ReaderAt.
func (p *pieces) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) && at < p.size {
		if at < p.from || at >= p.from+int64(len(p.held)) {
			if err := p.load(at); err != nil {
				return n, err
			}
		}
		copied := copy(b[n:], p.held[at-p.from:])
		n, at = n+copied, at+int64(copied)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (p *pieces) load(from int64) error {
	var b []byte
	err := p.db.QueryRow(p.ctx, `
		SELECT substring(body FROM $2::int FOR $3::int)
		FROM blobs
		WHERE sha256 = $1`, p.sum, from+1, Piece).Scan(&b)
	if err == nil && len(b) == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("blob %x from %d: %w", p.sum, from, err)
	}
	p.from, p.held = from, b
	return nil
}
