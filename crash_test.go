//go:build chaos

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// TestCrashAtEachCall sells a module again and again, then publishes one, and
// ends the web process, then the worker, with kill -9: before and after each call
// that it makes to PostgreSQL, Redis, Stripe and the mail server meanwhile. The
// calls are those that are seen without a crash. In the end each deed is done,
// once, and fsck finds nothing. Of the defects that operate/chaos plants it finds
// acknowledge-before-commit and grant-after-commit; no-claim-check takes more
// than one crash.
func TestCrashAtEachCall(t *testing.T) {
	for name, deed := range map[string]func(*victim) deed{"sale": newSales, "publication": newPublications} {
		for _, service := range []string{"web", "worker"} {
			t.Run(name+"/"+service, func(t *testing.T) {
				v := openVictim(t, service)
				crashes(v, deed(v))
			})
		}
	}
}

// deed is what is done again and again, by numbers.
type deed interface {
	begin(n int)     // returns once the rest is the handbook's
	over(n int) bool // reports whether all of it is done
	check(n int)     // looks at what came of it, once it is over
	leastCalls() int // are known to be made, by each process
}

// rest is how long a process has done nothing when its calls are counted: after
// a second its connections are asked whether they still stand.
const rest = 3 * time.Second

func crashes(v *victim, d deed) {
	v.restart()
	time.Sleep(rest)
	idle := v.fuse.set(point{}) // what it says of itself
	d.begin(0)
	eventually(v.t, "all is done without a crash", func() bool { return d.over(0) })
	time.Sleep(time.Second) // the end of a job is written after its deed
	busy := v.fuse.set(point{})
	points := pointsOf(busy, idle)
	if len(points) < 2*d.leastCalls() {
		v.t.Fatalf("only these calls were seen: %v", busy)
	}
	tries := 0
	missed := func(after time.Duration) func(point) bool {
		return func(at point) bool {
			tries++
			return !v.reaches(at, after, d, tries)
		}
	}
	never := points
	for _, rested := range []time.Duration{0, rest, rest} { // what depends on the moment may come at a later try
		never = only(never, missed(rested))
	}
	v.fuse.set(point{})
	v.restart()
	v.t.Logf("%d points, of which %d were not reached in three tries", len(points), len(never))
	for _, at := range never {
		if why := at.excuse(); why != "" {
			v.t.Logf("not reached: %+v, as %s", at, why)
		} else {
			v.t.Errorf("not reached: %+v, and nobody knows why", at)
		}
	}
	for n := range tries + 1 {
		eventually(v.t, fmt.Sprintf("number %d is over", n), func() bool { return d.over(n) })
		d.check(n)
	}
	v.d.command(v.t, nil, "fsck") // which fails if it finds anything
}

// reaches has a deed done by a process that has rested, until it crashes, and
// reports whether it did.
func (v *victim) reaches(at point, rested time.Duration, d deed, n int) bool {
	v.restart()
	time.Sleep(rested)
	v.fuse.set(at)
	d.begin(n)
	eventually(v.t, "it crashes", func() bool { return v.fuse.isBlown() || d.over(n) })
	for range 10 { // the end of a job is written after its deed
		if v.fuse.isBlown() {
			return true
		}
		time.Sleep(time.Second / 10)
	}
	return false
}

// only returns the points that are so.
func only(points []point, so func(point) bool) (left []point) {
	for _, at := range points {
		if so(at) {
			left = append(left, at)
		}
	}
	return left
}

// point is a call at which a process ends: the nth of those that say the same,
// before the server has it or after. Its zero value is none.
type point struct {
	call   string
	nth    int
	before bool
}

// common reports whether a call says so little that others are meant too.
func common(call string) bool { return call == "begin" || call == "commit" }

// excuse returns why a point need not be reached each time, "" if it must be.
func (p point) excuse() string {
	switch {
	case common(p.call):
		return "which one is the nth depends on what the process does of itself meanwhile"
	case p.nth == 2 && strings.HasPrefix(p.call, "prepare "):
		return "a statement is prepared on each connection, and which are free depends on the moment"
	case p.call == "-- ping":
		return "a connection is asked only when it has rested for a second"
	case p.call == "Redis eval":
		return "a script is sent whole only to a Redis that has not seen it"
	case strings.Contains(p.call, "INTO module_keys"), strings.Contains(p.call, "FROM module_keys") && p.nth == 2:
		return "a module gets its key once, and reads it again then"
	}
	return ""
}

// pointsOf lists the calls of a deed that are not made without one.
func pointsOf(busy, idle map[string]int) (all []point) {
	for call, times := range busy {
		switch {
		case common(call):
			times = min(times, 6)
		case idle[call] > 0:
			continue
		default:
			times = min(times, 2)
		}
		for nth := range times {
			all = append(all, point{call, nth + 1, true}, point{call, nth + 1, false})
		}
	}
	slices.SortFunc(all, func(a, b point) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

// fuse sees what a process says to servers, and kills it at one point.
type fuse struct {
	kill func()

	mu    sync.Mutex
	calls map[string]int
	at    point
	blew  bool
}

// set arms it, and returns how often each call was made since it was last set.
func (f *fuse) set(at point) (calls map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls = f.calls
	f.calls, f.at, f.blew = map[string]int{}, at, false
	return calls
}

// disarm leaves alone what is started next.
func (f *fuse) disarm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = point{}
}

func (f *fuse) isBlown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blew
}

func (f *fuse) hit(call string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[call]++
	hit := !f.blew && call == f.at.call && f.calls[call] == f.at.nth
	f.blew = f.blew || hit
	return hit
}

// carry returns what copies to a server, and reads it as calls.
func (f *fuse) carry(reader func() func(said []byte) (call string)) func(io.Writer, io.Reader) {
	return func(out io.Writer, in io.Reader) {
		read := reader()
		b := make([]byte, 64<<10)
		for {
			n, err := in.Read(b)
			if err != nil {
				return
			}
			call := read(b[:n])
			hit := call != "" && f.hit(call)
			if hit && f.at.before {
				f.kill()
				return
			}
			if _, err := out.Write(b[:n]); err != nil {
				return
			}
			if hit {
				f.kill()
				return
			}
		}
	}
}

// postgresCalls reads the frontend's messages of PostgreSQL's protocol: the SQL
// that is prepared or run.
func postgresCalls() func([]byte) string {
	connected, named := false, map[string]string{}
	return func(said []byte) string {
		if !connected {
			connected = true
			return ""
		}
		var calls []string
		for len(said) >= 5 {
			size := int(binary.BigEndian.Uint32(said[1:5])) + 1
			if size < 5 || size > len(said) {
				break
			}
			fields := strings.Split(string(said[5:size]), "\x00")
			switch said[0] {
			case 'Q':
				calls = append(calls, brief(fields[0]))
			case 'P':
				named[fields[0]] = brief(fields[1])
				calls = append(calls, "prepare "+named[fields[0]])
			case 'B':
				calls = append(calls, "run "+named[fields[1]])
			}
			said = said[size:]
		}
		return strings.Join(calls, "; ")
	}
}

func brief(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	return sql[:min(len(sql), 100)]
}

// redisCalls reads commands, and which script is run.
func redisCalls() func([]byte) string {
	return func(said []byte) string {
		words := bytes.Split(said, []byte("\r\n"))
		if len(words) < 3 || !bytes.HasPrefix(words[0], []byte("*")) {
			return ""
		}
		call := "Redis " + strings.ToLower(string(words[2]))
		if strings.HasPrefix(call, "Redis evalsha") {
			call += " " + string(words[4][:8])
		}
		return call
	}
}

var stripeIDs = regexp.MustCompile(`\b([a-z]+)_[A-Za-z0-9_]+`)

// stripeCalls reads the first line of each request.
func stripeCalls() func([]byte) string {
	return func(said []byte) string {
		line, _, _ := strings.Cut(string(said), " HTTP/1.1\r\n")
		path, _, _ := strings.Cut(line, "?")
		if len(path) == len(said) {
			return ""
		}
		return "Stripe " + stripeIDs.ReplaceAllString(path, "$1")
	}
}

// mailCalls reads commands of SMTP, and the mail itself.
func mailCalls() func([]byte) string {
	mail := false
	return func(said []byte) string {
		verb := strings.ToUpper(strings.TrimSpace(string(said[:min(4, len(said))])))
		if mail {
			mail = !bytes.HasSuffix(said, []byte("\r\n.\r\n"))
			return "SMTP mail"
		}
		mail = verb == "DATA"
		return "SMTP " + verb
	}
}

// victim is a deployment of which one process is killed.
type victim struct {
	t       *testing.T
	d       *deployment
	p       *platform.Platform
	service string
	env     []string // of that process, which leads it through what sees its calls
	process *process
	fuse    *fuse
}

func openVictim(t *testing.T, service string) *victim {
	t.Helper()
	cfg := platformtest.Config(t)
	d := prepare(t, cfg)
	v := &victim{t: t, d: d, p: platformtest.Open(t, cfg), service: service, fuse: &fuse{calls: map[string]int{}}}
	seen := *cfg
	postgres, redis := behind(t, &seen)
	stripe := newLock(t, "tcp", strings.TrimPrefix(d.payBase, "http://"))
	mails := newLock(t, "tcp", strings.TrimPrefix(d.mails.URL(), "smtp+plain://"))
	for door, reader := range map[*lock]func() func([]byte) string{postgres: postgresCalls, redis: redisCalls, stripe: stripeCalls, mails: mailCalls} {
		door.carry = v.fuse.carry(reader)
		door.open(t)
	}
	v.env = append(slices.Clone(d.env),
		"DATABASE_URL="+seen.DatabaseURL.Reveal(), "REDIS_URL="+seen.RedisURL.Reveal(),
		"STRIPE_API_BASE=http://"+stripe.addr+"/local/stripe", "MAIL_URL=smtp+plain://"+mails.addr)
	v.fuse.kill = func() { _ = v.process.Process.Kill(); <-v.process.done }
	if service == "web" {
		d.worker = launch(t, d.bin, t.TempDir(), append(slices.Clone(d.env), "PORT="+port(d.workerBase)), "worker")
	} else {
		d.web = launch(t, d.bin, t.TempDir(), append(slices.Clone(d.env), "PORT="+port(d.base)), "web")
	}
	return v
}

func port(base string) string { return strings.TrimPrefix(base, "http://127.0.0.1:") }

// restart ends the process, if it has not ended, and starts it again.
func (v *victim) restart() {
	v.t.Helper()
	v.fuse.disarm()
	if v.process != nil {
		v.fuse.kill()
	}
	base := map[string]string{"web": v.d.base, "worker": v.d.workerBase}[v.service]
	v.process = launch(v.t, v.d.bin, v.t.TempDir(), append(slices.Clone(v.env), "PORT="+port(base)), v.service)
	for _, base := range []string{v.d.base, v.d.workerBase} {
		eventually(v.t, "both are healthy", func() bool { return answers(base, "/api/health") })
	}
}
