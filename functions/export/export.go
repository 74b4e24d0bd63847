// Package export gives readers everything that is kept about them.
//
//	POST /account/export   one archive: JSON of each table, CSV of orders, gifts and progress
//
// Which tables those are the database knows: all that refer to users. Those that
// know somebody in another way are listed (others). Columns of bytes are left
// out, as they are what secrets are stored in.
package export

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account/confirm"
	"pilothandbook/handbook/audit"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB}
	return []web.Route{{Method: "POST", Path: "/account/export", Handle: confirm.First(p.DB, "/account", e.send), Limit: limit}}
}

// limit leaves room for who tries again; each archive reads all that somebody
// ever did.
var limit = web.Limit{
	Name: "export", Reader: web.Rate{N: 10, Per: time.Hour}, Address: web.Rate{N: 50, Per: time.Hour}, Total: web.Rate{N: 1000, Per: time.Hour},
}

// most bounds a packed archive, in bytes, as it is made in memory.
const most = 64 << 20

// bounded is an archive on its way, which refuses to grow beyond most.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > most {
		return 0, fault.New(fault.TooLarge, "We keep more about you than this page can send at once. Please write to us, and we send it to you.")
	}
	return b.Buffer.Write(p)
}

type endpoint struct{ db *db.Pool }

// send answers with the archive. Rows are read one by one and packed at once;
// the packed archive is small, and sent when it is whole, so that a slow
// reader holds no connection to the database and a failure is an answer.
func (e endpoint) send(w http.ResponseWriter, r *http.Request) error {
	var b bounded
	z := zip.NewWriter(&b)
	user := access.User(r.Context())
	err := db.Tx(r.Context(), e.db, func(tx pgx.Tx) error { return pack(r.Context(), tx, z, user) })
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="pilot-handbook.zip"`)
	return web.Bytes(w, http.StatusOK, "application/zip", b.Bytes())
}

// pack writes all tables as they are at one moment.
func pack(ctx context.Context, tx pgx.Tx, z *zip.Writer, user uuid.UUID) error {
	if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`); err != nil {
		return err
	}
	all, err := tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range append(all, others()...) {
		if err := t.pack(ctx, tx, z, user); err != nil {
			return err
		}
	}
	for _, s := range sheets() {
		if err := s.pack(ctx, tx, z, user); err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, audit.Entry{Actor: user, Action: "data exported", Subject: audit.User(user)})
}
