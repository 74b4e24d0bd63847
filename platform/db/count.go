package db

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// counter counts queries, as a tracer of pgx. A batch has as many as it was
// given.
type counter struct{ queries atomic.Int64 }

// TraceQueryStart counts a query.
func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.queries.Add(1)
	return ctx
}

// TraceQueryEnd does nothing.
func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts the queries of a batch.
func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	c.queries.Add(int64(data.Batch.Len()))
	return ctx
}

// TraceBatchQuery does nothing.
func (*counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd does nothing.
func (*counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
