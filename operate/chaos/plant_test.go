//go:build chaos && linux

package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"pilothandbook/platform/local/postgres"
	"pilothandbook/platform/platformtest"
)

const (
	stripeKey     = "sk_test_chaos"
	webhookSecret = "whsec_chaos"
)

// plant is everything that runs, and what is known about it.
type plant struct {
	t    *testing.T
	logs string
	bin  string
	env  []string // of each process

	postgres    *database
	redis       *platformtest.RedisProcess
	redisFolder string // with its log
	till        *till
	mails       *sink
	webs        [2]*process
	workers     [2]*process
	db          *pgxpool.Pool // the test's own

	kills    atomic.Int64
	thawed   atomic.Int64 // workers that stood still and went on
	away     []span       // when Redis or PostgreSQL did not answer
	lost     []time.Time  // when Redis lost what it held
	restarts sync.WaitGroup
	began    time.Time
	journal  *os.File
	writing  sync.Mutex // guards journal
}

func newPlant(t *testing.T, seed uint64, bin string) *plant {
	t.Helper()
	folder := t.TempDir()
	p := &plant{postgres: openDatabase(t), redis: platformtest.StartRedis(t, "--dir", folder, "--appendonly", "yes"), redisFolder: folder, bin: bin}
	p.furnish(t, seed, p.postgres.url("handbook"), "redis://"+p.redis.Address)
	return p
}

// furnish puts around a database and a Redis the processes, which are not
// started, Stripe, and a mail server.
func (p *plant) furnish(t *testing.T, seed uint64, database, redis string) {
	t.Helper()
	p.t, p.logs, p.began, p.mails = t, t.ArtifactDir(), time.Now(), openSink(t)
	var err error
	if p.journal, err = os.Create(filepath.Join(p.logs, "journal.txt")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.journal.Close() })
	for i := range p.webs {
		p.webs[i] = p.process("web", fmt.Sprintf("web%d", i))
		p.workers[i] = p.process("worker", fmt.Sprintf("worker%d", i))
	}
	p.till = openTill(t, p, seed)
	p.env = []string{
		"DATABASE_URL=" + database, "REDIS_URL=" + redis,
		"AUTH_URL=" + p.webs[0].base(), "AUTH_SECRET=a secret of the chaos test, 32 bytes or more",
		"STRIPE_SECRET_KEY=" + stripeKey, "STRIPE_WEBHOOK_SECRET=" + webhookSecret, "STRIPE_API_BASE=" + p.till.url,
		"MAIL_URL=" + p.mails.urls[0], "MAIL_FROM=Handbook <handbook@example.com>", "CONTENT_ENCRYPTION_KEY=" + platformtest.ContentKey,
	}
	for i := range p.webs {
		p.webs[i].env = p.env
		p.workers[i].env = append(slices.Clone(p.env), "MAIL_URL="+p.mails.urls[i]) // the last one counts
	}
	if p.db, err = pgxpool.New(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.db.Close)
}

// start starts the four processes and waits until they are healthy.
func (p *plant) start() { p.run(append(p.webs[:], p.workers[:]...)) }

// run starts processes and waits until they are healthy.
func (p *plant) run(all []*process) {
	p.t.Helper()
	for _, s := range all {
		if err := s.start(); err != nil {
			p.t.Fatal(err)
		}
	}
	p.healthy(all)
}

// healthy waits until processes say so.
func (p *plant) healthy(all []*process) {
	p.t.Helper()
	client := http.Client{Timeout: 2 * time.Second}
	for _, s := range all {
		if !until(p.t.Context(), time.Minute, func() bool {
			res, err := client.Get(s.base() + "/api/health")
			if err != nil {
				return false
			}
			res.Body.Close()
			return res.StatusCode == http.StatusOK
		}) {
			p.t.Fatalf("%s does not become healthy", s.name)
		}
	}
}

// say writes into the journal.
func (p *plant) say(format string, args ...any) {
	p.writing.Lock()
	defer p.writing.Unlock()
	fmt.Fprintf(p.journal, "%8.3f %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// until repeats ask until it is true, and reports whether it became so.
func until(ctx context.Context, patience time.Duration, ask func() bool) bool {
	end := time.Now().Add(patience)
	for !ask() {
		if ctx.Err() != nil || time.Now().After(end) {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return true
}

// database is a PostgreSQL that can be killed. Its socket is reached by a name
// that stays while the socket's folder changes at each start.
type database struct {
	t      *testing.T
	folder string
	server *postgres.Server
}

func openDatabase(t *testing.T) *database {
	t.Helper()
	memory := os.TempDir()
	if _, err := os.Stat("/dev/shm"); err == nil {
		memory = "/dev/shm" // what is synced is safe from a kill, and soon so
	}
	folder, err := os.MkdirTemp(memory, "handbook-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	d := &database{t: t, folder: folder}
	t.Cleanup(func() {
		if d.server != nil {
			_ = d.server.Stop()
			_ = os.RemoveAll(d.server.Data())
		}
		_ = os.RemoveAll(d.folder)
	})
	d.start()
	return d
}

// start starts it on the data that is there. Commits are durable.
func (d *database) start() {
	d.t.Helper()
	var said bytes.Buffer
	s, err := postgres.Start(d.t.Context(), postgres.Options{Data: filepath.Join(d.folder, "data"), Durable: true, MaxConnections: 100, Log: &said})
	if err != nil {
		d.t.Fatalf("%v\n%s", err, said.String())
	}
	d.server = s
	link := filepath.Join(d.folder, "socket")
	_ = os.Remove(link) // there is none at the first start
	if err := os.Symlink(query(d.t, s.URL("postgres")).Get("host"), link); err != nil {
		d.t.Fatal(err)
	}
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// url returns the address of a database, the same after each start.
func (d *database) url(name string) string {
	q := query(d.t, d.server.URL(name))
	q.Set("host", filepath.Join(d.folder, "socket"))
	return "postgres:///" + name + "?" + q.Encode()
}

// kill kills the postmaster, whose children then end too.
func (d *database) kill() {
	d.t.Helper()
	file, err := os.ReadFile(filepath.Join(d.server.Data(), "postmaster.pid"))
	if err != nil {
		d.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	<-d.server.Ended()
	_ = d.server.Stop() // it says that it was killed
}

// connect returns a connection to a database.
func (p *plant) connect(name string) *pgx.Conn {
	p.t.Helper()
	c, err := pgx.Connect(p.t.Context(), p.postgres.url(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}
