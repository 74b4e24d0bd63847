// Package licence lets a reader's devices open offline packages.
//
//	GET  /api/modules/:module/licence   my devices that may read the module offline
//	POST /api/modules/:module/licence   a licence for one device, by its public key
//
// A device makes a pair of RSA keys of which the private one never leaves it.
// The licence is the module's key, encrypted to the public one, and counts for
// 30 days: then the device must ask again, and gets a new one as long as its
// owner may read the module. A licence that was given cannot be called back.
package licence

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/access"
	"pilothandbook/handbook/account"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

const (
	lasts      = 30 * 24 * time.Hour
	maxDevices = 10   // of one account, with a licence that is not over
	maxInput   = 4096 // bytes
)

// Routes returns the endpoint, ready to mount or wrap.
func Routes(p *platform.Platform) []web.Route {
	e := endpoint{db: p.DB, memory: p.Memory, gate: access.NewGate(p), keyring: offline.Keyring(p.Config)}
	limit := web.Limit{Name: "licence", Reader: web.Rate{N: 60, Per: time.Hour}}
	return []web.Route{
		{Method: "GET", Path: "/api/modules/:module/licence", Handle: e.list},
		{Method: "POST", Path: "/api/modules/:module/licence", Handle: e.issue, Limit: limit, Needs: []string{"CONTENT_ENCRYPTION_KEY"}},
	}
}

type endpoint struct {
	db      *db.Pool
	memory  *cache.Memory
	gate    access.Gate
	keyring *seal.Keyring
}

// device is what its owner sees of a device.
type device struct {
	Name    string    `json:"name"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

type devices struct {
	Limit   int      `json:"limit"` // of the account, over all modules
	Devices []device `json:"devices"`
}

func (e endpoint) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := version.Active(ctx, e.memory, e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	rows, err := e.db.Query(ctx, `
		SELECT name, issued_at, expires_at
		FROM licences
		WHERE user_id = $1 AND module_key = $2 AND expires_at > now()
		ORDER BY issued_at DESC, id`, access.User(ctx), v.Module)
	if err != nil {
		return fmt.Errorf("licences of %s: %w", access.User(ctx), err)
	}
	mine, err := pgx.CollectRows(rows, pgx.RowToStructByPos[device])
	if err != nil {
		return fmt.Errorf("licences of %s: %w", access.User(ctx), err)
	}
	return web.JSON(w, http.StatusOK, devices{maxDevices, db.Present(mine)})
}

// request is what a device sends: its public key as SubjectPublicKeyInfo,
// which JSON carries in base64.
type request struct {
	PublicKey []byte `json:"publicKey"`
}

// key returns the device's public key, and what the device is known by.
func (in request) key() (*rsa.PublicKey, []byte, error) {
	parsed, err := x509.ParsePKIXPublicKey(in.PublicKey)
	key, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok || key.N.BitLen() < 2048 || key.N.BitLen() > 4096 || key.E != 65537 {
		return nil, nil, fault.In("publicKey", "The public key must be RSA of 2048 to 4096 bits with the exponent 65537, as SubjectPublicKeyInfo in base64.").Because(err)
	}
	id := sha256.Sum256(in.PublicKey)
	return key, id[:], nil
}

// licence is what a device gets. Key is the id of the module's key; Wrapped is
// the key, encrypted by RSA-OAEP with SHA-256 and the id's text as label.
type licence struct {
	Module  string    `json:"module"`
	Key     uuid.UUID `json:"key"`
	Wrapped []byte    `json:"wrapped"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

func (e endpoint) issue(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := version.Active(ctx, e.memory, e.db, web.Param(r, "module"))
	if err != nil {
		return err
	}
	if err := e.gate.Require(ctx, v.Module); err != nil {
		return err
	}
	in, err := web.DecodeUpTo[request](w, r, maxInput)
	if err != nil {
		return err
	}
	public, id, err := in.key()
	if err != nil {
		return err
	}
	key, err := offline.ModuleKey(ctx, e.db, e.keyring, v.Module)
	if err != nil {
		return err
	}
	l := licence{Module: v.Module, Key: key.ID}
	if l.Wrapped, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, public, key.Key[:], []byte(key.ID.String())); err != nil {
		return fmt.Errorf("licence for %s: %w", access.User(ctx), err)
	}
	err = db.Tx(ctx, e.db, func(tx pgx.Tx) error {
		return l.enter(ctx, tx, access.User(ctx), id, account.DeviceName(r.UserAgent()))
	})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, l)
}

// enter writes the licence down and sets its times. Access is asked of
// PostgreSQL here, so that a refund counts at once, and a grant that ends
// sooner ends the licence with it.
func (l *licence) enter(ctx context.Context, tx pgx.Tx, user uuid.UUID, id []byte, name string) error {
	// Two devices at once wait for each other.
	if _, err := tx.Exec(ctx, `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, user); err != nil {
		return err
	}
	until, err := readsUntil(ctx, tx, user, l.Module)
	if err != nil {
		return err
	}
	if err := room(ctx, tx, user, id); err != nil {
		return err
	}
	row, err := uuid.NewV7()
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO licences (id, user_id, module_key, device, name, expires_at)
		VALUES ($1, $2, $3, $4, $5, least(now() + $6::interval, $7))
		ON CONFLICT (user_id, module_key, device) DO UPDATE
		SET name = excluded.name, issued_at = now(), expires_at = excluded.expires_at
		RETURNING issued_at, expires_at`, row, user, l.Module, id, name, lasts, until).Scan(&l.Issued, &l.Expires)
	if err != nil {
		return fmt.Errorf("licence of %q for %s: %w", l.Module, user, err)
	}
	return nil
}

// readsUntil returns when the last grant that opens a module ends; nil is
// never.
func readsUntil(ctx context.Context, q db.Querier, user uuid.UUID, module string) (until *time.Time, err error) {
	var open bool
	err = q.QueryRow(ctx, `
		SELECT count(*) > 0, CASE WHEN count(*) = count(g.expires_at) THEN max(g.expires_at) END
		FROM grants g, opened_by(g.module_key) o
		WHERE g.user_id = $1 AND o = $2 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now())`, user, module).Scan(&open, &until)
	if err != nil {
		return nil, fmt.Errorf("grants of %s: %w", user, err)
	}
	if !open {
		return nil, access.NotYours(module)
	}
	return until, nil
}

// room makes sure that the account may have this device too.
func room(ctx context.Context, q db.Querier, user uuid.UUID, id []byte) error {
	var others int
	var free *time.Time
	err := q.QueryRow(ctx, `
		SELECT count(*), min(until)
		FROM (SELECT max(expires_at) AS until
		      FROM licences
		      WHERE user_id = $1 AND device <> $2 AND expires_at > now()
		      GROUP BY device) d`, user, id).Scan(&others, &free)
	if err != nil {
		return fmt.Errorf("devices of %s: %w", user, err)
	}
	if others >= maxDevices {
		return fault.New(fault.Conflict, "%d of your devices read offline, which is as many as an account may have. Read online here, or on one of them; a place is free again on %s.",
			maxDevices, free.UTC().Format("2 January 2006"))
	}
	return nil
}
