//go:build unix

package worker_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
)

var rounds = flag.Int("rounds", 1, "how often TestKilled kills three workers")

// promised is how soon what a killed worker had is taken over, as the runbook says.
const promised = 20 * time.Second

// program is the deployed program, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "handbook-worker-")
	if err != nil {
		return "", err
	}
	platformtest.AtEnd(func() { _ = os.RemoveAll(dir) })
	bin := filepath.Join(dir, "handbook")
	build := exec.Command("go", "build", "-tags", "production,nodynamic", "-trimpath", "-o", bin, "pilothandbook")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
})

// plant is a place where worker processes send mails.
type plant struct {
	*platform.Platform
	office *office
	redis  *platformtest.RedisProcess
	mails  []uuid.UUID // the jobs
	to     []string    // and whom they are for
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	f := &plant{office: openOffice(t), redis: platformtest.StartRedis(t)}
	cfg := platformtest.Config(t)
	platformtest.OpenTill(t, cfg) // the worker asks Stripe for what it missed
	cfg.RedisURL = config.Secret("redis://" + f.redis.Address)
	cfg.RedisCacheURL, cfg.MailURL = cfg.RedisURL, config.Secret(f.office.url)
	f.Platform = platformtest.Open(t, cfg)
	return f
}

// mail has n more people welcomed. The first who tries is kept waiting, if
// stalled.
func (f *plant) mail(t *testing.T, n int, stalled bool) {
	t.Helper()
	for range n {
		id, address := uuid.New(), fmt.Sprintf("reader%d@example.com", len(f.to))
		if stalled {
			f.office.stall(address)
		}
		if _, err := f.DB.Exec(t.Context(), `INSERT INTO users (id, email) VALUES ($1, $2)`, id, address); err != nil {
			t.Fatal(err)
		}
		f.mails = append(f.mails, add(t, f.Platform, job.WelcomeEmail{User: id})...)
		f.to = append(f.to, address)
	}
}

// held waits until somebody is kept waiting for each of these.
func (f *plant) held(t *testing.T, to []string) {
	t.Helper()
	for _, address := range to {
		eventually(t, "somebody sends to "+address, func() bool { return len(f.office.seen(address)) > 0 })
	}
}

// check waits until all jobs are done, and wants one mail each.
func (f *plant) check(t *testing.T) {
	t.Helper()
	for i, id := range f.mails {
		if s := ended(t, f.Platform, id); s.State != queue.Done {
			t.Errorf("the mail to %s: %+v", f.to[i], s)
		}
		if n := f.office.count(f.to[i]); n != 1 {
			t.Errorf("%s got %d mails, want 1", f.to[i], n)
		}
	}
	var failed int
	if err := f.DB.QueryRow(t.Context(), `SELECT coalesce(sum(failures), 0) FROM outbox`).Scan(&failed); err != nil || failed > 0 {
		t.Errorf("%d failures were recorded, %v; want none", failed, err)
	}
}

// process is a worker process.
type process struct {
	*exec.Cmd
	out  *bytes.Buffer
	done chan error
}

// worker starts one and waits until it is healthy.
func (f *plant) worker(t *testing.T) *process {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	w := &process{Cmd: exec.Command(bin, "worker"), out: &bytes.Buffer{}, done: make(chan error, 1)}
	w.Env = []string{
		"DATABASE_URL=" + f.Config.DatabaseURL.Reveal(), "REDIS_URL=" + f.Config.RedisURL.Reveal(), fmt.Sprintf("PORT=%d", port),
		"STRIPE_SECRET_KEY=" + f.Config.StripeSecretKey.Reveal(), "STRIPE_API_BASE=" + f.Config.StripeAPIBase, "AUTH_URL=" + f.Config.AuthURL, "AUTH_SECRET=" + f.Config.AuthSecret.Reveal(), "MAIL_URL=" + f.office.url, "MAIL_FROM=" + f.Config.MailFrom,
		"CONTENT_ENCRYPTION_KEY=" + platformtest.ContentKey,
	}
	w.Dir, w.Stdout, w.Stderr = t.TempDir(), w.out, w.out
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { w.done <- w.Wait(); close(w.done) }()
	t.Cleanup(func() {
		_ = w.Process.Kill()
		<-w.done
		if t.Failed() {
			t.Logf("a worker printed:\n%s", w.out)
		}
	})
	client := http.Client{Timeout: time.Second}
	eventually(t, "the worker is healthy", func() bool {
		res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/api/health", port))
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return w
}

func (w *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := w.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// What a killed worker was at is done by another one, once, and soon.
func TestKilled(t *testing.T) {
	t.Parallel()
	f := newPlant(t)
	var took []time.Duration
	for range *rounds {
		took = append(took, f.kill(t)...)
	}
	f.check(t)
	slices.Sort(took)
	longest := took[len(took)-1]
	t.Logf("%d workers killed, %d jobs taken over: after %s at the median, %s at most", 3**rounds, len(took), took[len(took)/2], longest)
	if longest > promised {
		t.Errorf("a job was taken over after %s, want %s at most", longest, promised)
	}
}

// kill has three workers killed at three mails each, and returns after how
// long a fourth one began each of these again.
func (f *plant) kill(t *testing.T) []time.Duration {
	t.Helper()
	type victim struct {
		*process
		at []string
	}
	var victims []victim
	for range 3 {
		first := len(f.to)
		w := f.worker(t)
		f.mail(t, job.Email.Concurrency, true) // the others have their hands full
		f.held(t, f.to[first:])
		victims = append(victims, victim{w, f.to[first:]})
	}
	survivor := f.worker(t)
	killed := map[string]time.Time{}
	for _, v := range victims {
		v.signal(t, syscall.SIGKILL)
		for _, address := range v.at {
			killed[address] = time.Now()
		}
		time.Sleep(700 * time.Millisecond) // another moment between renewal and sweep
	}
	var took []time.Duration
	for address, at := range killed {
		eventually(t, address+" is tried again", func() bool { return len(f.office.seen(address)) > 1 })
		took = append(took, f.office.seen(address)[1].Sub(at))
	}
	f.check(t)
	survivor.signal(t, syscall.SIGTERM)
	if err := <-survivor.done; err != nil {
		t.Errorf("the survivor ends with %v", err)
	}
	return took
}

// hold keeps every claim on a mail waiting until release, as a slow PostgreSQL would.
func (f *plant) hold(t *testing.T) (release func()) {
	t.Helper()
	platformtest.Exec(t, f.Platform, `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$`)
	platformtest.Exec(t, f.Platform, fmt.Sprintf(`
		CREATE TRIGGER hold BEFORE UPDATE ON outbox
		FOR EACH ROW WHEN (NEW.state = 'running' AND NEW.queue = '%s') EXECUTE FUNCTION hold()`, job.Email.Name))
	c, err := pgx.Connect(t.Context(), f.Config.DatabaseURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	release = func() { _ = c.Close(context.WithoutCancel(t.Context())) }
	t.Cleanup(release)
	if _, err := c.Exec(t.Context(), `SELECT pg_advisory_lock(7)`); err != nil {
		t.Fatal(err)
	}
	return release
}

// claiming ends what claims, if it is to, and returns how many claims are held.
func (f *plant) claiming(t *testing.T, end bool) (n int) {
	t.Helper()
	err := f.DB.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE NOT $1 OR pg_terminate_backend(pid))
		FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event = 'advisory'`, end).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A worker that is killed when it has a job from Redis, and no claim on it yet,
// is noticed as soon as any other.
func TestKilledBeforeClaim(t *testing.T) {
	t.Parallel()
	f := newPlant(t)
	victim := f.worker(t)
	eventually(t, "a sweep has marked Redis", func() bool { return f.Platform.Redis.Exists(t.Context(), "outbox:marker").Val() > 0 })
	release := f.hold(t)
	f.mail(t, 1, false)
	eventually(t, "the claim is held", func() bool { return f.claiming(t, false) > 0 })
	victim.signal(t, syscall.SIGKILL)
	killed := time.Now()
	f.claiming(t, true) // else PostgreSQL would make the claim of a client that is gone
	release()
	f.worker(t)
	eventually(t, "the mail is sent", func() bool { return len(f.office.seen(f.to[0])) > 0 })
	took := f.office.seen(f.to[0])[0].Sub(killed)
	t.Logf("taken over after %s", took)
	if took > promised {
		t.Errorf("the job was taken over after %s, want %s at most", took, promised)
	}
	f.check(t)
}

// A worker that is told to stop ends what can be ended in time, gives back
// the rest, and exits with 0.
func TestStopped(t *testing.T) {
	t.Parallel()
	f := newPlant(t)
	first := f.worker(t)
	f.mail(t, 2, true)
	f.held(t, f.to)
	f.worker(t)
	first.signal(t, syscall.SIGTERM)
	time.Sleep(time.Second)
	f.office.release(f.to[0])
	if err := <-first.done; err != nil {
		t.Errorf("it ends with %v", err)
	}
	f.check(t)
	for i, want := range []int{1, 2} {
		if n := len(f.office.seen(f.to[i])); n != want {
			t.Errorf("mail %d was begun %d times, want %d", i, n, want)
		}
	}
	var losses int
	if err := f.DB.QueryRow(t.Context(), `SELECT sum(losses) FROM outbox`).Scan(&losses); err != nil || losses > 0 {
		t.Errorf("%d jobs were found by the sweep, %v; want all given back", losses, err)
	}
}

// A Redis that stands still holds jobs up, and no more. A quarter of a minute is
// longer than a claim lasts without its renewals, which are PostgreSQL's, and
// shorter than asynq holds on to a job.
func TestRedisFrozen(t *testing.T) {
	t.Parallel()
	f := newPlant(t)
	f.worker(t)
	f.mail(t, 2, true)
	f.held(t, f.to)
	if err := f.redis.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	f.mail(t, 10, false)
	f.office.release(f.to[0]) // done while Redis does not answer
	time.Sleep(15 * time.Second)
	if err := f.redis.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	f.office.release(f.to[1])
	f.check(t)
}

// A Redis that was killed and came back empty loses no job.
func TestRedisLost(t *testing.T) {
	t.Parallel()
	f := newPlant(t)
	f.worker(t)
	f.mail(t, job.Email.Concurrency, true)
	f.held(t, f.to)
	f.mail(t, 10, false)
	eventually(t, "tickets are in Redis", func() bool {
		var n int
		if err := f.DB.QueryRow(t.Context(), `SELECT count(*) FROM outbox WHERE state = 'queued'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 10
	})
	f.redis.End()
	time.Sleep(2 * time.Second)
	f.redis.Restart(t)
	for _, address := range f.to[:job.Email.Concurrency] {
		f.office.release(address)
	}
	began := time.Now()
	f.check(t)
	t.Logf("all done %s after Redis was back", time.Since(began).Round(time.Second))
}
