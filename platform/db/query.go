package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// query is a connection for one query, whose time is bounded on our side too:
// a server that falls silent ends nothing itself.
type query struct {
	ctx    context.Context
	caller context.Context
	cancel context.CancelFunc
	conn   *pgxpool.Conn
}

func (p *Pool) begin(caller context.Context) (*query, error) {
	ctx, cancel := context.WithTimeout(caller, p.patience)
	c, err := p.Acquire(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	return &query{ctx, caller, cancel, c}, nil
}

// end gives the connection back.
func (q *query) end() {
	if q.conn != nil {
		q.conn.Release()
		q.conn = nil
		q.cancel()
	}
}

// explain tells a silent server from a caller who ran out of time.
func (q *query) explain(err error) error {
	if err != nil && q.ctx.Err() == context.DeadlineExceeded && q.caller.Err() == nil {
		return &noConnection{err}
	}
	return err
}

// Together runs fn with one connection for all its queries, so that it waits
// for one once. The bound on one query holds for all of them.
func (p *Pool) Together(ctx context.Context, fn func(ctx context.Context, q Querier) error) error {
	q, err := p.begin(ctx)
	if err != nil {
		return err
	}
	defer q.end()
	return q.explain(fn(q.ctx, q.conn))
}

// Exec runs a statement on a connection of the pool.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	q, err := p.begin(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer q.end()
	tag, err := q.conn.Exec(q.ctx, sql, args...)
	return tag, q.explain(err)
}

// Query runs a query on a connection of the pool; closing the rows gives the
// connection back.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	q, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	r, err := q.conn.Query(q.ctx, sql, args...)
	if err != nil {
		defer q.end()
		return nil, q.explain(err)
	}
	return &rows{Rows: r, query: q}, nil
}

// QueryRow runs a query on a connection of the pool; Scan gives the
// connection back.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	q, err := p.begin(ctx)
	if err != nil {
		return failed{err}
	}
	return row{row: q.conn.QueryRow(q.ctx, sql, args...), query: q}
}

type rows struct {
	pgx.Rows
	query *query
}

func (r *rows) Close() {
	r.Rows.Close()
	r.query.end()
}

func (r *rows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.Close()
	}
	return more
}

func (r *rows) Err() error { return r.query.explain(r.Rows.Err()) }

type row struct {
	row   pgx.Row
	query *query
}

func (r row) Scan(dest ...any) error {
	defer r.query.end()
	return r.query.explain(r.row.Scan(dest...))
}

// failed is the row of a query that never ran.
type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

// Present is s, but never nil: as an argument nil would be NULL.
func Present[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
