package media

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"pilothandbook/platform/db"
)

// piece is how much of a large figure is in memory for each reader, who may be
// slow. PostgreSQL keeps blobs so that a part can be read without the rest.
const piece = 256 << 10

// sendLarge sends a large figure, or the part of it that is asked for. The
// connection to PostgreSQL is used for a piece at a time.
func (e endpoint) sendLarge(w http.ResponseWriter, r *http.Request, p picture, keep bool) error {
	body := &pieces{ctx: r.Context(), db: e.db, sum: p.SHA256, size: p.Size}
	if err := body.load(0); err != nil {
		return err // later on it would be too late to say so
	}
	p.describe(w.Header(), keep)
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(p.SHA256[:12])+`"`)
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range") // many small parts would cost a piece each
	}
	http.ServeContent(w, r, "", time.Time{}, body)
	return nil
}

// pieces reads a blob. An end before its size makes net/http break off the
// connection, so that nobody takes half a figure for a whole one.
type pieces struct {
	ctx  context.Context
	db   db.Querier
	sum  []byte
	size int64
	at   int64  // where Read goes on
	from int64  // where held begins
	held []byte // at most one piece
}

func (p *pieces) load(from int64) error {
	var b []byte
	err := p.db.QueryRow(p.ctx, `
		SELECT substring(body FROM $2::int FOR $3::int)
		FROM blobs
		WHERE sha256 = $1`, p.sum, from+1, piece).Scan(&b)
	if err != nil {
		return fmt.Errorf("figure %x from %d: %w", p.sum, from, err)
	}
	p.from, p.held = from, b
	return nil
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	if p.at >= p.size {
		return 0, io.EOF
	}
	if p.at < p.from || p.at >= p.from+int64(len(p.held)) {
		if err := p.load(p.at); err != nil {
			return 0, err
		}
		if len(p.held) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	n := copy(b, p.held[p.at-p.from:])
	p.at += int64(n)
	return n, nil
}

// Seek implements io.Seeker.
func (p *pieces) Seek(offset int64, whence int) (int64, error) {
	at := offset + map[int]int64{io.SeekStart: 0, io.SeekCurrent: p.at, io.SeekEnd: p.size}[whence]
	if at < 0 {
		return 0, errors.New("before the beginning")
	}
	p.at = at
	return at, nil
}
