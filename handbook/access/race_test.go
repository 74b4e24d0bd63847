package access_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"pilothandbook/handbook/access"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// between is a connection to Redis on which something happens before the
// first request that says a word arrives.
type between struct {
	to     string
	word   []byte
	happen func()
	once   sync.Once
}

// listen returns the address of the way through b.
func (b *between) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go b.pass(in)
		}
	}()
	return l.Addr().String()
}

func (b *between) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", b.to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { _, _ = io.Copy(in, out) }()
	chunk := make([]byte, 64<<10) // a request comes in one
	for {
		n, err := in.Read(chunk)
		if err != nil {
			return
		}
		if bytes.Contains(chunk[:n], b.word) {
			b.once.Do(b.happen)
		}
		if _, err := out.Write(chunk[:n]); err != nil {
			return
		}
	}
}

// TestRefundWhileItIsKept has a refund be committed, and the key dropped,
// after PostgreSQL was asked and before the answer reaches Redis: by the page
// of a module that was bought a moment ago, and by the first page of a
// session. Redis must not say afterwards that the module may be read.
func TestRefundWhileItIsKept(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		ask  func(ctx context.Context, t *testing.T, g access.Gate, who *platformtest.User)
	}{
		{"a module", func(ctx context.Context, t *testing.T, g access.Gate, who *platformtest.User) {
			scope := &web.Scope{Context: ctx, Reader: &access.Reader{User: who.ID}} // signed in before it was bought
			if open, err := g.Opens(scope, "instrument"); err != nil || !open {
				t.Errorf("open %v, %v", open, err)
			}
		}},
		{"a session", func(_ context.Context, t *testing.T, g access.Gate, who *platformtest.User) {
			reader, err := g.Identify(platformtest.Request(t, who, "GET", "/", nil))
			if err != nil || len(reader.Opens) != 1 {
				t.Errorf("reader %+v, %v", reader, err)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := platformtest.New(t)
			platformtest.Shelf(t, p)
			who := platformtest.Learner(t, p, "ana@example.com")
			platformtest.Grant(t, p, who, "instrument")
			redisURL, err := url.Parse(p.Config.RedisCacheURL.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			way := &between{to: redisURL.Host, word: []byte("purchase:" + who.ID.String()), happen: func() { platformtest.Revoke(t, p, who, "instrument") }}
			slow := *redisURL
			slow.Host = way.listen(t)
			cfg := *p.Config
			cfg.RedisCacheURL = config.Secret(slow.String())
			tc.ask(t.Context(), t, access.NewGate(platformtest.Open(t, &cfg)), who)

			options, err := redis.ParseURL(redisURL.String())
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewClient(options)
			t.Cleanup(func() { _ = client.Close() })
			if kept, err := client.Get(t.Context(), "purchase:"+who.ID.String()).Result(); err == nil {
				t.Errorf("Redis says %s", kept)
			}
		})
	}
}
