// Package access answers one question for every request: who is this, and
// what may they do and read? One query tells session, user and grants. Its
// answer is kept in the process for a second at most, for a minute where it
// decides nothing, and dropped at once by the process that changes the fact; a
// "no" is always asked again.
package access

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/web"
)

// Reader is somebody who is signed in.
type Reader struct {
	Session uuid.UUID // zero for an author's token
	User    uuid.UUID
	Email   string
	Name    string
	Roles   []string
	Opens   []string // keys of the modules that may be read, sorted
	Stale   bool     // known from a cache, as PostgreSQL does not answer: good for reading only
}

// Can reports whether the reader has a role.
func (r *Reader) Can(role string) bool {
	return r != nil && slices.Contains(r.Roles, role)
}

// Staff reports whether the reader publishes modules or runs the handbook.
func (r *Reader) Staff() bool { return r.Can("author") || r.Can("operator") }

// Of returns the reader of a request, nil when nobody is signed in.
func Of(ctx context.Context) *Reader {
	r, _ := web.ScopeOf(ctx).Reader.(*Reader)
	return r
}

// User returns the id of the reader of a request; zero when nobody is signed
// in, which no route with access SignedIn sees.
func User(ctx context.Context) uuid.UUID {
	if r := Of(ctx); r != nil {
		return r.User
	}
	return uuid.Nil
}

// Gate finds readers. It is a small value, made where it is needed.
type Gate struct {
	cfg    *config.Config
	log    *slog.Logger
	db     *db.Pool
	cache  *cache.Cache
	memory *cache.Memory
}

// NewGate returns the gate of a process.
func NewGate(p *platform.Platform) Gate {
	return Gate{cfg: p.Config, log: p.Log, db: p.DB, cache: p.Cache, memory: p.Memory}
}

// Identify returns who sends a request, nil when nobody is signed in. An
// author's token that is not known is a fault.
func (g Gate) Identify(r *http.Request) (*Reader, error) { return g.identify(r, current) }

// Glance is Identify, but may tell what was known within a minute: somebody who
// has signed out or lost a module since.
func (g Gate) Glance(r *http.Request) (*Reader, error) { return g.identify(r, recent) }

func (g Gate) identify(r *http.Request, k keeping) (*Reader, error) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return g.byToken(r.Context(), token)
	}
	secret := web.CookieValue(r, g.cfg.Secure(), account.SessionCookie)
	if secret == "" {
		return nil, nil
	}
	who, err := g.bySession(r.Context(), account.Hash(secret), k)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return who, err
}

// keeping is how readers are kept in the process's memory.
type keeping struct {
	prefix string        // of their keys; the hash of the session's secret follows
	fresh  time.Duration // how long an answer counts
}

var (
	current = keeping{"reader:", time.Second}
	recent  = keeping{"glance:", time.Minute} // where it decides nothing
)

// readerCost is an estimate of a reader's bytes; what matters is that their
// number is bounded.
const readerCost = 600

func (g Gate) bySession(ctx context.Context, hash []byte, k keeping) (*Reader, error) {
	who, err := cache.Recall(ctx, g.memory, k.prefix+string(hash), k.fresh, func(ctx context.Context) (*Reader, int, error) {
		who, err := g.load(ctx, hash, k)
		return who, readerCost, err
	})
	if db.Gone(err) {
		return g.remembered(ctx, hash, err)
	}
	return who, err
}

// load asks PostgreSQL for a session, and in the same query for others that
// are in use and whose time is nearly over: under load most of a look-up is the
// way there and back.
func (g Gate) load(ctx context.Context, hash []byte, k keeping) (*Reader, error) {
	const together = 200
	hashes := [][]byte{hash}
	for _, key := range g.memory.Due(k.prefix, k.fresh/2, together) {
		hashes = append(hashes, []byte(key[len(k.prefix):]))
	}
	loaded := g.memory.Generation()
	found, err := g.find(ctx, hashes)
	if err != nil {
		return nil, err
	}
	for h, who := range found {
		if h != string(hash) {
			g.memory.Put(k.prefix+h, who, readerCost, k.fresh, loaded)
		}
	}
	who, ok := found[string(hash)]
	if !ok {
		return nil, pgx.ErrNoRows
	}
	_, err = cache.Recall(ctx, g.memory, "seen:"+string(hash), account.SeenEvery, func(ctx context.Context) (*Reader, int, error) {
		return who, readerCost, g.see(ctx, who, hash)
	})
	return who, err
}

// find returns the readers of open sessions by the hashes of their secrets.
func (g Gate) find(ctx context.Context, hashes [][]byte) (map[string]*Reader, error) {
	rows, err := g.db.Query(ctx, `
		SELECT s.session_token, s.id, u.id, u.email, coalesce(u.name, ''), u.roles, `+opens+`
		FROM sessions s
		JOIN users u ON u.id = s.user_id
		WHERE s.session_token = ANY($1) AND s.expires > now() AND s.last_seen_at > now() - $2::interval`, hashes, account.Idle)
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	found := make(map[string]*Reader, len(hashes))
	var hash []byte
	var who Reader
	_, err = pgx.ForEachRow(rows, []any{&hash, &who.Session, &who.User, &who.Email, &who.Name, &who.Roles, &who.Opens}, func() error {
		g.empower(&who)
		one := who
		found[string(hash)] = &one
		who = Reader{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return found, nil
}

// opens lists the modules that the grants of user u open.
const opens = `ARRAY(
			SELECT DISTINCT o
			FROM grants g, opened_by(g.module_key) o
			WHERE g.user_id = u.id AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now())
			ORDER BY o)`

// empower gives operators what ADMIN_EMAILS says.
func (g Gate) empower(who *Reader) {
	if slices.Contains(g.cfg.Admins(), who.Email) {
		who.Roles = []string{"author", "operator"}
	}
}

// see notes that a session is in use, and keeps what is known of it in Redis,
// where remembered finds it while PostgreSQL does not answer.
func (g Gate) see(ctx context.Context, who *Reader, hash []byte) error {
	_, err := g.db.Exec(ctx, `
		UPDATE sessions
		SET last_seen_at = now()
		WHERE id = $1 AND last_seen_at < now() - $2::interval`, who.Session, account.SeenEvery)
	if err != nil {
		return fmt.Errorf("session %s seen: %w", who.Session, err)
	}
	cache.Set(ctx, g.cache, cache.Session, hex.EncodeToString(hash), who)
	cache.Set(ctx, g.cache, cache.Purchase, who.User.String(), who.Opens)
	now, err := g.find(ctx, [][]byte{hash}) // as in remember
	if still := now[string(hash)]; err != nil || still == nil || !slices.Equal(still.Opens, who.Opens) {
		g.cache.Drop(ctx, cache.Session, hex.EncodeToString(hash))
		g.cache.Drop(ctx, cache.Purchase, who.User.String())
	}
	return nil
}

// remember keeps in Redis what a user may read. A refund that was committed
// after opens was asked for may have dropped the key before it is written, and
// nobody would drop it again. So it is asked once more when it stands there:
// what is committed later than that is dropped later too.
func (g Gate) remember(ctx context.Context, user uuid.UUID, opens []string) {
	cache.Set(ctx, g.cache, cache.Purchase, user.String(), opens)
	now, err := g.opened(ctx, user)
	if err != nil || !slices.Equal(now, opens) {
		g.cache.Drop(ctx, cache.Purchase, user.String())
	}
}

// opened asks what a user may read now.
func (g Gate) opened(ctx context.Context, user uuid.UUID) (now []string, err error) {
	err = g.db.QueryRow(ctx, `SELECT `+opens+` FROM users u WHERE u.id = $1`, user).Scan(&now)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return now, err
}

// remembered returns what Redis knows while PostgreSQL does not answer.
func (g Gate) remembered(ctx context.Context, hash []byte, cause error) (*Reader, error) {
	who, ok := cache.Get[*Reader](ctx, g.cache, cache.Session, hex.EncodeToString(hash))
	if !ok {
		return nil, cause
	}
	who.Opens, _ = cache.Get[[]string](ctx, g.cache, cache.Purchase, who.User.String())
	who.Roles, who.Stale = nil, true
	return who, nil
}

func (g Gate) byToken(ctx context.Context, token string) (*Reader, error) {
	who := &Reader{}
	err := g.db.QueryRow(ctx, `
		UPDATE tokens t
		SET last_used = now()
		FROM users u
		WHERE t.token = $1 AND t.revoked_at IS NULL AND u.id = t.user_id
		RETURNING u.id, u.email, coalesce(u.name, ''), u.roles`, account.Hash(token),
	).Scan(&who.User, &who.Email, &who.Name, &who.Roles)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.SignedOut, "This token is not known here: it may be revoked, or belong to another address.")
	}
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	g.empower(who)
	return who, nil
}

// Opens reports whether the reader of ctx may read a module. A "no" is asked
// again, so that a purchase settled elsewhere counts at once.
func (g Gate) Opens(ctx context.Context, module string) (bool, error) {
	who := Of(ctx)
	if who == nil {
		return false, nil
	}
	if slices.Contains(who.Opens, module) || who.Stale {
		return slices.Contains(who.Opens, module), nil
	}
	now, err := g.opened(ctx, who.User)
	switch {
	case db.Gone(err):
		now, _ = cache.Get[[]string](ctx, g.cache, cache.Purchase, who.User.String())
		if !slices.Contains(now, module) {
			return false, err
		}
	case err != nil:
		return false, fmt.Errorf("grants of %s: %w", who.User, err)
	case slices.Contains(now, module): // bought a moment ago, and settled by another process
		g.remember(ctx, who.User, now)
	}
	return slices.Contains(now, module), nil
}

// Require is Unpaid unless the reader of ctx may read a module.
func (g Gate) Require(ctx context.Context, module string) error {
	open, err := g.Opens(ctx, module)
	if err == nil && !open {
		err = NotYours(module)
	}
	return err
}

// NotYours tells somebody that a module must be bought first.
func NotYours(module string) error {
	return fault.New(fault.Unpaid, "%q is not yours yet. /api/modules/%s tells what it costs.", module, module)
}

// Forget drops what this process and Redis keep about a user, whose grants or
// sessions have changed.
func (g Gate) Forget(ctx context.Context, user uuid.UUID) {
	g.forget(ctx, job.ForgetReader{Reader: user})
}

// Refresh drops what this process keeps about a user whose grants have only
// grown. What Redis keeps counts while PostgreSQL is away alone, and opens too
// little, not too much.
func (g Gate) Refresh(user uuid.UUID) {
	g.memory.Drop(func(_ string, v any) bool {
		who, ok := v.(*Reader)
		return ok && who.User == user
	})
}

// ForgetSession drops what this process and Redis keep about a session that
// has ended; hash is what account.End returned.
func (g Gate) ForgetSession(ctx context.Context, user uuid.UUID, hash []byte) {
	g.forget(ctx, job.ForgetReader{Reader: user, Session: hex.EncodeToString(hash)})
}

// forget leaves to a job what Redis cannot be told now: else an outage of
// PostgreSQL within the hour would open what was closed.
func (g Gate) forget(ctx context.Context, f job.ForgetReader) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // though the caller may have left
	defer cancel()
	g.Refresh(f.Reader)
	if Uncache(ctx, g.cache, f) {
		return
	}
	err := db.Tx(ctx, g.db, func(tx pgx.Tx) error {
		_, err := queue.Add(ctx, tx, f)
		return err
	})
	if err != nil {
		g.log.ErrorContext(ctx, "Redis keeps a reader who has changed", "user", f.Reader, "err", err)
	}
}

// Uncache drops what Redis keeps about a reader, and reports whether it could.
func Uncache(ctx context.Context, c *cache.Cache, f job.ForgetReader) bool {
	dropped := c.Drop(ctx, cache.Purchase, f.Reader.String())
	if f.Session != "" {
		dropped = c.Drop(ctx, cache.Session, f.Session) && dropped
	}
	return dropped
}
