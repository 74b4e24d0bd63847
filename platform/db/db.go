// Package db is the way to PostgreSQL, which is the only truth: a pool whose
// every wait is bounded, transactions, and migrations.
package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/tracelog"
)

// Querier runs queries: a Pool, or a transaction. Query functions take one,
// so that they compose.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// The figures of a pool.
const (
	connectTimeout  = 5 * time.Second
	acquireTimeout  = time.Second // then the caller is told to try again
	idleTime        = 30 * time.Second
	maxAcquisitions = 7500 // a connection is closed after so many uses
	pingTimeout     = 500 * time.Millisecond
	silence         = 5 * time.Second // beyond its own bound, then a server counts as gone
)

// Options say how to reach PostgreSQL.
type Options struct {
	URL              string
	Application      string // what its connections are called there
	MaxConns         int32
	StatementTimeout time.Duration // the server ends a statement after this; 0 never
	Patience         time.Duration // with a server that falls silent; 0 is the statement's time and 5 s
	LogQueries       bool          // every query; those that failed are always logged
	Trace            bool          // those of requests and jobs that are traced
	Log              *slog.Logger
}

// Pool is a pool of connections. It connects when it is first used.
type Pool struct {
	pool      *pgxpool.Pool
	patience  time.Duration // with one query
	committed func(topic string)
	queries   *atomic.Int64
}

// Open makes the pool without connecting, so that a process starts while
// PostgreSQL is down.
func Open(o Options) (*Pool, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be read") // pgx's own error may hold the password
	}
	cfg.MaxConns = o.MaxConns
	cfg.MinConns = 0
	cfg.MaxConnIdleTime = idleTime
	cfg.PingTimeout = pingTimeout
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = o.Application
	params["idle_in_transaction_session_timeout"] = "60s"
	if o.StatementTimeout > 0 {
		params["statement_timeout"] = fmt.Sprint(o.StatementTimeout.Milliseconds())
	}
	count := new(counter)
	tracers := []pgx.QueryTracer{count}
	if o.Log != nil {
		tracers = append(tracers, tracer(o))
	}
	if o.Trace {
		tracers = append(tracers, otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes())) // never arguments
	}
	cfg.ConnConfig.Tracer = multitracer.New(tracers...)
	cfg.PrepareConn = countUse
	cfg.AfterConnect = sendUUIDs
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, fmt.Errorf("pool: %w", err)
	}
	return &Pool{pool: pool, patience: cmp.Or(o.Patience, max(o.StatementTimeout, silence)+silence), committed: func(string) {}, queries: &count.queries}, nil
}

// tracer logs statements that failed, and in development all of them. Never
// their arguments, which are readers' data.
func tracer(o Options) pgx.QueryTracer {
	t := &tracelog.TraceLog{LogLevel: tracelog.LogLevelError, Config: tracelog.DefaultTraceLogConfig()}
	if o.LogQueries {
		t.LogLevel = tracelog.LogLevelInfo
	}
	t.Logger = tracelog.LoggerFunc(func(ctx context.Context, l tracelog.LogLevel, msg string, data map[string]any) {
		level := slog.LevelInfo
		if l == tracelog.LogLevelError {
			level = slog.LevelWarn // whoever asked decides whether it is an error
		}
		o.Log.Log(ctx, level, "postgres: "+msg, "sql", data["sql"], "time", data["time"], "err", data["err"])
	})
	return t
}

// countUse closes a connection after maxAcquisitions uses, as some memory of a
// long-lived connection is never given back. (It is counted when a connection
// is taken: with a hook at its release, pgxpool releases in the background.)
func countUse(_ context.Context, c *pgx.Conn) (bool, error) {
	n, _ := c.PgConn().CustomData()["uses"].(int)
	c.PgConn().CustomData()["uses"] = n + 1
	return n < maxAcquisitions, nil
}

// Apart returns a pool of one connection to the same server, for what must go
// on while all others are in use. It is closed by whoever asked for it.
func (p *Pool) Apart() *Pool {
	cfg := p.pool.Config()
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		panic(err) // the same configuration made p
	}
	return &Pool{pool: pool, patience: p.patience, committed: func(topic string) { p.committed(topic) }, queries: p.queries}
}

// Config returns what the pool was built with.
func (p *Pool) Config() *pgxpool.Config { return p.pool.Config() }

// Stat returns the pool's counters.
func (p *Pool) Stat() *pgxpool.Stat { return p.pool.Stat() }

// Queries returns how many queries were sent so far, those of pools made by
// Apart included.
func (p *Pool) Queries() int64 { return p.queries.Load() }

// Reset closes all connections: those of a server that went away.
func (p *Pool) Reset() { p.pool.Reset() }

// OnCommit has fn called with each topic announced in a committed
// transaction. It is set once, before the pool is used.
func (p *Pool) OnCommit(fn func(topic string)) { p.committed = fn }

// Close closes the pool, and gives up waiting after d for connections that
// are still in use.
func (p *Pool) Close(d time.Duration) {
	done := make(chan struct{})
	go func() { p.pool.Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(d):
	}
}

// Acquire returns a connection of one's own, to be released.
func (p *Pool) Acquire(ctx context.Context) (*pgxpool.Conn, error) {
	short, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	c, err := p.pool.Acquire(short)
	if err != nil {
		return nil, &noConnection{err}
	}
	return c, nil
}

// Tx runs fn in a transaction, which only it and TxBatch begin. What fn
// announced is told after the commit.
func Tx(ctx context.Context, p *Pool, fn func(tx pgx.Tx) error) error {
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	return p.run(ctx, tx, fn)
}

// TxBatch is Tx for a transaction that begins with statements of which none
// needs the answer to another: they travel with its beginning, in one round
// trip. fn is not called when one of them fails.
func TxBatch(ctx context.Context, p *Pool, first func(b *pgx.Batch), fn func(tx pgx.Tx) error) error {
	c, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	var b pgx.Batch
	b.BeginTx(pgx.TxOptions{})
	first(&b)
	sent := c.SendBatch(ctx, &b)
	err = sent.Close()
	return p.run(ctx, sent.Tx(), func(tx pgx.Tx) error {
		if err != nil {
			return err
		}
		return fn(tx)
	})
}

func (p *Pool) run(ctx context.Context, tx pgx.Tx, fn func(tx pgx.Tx) error) error {
	t := &announcing{Tx: tx}
	defer func() {
		if !t.over {
			_ = tx.Rollback(ctx) // does nothing after a commit
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if !t.over {
		if err := tx.Commit(ctx); err != nil {
			return err
		}
	}
	for _, topic := range t.topics {
		p.committed(topic)
	}
	return nil
}

// Last sends the last statements of tx and, in the same round trip, its
// commit, which the server skips when one of them fails. Whoever calls it does
// nothing with tx afterwards.
func Last(ctx context.Context, tx pgx.Tx, b *pgx.Batch) error {
	t, ok := tx.(*announcing)
	if ok {
		b.Queue("commit")
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if ok {
		t.over = true
	}
	return nil
}

// announcing is a transaction that remembers what to tell after its commit.
type announcing struct {
	pgx.Tx
	topics []string
	over   bool // committed with its last statements
}

// Announce has topic told to the pool's OnCommit once tx has committed. It
// does nothing in a transaction that Tx did not begin.
func Announce(tx pgx.Tx, topic string) {
	if t, ok := tx.(*announcing); ok {
		t.topics = append(t.topics, topic)
	}
}
