package db

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// noConnection is the error of an acquisition that did not come in time, be
// it that PostgreSQL is away or that all connections are in use.
type noConnection struct{ err error }

func (e *noConnection) Error() string { return "no database connection: " + e.err.Error() }
func (e *noConnection) Unwrap() error { return e.err }

// Gone reports whether err says that PostgreSQL did not answer, as opposed to
// having answered no: it is down, starting, read-only after a failover, or
// out of connections.
func Gone(err error) bool {
	if _, ok := errors.AsType[*noConnection](err); ok {
		return true
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pg.Code, "08") || // connection exceptions
			slices.Contains([]string{
				"57P01", "57P02", "57P03", // shutting down, crashed, starting
				"53300", // too many connections
				"25006", // read-only
			}, pg.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller's own bound
	}
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		(err != nil && err.Error() == "conn closed")
}

// Broken reports whether err says that a connection broke or could not be
// made, so that trying once more on a new one may help. A caller who left and
// a pool whose connections are all in use are neither.
func Broken(err error) bool {
	return Gone(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// Violates reports whether err is the violation of the named constraint.
func Violates(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.ConstraintName == constraint
}

// Full reports whether err says that the server has no room left.
func Full(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "53100"
}
