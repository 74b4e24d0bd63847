// Package postgres starts a private PostgreSQL from binaries found on the
// machine: for the embedded default, which keeps a reader's data, and for
// tests, which throw theirs away.
//
// The server listens on a socket in a folder of its own, never on a port, and
// lives no longer than the process that started it. Where that process is
// root, which PostgreSQL refuses to be, it runs as the user postgres or nobody.
// Linux and macOS only.
package postgres

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync"

	"github.com/gofrs/flock"
)

// Options say where and how. The zero value serves tests.
type Options struct {
	Data           string       // data folder; "" is a throw-away folder, removed on Stop
	Like           string       // data folder, of a server that is stopped, which an empty one begins as a copy of; "" is none
	Durable        bool         // keeps what is committed through a power failure; false is faster
	Log            io.Writer    // gets what postgres prints; nil discards it
	MaxConnections int          // 0 is 100
	Bin            string       // folder of the binaries; "" looks for them
	Places         *Places      // where to look; nil is the usual places
	Say            func(string) // gets a line before a step that takes long; may be nil
}

// Server is a running PostgreSQL.
type Server struct {
	options Options
	account account
	bin     binaries
	data    string
	run     string // folder of the socket, and of throw-away data
	locks   []*flock.Flock
	output  *tail
	process *process

	once sync.Once
	err  error // of Stop
}

// Start finds the binaries, initialises the data folder when it is empty,
// starts the server and waits until it answers. The error is a *Held when
// another process has the data, a *NoBinaries when there is nothing to start.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	s := &Server{options: o.withDefaults(), output: &tail{to: o.Log}}
	for _, step := range []func(context.Context) error{
		s.locate, s.makeRun, s.holdData, s.find, s.initialise, s.settle, s.serve,
	} {
		if err := step(ctx); err != nil {
			_ = s.Stop() // the first error is the one to tell
			return nil, fmt.Errorf("start PostgreSQL: %w", err)
		}
	}
	return s, nil
}

// URL returns the address of a database of this server, as pgx and libpq read it.
func (s *Server) URL(database string) string {
	// Port and sslmode are written out because clients else take them from
	// the environment.
	where := url.Values{
		"host":    {s.run},
		"port":    {port},
		"user":    {superuser},
		"sslmode": {"disable"},
	}
	return "postgres:///" + url.PathEscape(database) + "?" + where.Encode()
}

// Binaries returns the folder of the binaries in use and their version.
func (s *Server) Binaries() string {
	return s.bin.String()
}

// Data returns the data folder in use, which is not the wanted one where the
// server's user could not have reached that.
func (s *Server) Data() string {
	return s.data
}

// Ended is closed when the server has ended, by Stop or by itself.
func (s *Server) Ended() <-chan struct{} { return s.process.done }

// Stop ends the server: open transactions are rolled back, what is committed
// is written. Calls after the first return what the first returned.
func (s *Server) Stop() error {
	s.once.Do(func() { s.err = s.end() })
	return s.err
}

func (s *Server) end() error {
	var err error
	if s.process != nil {
		err = s.process.stop(s.output)
	}
	if s.run != "" {
		err = firstOf(err, removeAll(s.run))
	}
	for _, l := range s.locks {
		err = firstOf(err, l.Close())
	}
	return err
}

func (o Options) withDefaults() Options {
	if o.MaxConnections == 0 {
		o.MaxConnections = 100
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.Places == nil {
		o.Places = usualPlaces()
	}
	return o
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
