package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Exec runs a statement on a connection of the pool.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c, err := p.Acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer c.Release()
	return c.Exec(ctx, sql, args...)
}

// Query runs a query on a connection of the pool; closing the rows gives the
// connection back.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c, err := p.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.Query(ctx, sql, args...)
	if err != nil {
		c.Release()
		return nil, err
	}
	return &rows{Rows: r, conn: c}, nil
}

// QueryRow runs a query on a connection of the pool; Scan gives the
// connection back.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c, err := p.Acquire(ctx)
	if err != nil {
		return failed{err}
	}
	return row{row: c.QueryRow(ctx, sql, args...), conn: c}
}

type rows struct {
	pgx.Rows
	conn *pgxpool.Conn
}

func (r *rows) Close() {
	r.Rows.Close()
	if r.conn != nil {
		r.conn.Release()
		r.conn = nil
	}
}

func (r *rows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.Close()
	}
	return more
}

type row struct {
	row  pgx.Row
	conn *pgxpool.Conn
}

func (r row) Scan(dest ...any) error {
	defer r.conn.Release()
	return r.row.Scan(dest...)
}

// failed is the row of a query that never ran.
type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }
