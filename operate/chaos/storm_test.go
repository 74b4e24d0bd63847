//go:build chaos && linux

package chaos_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"pilothandbook/platform/local/pay"
)

// blow is one thing that goes wrong.
type blow struct {
	at    time.Duration
	what  string
	which int           // of two processes
	down  time.Duration // how long it stays so
}

// The blows. The first ones are kills.
const (
	killAtAck    = "kill a web process that acknowledges"
	killTaking   = "kill a web process that takes in"
	killWorker   = "kill a worker"
	killSender   = "kill a worker that sends a mail"
	stopWorker   = "stop a worker that sends a mail"
	killRedis    = "kill Redis"
	cutRedis     = "kill Redis and lose the last it wrote"
	killPostgres = "kill PostgreSQL"
	upgrade      = "upgrade the processes that are of the former program"
	flushRedis   = "empty Redis"
	freezeRedis  = "freeze Redis"
	thawRedis    = "thaw Redis"
	holdEvents   = "hold events"
	dropEvents   = "lose every delivery"
	disable      = "disable the endpoint"
	floodEvents  = "deliver all at once"
)

// freeze is longer than the relay waits for Redis, so that tickets arrive that
// were given up.
const freeze = 7 * time.Second

// frost is longer than asynq holds on to what it has without Redis, half a
// minute. It comes once, where there is the time for it.
const frost = 45 * time.Second

// standstill is longer than a claim lasts and the next sweep takes: a worker
// that goes on after it has lost its jobs to another one, and does not know.
const standstill = 16 * time.Second

// forecast spreads the blows over the time of the storm, as the flags and the seed
// say.
func forecast(rng *rand.Rand, lasts time.Duration) []blow {
	var all []blow
	spread := func(kinds []string, n int, down func() time.Duration) {
		gap := lasts * 9 / 10 / time.Duration(max(n, 1))
		for i := range n {
			at := lasts/20 + time.Duration(i)*gap + time.Duration(rng.Int64N(int64(gap/2)+1))
			all = append(all, blow{at, kinds[i%len(kinds)], rng.IntN(2), down()})
		}
	}
	deck := slices.Concat(
		slices.Repeat([]string{killAtAck}, 5), slices.Repeat([]string{killTaking}, 7), slices.Repeat([]string{killWorker}, 2), slices.Repeat([]string{killSender}, 3),
		[]string{killPostgres, killRedis, cutRedis, cutRedis})
	rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	spread(deck, *kills, func() time.Duration { return time.Duration(100+rng.IntN(1200)) * time.Millisecond })
	spread([]string{flushRedis}, *flushes, func() time.Duration { return 0 })
	spread([]string{freezeRedis}, *freezes, func() time.Duration { return freeze })
	spread([]string{stopWorker}, *stops, func() time.Duration { return standstill })
	if lasts >= 10*time.Minute {
		all = undisturbed(all, blow{lasts / 3, freezeRedis, 0, frost})
	}
	for _, b := range all {
		if b.what == freezeRedis {
			all = append(all, blow{b.at + b.down, thawRedis, 0, 0})
		}
	}
	spread([]string{floodEvents, holdEvents, floodEvents, dropEvents, disable, floodEvents}, int(lasts/(5*time.Second)), func() time.Duration { return 3 * time.Second })
	all = append(all, blow{lasts / 2, upgrade, 1, time.Second})
	slices.SortStableFunc(all, func(a, b blow) int { return int(a.at - b.at) })
	return all
}

// undisturbed adds a blow to Redis, and takes out all others near it.
func undisturbed(all []blow, long blow) []blow {
	from, to := long.at-2*freeze, long.at+long.down+freeze
	return append(slices.DeleteFunc(all, func(b blow) bool {
		return slices.Contains([]string{killRedis, cutRedis, flushRedis, freezeRedis}, b.what) && b.at > from && b.at < to
	}), long)
}

// storm lets all blows fall.
func (p *plant) storm(ctx context.Context, all []blow) {
	began := time.Now()
	for _, b := range all {
		select {
		case <-time.After(time.Until(began.Add(b.at))):
		case <-ctx.Done():
			return
		}
		p.fall(b)
	}
}

func (p *plant) fall(b blow) {
	p.say("%s (%d, for %s)", b.what, b.which, b.down)
	switch b.what {
	case killAtAck, killTaking:
		old := p.till.trap.Swap(&trap{web: b.which, ack: b.what == killAtAck, after: b.down / 40, down: b.down, gate: make(chan struct{})})
		if old != nil {
			p.till.letThrough(old)
			p.till.shoot(old, "no event having come")
		}
	case killWorker:
		p.replace(p.workers[b.which], b.down)
	case killSender:
		p.aim(b.which, func() { p.replace(p.workers[b.which], b.down) })
	case stopWorker:
		p.aim(b.which, func() { p.halt(b.which, b.down) })
	case upgrade:
		for _, s := range []*process{p.webs[b.which], p.workers[b.which]} {
			s.become(p.bin)
			p.replace(s, b.down)
		}
	case killRedis, cutRedis:
		p.kills.Add(1)
		began := time.Now()
		p.redis.End()
		if b.what == cutRedis {
			p.cut()
		}
		time.Sleep(b.down)
		p.redis.Restart(p.t)
		p.away = append(p.away, span{began, time.Now()})
		if b.what == cutRedis {
			p.lost = append(p.lost, time.Now())
		}
	case killPostgres:
		p.dropPostgres(b.down / 2)
	case flushRedis:
		p.flush()
		p.lost = append(p.lost, time.Now())
	case freezeRedis:
		p.away = append(p.away, span{time.Now(), time.Now().Add(b.down)})
		p.signal(syscall.SIGSTOP)
	case thawRedis:
		p.signal(syscall.SIGCONT)
	default:
		p.till.Deliver(deliveries(b.what))
	}
}

// aim has a worker struck over its next mail, and at once by what waits for one
// already.
func (p *plant) aim(worker int, strike func()) {
	if old := p.mails.trap(worker, strike); old != nil {
		old()
	}
}

// dropPostgres kills PostgreSQL, which is back after a moment. What mails the
// workers send meanwhile they cannot note.
func (p *plant) dropPostgres(down time.Duration) {
	p.kills.Add(1)
	began := time.Now()
	p.postgres.kill()
	falls := []*fall{p.mails.fell(0, unheard), p.mails.fell(1, unheard)}
	time.Sleep(down)
	p.postgres.start()
	for _, f := range falls {
		p.mails.rose(f)
	}
	p.away = append(p.away, span{began, time.Now()})
}

// halt stops a worker for a while.
func (p *plant) halt(worker int, down time.Duration) {
	thaw := p.workers[worker].freeze()
	if thaw == nil {
		return
	}
	p.say("worker%d stands still", worker)
	f := p.mails.fell(worker, stopped)
	p.restarts.Go(func() {
		time.Sleep(down)
		p.mails.rose(f)
		if thaw() {
			p.thawed.Add(1)
			p.say("worker%d goes on", worker)
		}
	})
}

// slowness is how long PostgreSQL takes over events, where it is made slow.
const slowness = 300 * time.Millisecond

// slow keeps events from being committed from now on, for a moment, as a busy
// disk would. Where PostgreSQL is away it does nothing.
func (p *plant) slow() {
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Second)
	tx, err := p.db.Begin(ctx)
	if err != nil {
		cancel()
		return
	}
	_, _ = tx.Exec(ctx, `LOCK TABLE stripe_events IN SHARE MODE`)
	time.AfterFunc(slowness, func() {
		defer cancel()
		_ = tx.Rollback(ctx)
	})
}

// deliveries is how events are brought from now on.
func deliveries(what string) pay.Delivery {
	d := pay.Delivery{Copies: 3, Shuffle: true, Parallel: 32}
	switch what {
	case holdEvents:
		d.Hold = true
	case dropEvents:
		d.Drop = true
	case disable:
		d.Disabled = true
	}
	return d
}

// replace kills a process and starts it again.
func (p *plant) replace(s *process, down time.Duration) {
	if s.kill() {
		p.kills.Add(1)
		if worker := slices.Index(p.workers[:], s); worker >= 0 {
			p.mails.fell(worker, killed)
		}
	}
	p.later(down, s)
}

// later starts a process again.
func (p *plant) later(d time.Duration, s *process) {
	p.restarts.Go(func() {
		time.Sleep(d)
		if err := s.start(); err != nil {
			p.t.Error(err)
		}
	})
}

// shoot kills a web process at a moment that was waited for.
func (p *plant) shoot(web int, when string, down time.Duration) {
	if p.webs[web].kill() {
		p.kills.Add(1)
		p.say("web%d is killed, %s", web, when)
	}
	p.later(down, p.webs[web])
}

// tail is how much of Redis' log is lost with its host.
const tail = 64 << 10

// cut takes the end off the log of a Redis that was killed, as a crash of its
// host does: a killed process alone loses nothing, as the kernel has it.
func (p *plant) cut() {
	logs, err := filepath.Glob(filepath.Join(p.redisFolder, "appendonlydir", "*.incr.aof"))
	if err != nil || len(logs) == 0 {
		p.t.Errorf("Redis has no log in %s: %v", p.redisFolder, err)
		return
	}
	newest := slices.MaxFunc(logs, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	info, err := os.Stat(newest)
	if err != nil {
		p.t.Error(err)
		return
	}
	if err := os.Truncate(newest, max(0, info.Size()-tail)); err != nil {
		p.t.Error(err)
	}
	p.say("of the %d bytes that Redis wrote %d are lost", info.Size(), min(tail, info.Size()))
}

func (p *plant) flush() {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Second)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: p.redis.Address, MaxRetries: -1, ContextTimeoutEnabled: true})
	defer c.Close()
	if err := c.FlushAll(ctx).Err(); err != nil {
		p.say("it is not there: %v", err)
	}
}

// signal is for a Redis that may just have been killed.
func (p *plant) signal(s syscall.Signal) { _ = p.redis.Process.Signal(s) }

// calm ends all that was begun: everything runs, and events are delivered.
func (p *plant) calm() {
	if old := p.till.trap.Swap(nil); old != nil {
		p.till.letThrough(old)
	}
	p.mails.trap(0, nil)
	p.mails.trap(1, nil)
	p.till.faulty.Store(false)
	p.restarts.Wait()
	p.signal(syscall.SIGCONT)
	for _, s := range append(p.webs[:], p.workers[:]...) {
		if s.ended() {
			p.t.Errorf("%s ended by itself", s.name)
		}
		if err := s.start(); err != nil {
			p.t.Error(err)
		}
	}
	p.till.Deliver(pay.Delivery{Parallel: 16})
	p.healthy(append(p.webs[:], p.workers[:]...))
}
