package main

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

// most is how much memory a worker may take, in MiB.
const most = 80

// BenchmarkWorkerDrain tells how fast the worker process of a deployment sends
// ten thousand mails, and how much memory it takes at most.
func BenchmarkWorkerDrain(b *testing.B) {
	const mails = 10_000
	cfg := platformtest.Config(b)
	cfg.DatabaseURL = config.Secret(platformtest.EmptyDatabase(b))
	d := prepare(b, cfg)
	d.command(b, nil, "migrate")
	p := platformtest.Open(b, cfg)
	s := openSink(b)
	w := launch(b, d.bin, b.TempDir(), append(d.env, "PORT="+d.workerBase[len("http://127.0.0.1:"):], "MAIL_URL="+s.url), "worker")
	eventually(b, "the worker is healthy", func() bool { return answers(d.workerBase, "/api/health") })
	before := resident(b, w.Process.Pid)
	for b.Loop() {
		want := s.mails.Load() + mails
		_, err := p.DB.Exec(b.Context(), `
			WITH somebody AS (
				INSERT INTO users (id, email)
				SELECT gen_random_uuid(), gen_random_uuid() || '@example.com' FROM generate_series(1, $1::int)
				RETURNING id)
			INSERT INTO outbox (id, kind, queue, payload)
			SELECT gen_random_uuid(), 'welcome-email', 'email-queue', jsonb_build_object('user', id) FROM somebody`, mails)
		if err != nil {
			b.Fatal(err)
		}
		s.wait(b, want)
	}
	peak := memory(b, w.Process.Pid, "VmHWM:")
	b.ReportMetric(before, "MiB-at-start")
	b.ReportMetric(peak, "MiB-at-most")
	b.ReportMetric(float64(b.N)*mails/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64(s.mails.Load())/float64(s.visits.Load()), "mails/connection")
	if peak >= most {
		b.Errorf("the worker took %.1f MiB, want less than %d", peak, most)
	}
}

// sink is a mail server that forgets everything.
type sink struct {
	url           string
	visits, mails atomic.Int64
}

func openSink(tb testing.TB) *sink {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &sink{url: "smtp+plain://" + l.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		s.visits.Add(1)
		return drain{s}, nil
	}))
	server.Domain = "localhost"
	go func() { _ = server.Serve(l) }()
	tb.Cleanup(func() { _ = server.Close() })
	return s
}

// wait waits until so many mails have come, for as long as some do.
func (s *sink) wait(tb testing.TB, want int64) {
	tb.Helper()
	for last, idle := s.mails.Load(), 0; last < want; time.Sleep(10 * time.Millisecond) {
		idle++
		if n := s.mails.Load(); n > last {
			last, idle = n, 0
		}
		if idle > 3000 {
			tb.Fatalf("%d mails have come, want %d, and none for 30 s", last, want)
		}
	}
}

// drain is one connection.
type drain struct{ *sink }

func (drain) Mail(string, *smtp.MailOptions) error { return nil }
func (drain) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (drain) Reset()                               {}
func (drain) Logout() error                        { return nil }

func (d drain) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	d.mails.Add(1)
	return err
}
