package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

// lock is a door to a server that a test can shut: connections through it
// break, and new ones are refused.
type lock struct {
	addr            string
	network, server string
	carry           func(server io.Writer, client io.Reader)

	mu    sync.Mutex
	l     net.Listener
	conns map[net.Conn]bool
}

// newLock returns a shut door to a server.
func newLock(t *testing.T, network, server string) *lock {
	t.Helper()
	d := &lock{addr: fmt.Sprintf("127.0.0.1:%d", platformtest.FreePort(t)), network: network, server: server, conns: map[net.Conn]bool{}}
	d.carry = func(out io.Writer, in io.Reader) { _, _ = io.Copy(out, in) }
	t.Cleanup(d.shut)
	return d
}

func (d *lock) open(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.l = l
	d.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go d.pass(in)
		}
	}()
}

func (d *lock) pass(in net.Conn) {
	out, err := net.Dial(d.network, d.server)
	if err != nil {
		_ = in.Close()
		return
	}
	d.mu.Lock()
	d.conns[in], d.conns[out] = true, true
	d.mu.Unlock()
	go func() { d.carry(out, in); _ = out.Close() }()
	_, _ = io.Copy(in, out)
	_ = in.Close()
}

func (d *lock) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.l != nil {
		_ = d.l.Close()
		d.l = nil
	}
	for c := range d.conns {
		_ = c.Close()
	}
	clear(d.conns)
}

// behind leads a configuration through doors.
func behind(t *testing.T, cfg *config.Config) (postgres, redis *lock) {
	t.Helper()
	pg, err := url.Parse(cfg.DatabaseURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	q := pg.Query()
	postgres = newLock(t, "unix", filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port")))
	cfg.DatabaseURL = config.Secret("postgres://" + q.Get("user") + "@" + postgres.addr + pg.Path + "?sslmode=disable")
	rd, err := url.Parse(cfg.RedisURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	redis = newLock(t, "tcp", rd.Host)
	rd.Host = redis.addr
	cfg.RedisURL = config.Secret(rd.String())
	cfg.RedisCacheURL = cfg.RedisURL
	return postgres, redis
}

// TestOutages takes PostgreSQL and Redis away from a deployment, at its start
// and later, and gives them back. Only latency may suffer.
func TestOutages(t *testing.T) {
	t.Parallel()
	direct := platformtest.Config(t)
	direct.DatabaseURL = config.Secret(platformtest.EmptyDatabase(t))
	cfg := *direct
	postgres, redis := behind(t, &cfg)

	// Started before its servers, it waits and heals by itself.
	d := prepare(t, &cfg)
	d.start(t)
	eventually(t, "it is alive", func() bool { return answers(d.base, "/api/health/live") })
	if answers(d.base, "/api/health") {
		t.Error("it calls itself healthy without its servers")
	}
	postgres.open(t)
	redis.open(t)
	d.command(t, nil, "migrate")
	eventually(t, "it is healthy", func() bool { return answers(d.base, "/api/health") && answers(d.base, "/api/health/ready") })

	p := platformtest.Open(t, direct)
	d.command(t, []string{"HANDBOOK_URL=" + d.base, "HANDBOOK_TOKEN=" + platformtest.AuthorToken(t, p)}, "publish", "--activate", "content/private_commercial")
	const email = "ana@example.com"
	ana := signIn(t, d, email)
	who := platformtest.User{}
	if err := p.DB.QueryRow(t.Context(), `SELECT id FROM users WHERE email = $1`, email).Scan(&who.ID); err != nil {
		t.Fatal(err)
	}
	platformtest.Grant(t, p, &who, "private_commercial")
	wants(t, ana, paidLesson, http.StatusOK)

	// Redis away: all goes on; only mails wait.
	redis.shut()
	for _, path := range []string{"/", "/modules/private_commercial", paidLesson, "/orders", "/devices", "/api/progress/private_commercial", "/api/health/ready"} {
		wants(t, ana, path, http.StatusOK)
	}
	if got := ana.post(paidLesson+"/finish", nil); got.status != http.StatusOK {
		t.Errorf("finishing without Redis: %d", got.status)
	}
	eventually(t, "health tells of Redis", func() bool { return !answers(d.base, "/api/health") })
	bob := newBrowser(t, d.base)
	asked := bob.post("/signin", url.Values{"email": {"bob@example.com"}})
	if asked.status != http.StatusOK {
		t.Errorf("asking for a code without Redis: %d", asked.status)
	}
	redis.open(t)
	d.mail(t, "bob@example.com", "sign-in code")

	// PostgreSQL away: who was reading goes on reading; all else says so.
	postgres.shut()
	wants(t, ana, paidLesson, http.StatusOK)
	refused := ana.post(paidLesson+"/finish", nil)
	if refused.status != http.StatusServiceUnavailable || !strings.Contains(refused.body, "try again") {
		t.Errorf("finishing without PostgreSQL: %d", refused.status)
	}
	eventually(t, "it is not ready", func() bool { return !answers(d.base, "/api/health/ready") })
	wants(t, newBrowser(t, d.base), paidLesson, http.StatusPaymentRequired, http.StatusServiceUnavailable)
	postgres.open(t)
	eventually(t, "all works again", func() bool {
		return ana.get("/orders").status == http.StatusOK && ana.post(paidLesson+"/finish", nil).status == http.StatusOK
	})
	code := sixDigits.FindString(d.mail(t, "bob@example.com", "sign-in code").Subject)
	if in := bob.post(asked.url.Path, url.Values{"code": {code}}); in.status != http.StatusOK || in.url.Path != "/account" { // as it is the first time
		t.Errorf("signing in afterwards: %d at %s", in.status, in.url)
	}
}

// A deployment may start before PostgreSQL, before Redis, or before both: it is
// alive and says that it is not healthy, until both are there.
func TestStartOrders(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(postgres, redis *lock) []*lock{
		"PostgreSQL later": func(postgres, redis *lock) []*lock { return []*lock{redis, postgres} },
		"Redis later":      func(postgres, redis *lock) []*lock { return []*lock{postgres, redis} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := platformtest.Config(t)
			doors := first(behind(t, cfg))
			d := prepare(t, cfg)
			d.start(t)
			bases := []string{d.base, d.workerBase}
			for i, door := range doors {
				for _, base := range bases {
					eventually(t, "it is alive", func() bool { return answers(base, "/api/health/live") })
					if answers(base, "/api/health") {
						t.Errorf("%s calls itself healthy with %d of its servers", base, i)
					}
				}
				door.open(t)
			}
			began := time.Now()
			for _, base := range bases {
				eventually(t, "it is healthy and ready", func() bool { return answers(base, "/api/health") && answers(base, "/api/health/ready") })
			}
			t.Logf("healthy and ready after %v", time.Since(began).Round(time.Millisecond))
			for _, p := range []*process{d.web, d.worker} {
				select {
				case err := <-p.done:
					t.Errorf("%v has ended: %v", p.Args, err)
				default:
				}
			}
		})
	}
}

// wants asks for a page and checks its status.
func wants(t *testing.T, b *browser, path string, status ...int) {
	t.Helper()
	got := b.get(path)
	for _, s := range status {
		if got.status == s {
			return
		}
	}
	t.Errorf("%s: %d, want %d", path, got.status, status)
}
