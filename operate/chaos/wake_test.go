//go:build chaos && linux

package chaos_test

import (
	"fmt"
	"slices"
	"time"

	"pilothandbook/handbook/job"
)

// wakes are what falls leave behind: mails that somebody else has to send, and
// mails that may come again for it.
type wakes struct {
	falls   []*fall
	orphans map[string]time.Time // since when nobody sends a mail whose worker fell
	over    []span               // from then until somebody did
}

// span is a time.
type span struct{ from, to time.Time }

func (s span) covers(at time.Time) bool { return !at.Before(s.from) && !at.After(s.to) }

// common is how long two of them have in common.
func (s span) common(o span) time.Duration {
	from, to := s.from, s.to
	if o.from.After(from) {
		from = o.from
	}
	if o.to.Before(to) {
		to = o.to
	}
	return max(0, to.Sub(from))
}

// fall is a time in which a worker could not note that a mail was sent.
type fall struct {
	span
	worker int
	how    how
	under  map[string]bool // mails that were under way
	again  int             // those that came again
}

// how a worker fell.
type how int

const (
	killed  how = iota
	stopped     // and went on later, with what it had
	unheard     // by PostgreSQL, which was killed
)

// fell notes that a worker has just fallen. Of what it was sending when it was
// killed, its mail server has nothing.
func (s *sink) fell(worker int, how how) *fall {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	f := &fall{span: span{now, now}, worker: worker, how: how, under: map[string]bool{}}
	for d, l := range s.underway {
		if d.worker == worker {
			d.dropped, f.under[l.id] = how == killed, true
		}
	}
	if how != unheard {
		s.wakes.orphan(f)
	}
	for _, l := range slices.Backward(s.letters) { // it may not have been noted
		if l.by == worker && len(f.under) < job.Email.Concurrency {
			f.under[l.id] = true
		}
	}
	s.wakes.falls = append(s.wakes.falls, f)
	return f
}

// orphan notes that somebody else has to send what was under way, and that
// whoever had taken something over may be the one that fell.
func (w *wakes) orphan(f *fall) {
	for id := range f.under {
		w.orphans[id] = f.from
	}
	for id := range w.orphans {
		w.orphans[id] = f.from
	}
}

// rose notes that what fell goes on.
func (s *sink) rose(f *fall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.to = time.Now()
}

// taken notes that a mail is sent, perhaps instead of somebody who fell.
func (w *wakes) taken(l letter) {
	if at, orphan := w.orphans[l.id]; orphan {
		w.over = append(w.over, span{at, time.Now()})
		delete(w.orphans, l.id)
	}
}

// explains reports whether a mail came a second time because of a fall: the
// first one was not noted, or who had stopped sent it once more.
func (f *fall) explains(first, second letter) bool {
	unnoted := first.by == f.worker && (f.under[first.id] || f.covers(first.at)) && second.at.After(f.from)
	late := f.how == stopped && second.by == f.worker && first.at.After(f.from) && second.at.After(f.to)
	return unnoted || late
}

// unexplained returns the mails that came again though no worker fell that had
// them under way: as many at once as a worker sends.
func (s *sink) unexplained() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	before := map[string]letter{}
	for _, l := range s.letters {
		if first, again := before[l.id]; again && !s.wakes.explain(first, l) {
			all = append(all, fmt.Sprintf("mail %s (%s) came from worker%d, and %s later from worker%d, which had not fallen with it",
				l.id, l.subject, first.by, l.at.Sub(first.at), l.by))
		}
		before[l.id] = l
	}
	return all
}

func (w *wakes) explain(first, second letter) bool {
	for _, f := range w.falls {
		if f.again < job.Email.Concurrency && f.explains(first, second) {
			f.again++
			return true
		}
	}
	return false
}

// waits returns how long mails waited whose worker fell, the longest last. The
// time when Redis or PostgreSQL were away does not count, and where Redis lost
// meanwhile what it had, they wait from then on.
func (s *sink) waits(away []span, lost []time.Time) []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []time.Duration
	for _, o := range s.wakes.over {
		for _, at := range lost {
			if o.covers(at) {
				o.from = at
			}
		}
		waited := o.to.Sub(o.from)
		for _, a := range away {
			waited -= o.common(a)
		}
		all = append(all, waited)
	}
	slices.Sort(all)
	return all
}

// promised is how soon what a fallen worker had is taken over.
const promised = 20 * time.Second

// telling is how many kills are enough to have met a worker that was sending a
// mail, which one in ten does. Of a minute with 37 it is not certain.
const telling = 100

// takenOver judges that.
func (l *load) takenOver() {
	all := l.mails.waits(l.away, l.lost)
	if len(all) == 0 {
		l.t.Logf("no worker fell that was sending a mail")
		if l.kills.Load() >= telling {
			l.fault("of %d kills none met a worker that was sending a mail, so nobody knows how soon those are taken over", l.kills.Load())
		}
		return
	}
	longest := all[len(all)-1]
	l.t.Logf("%d mails of fallen workers were taken over after %s at the median, %s at most", len(all),
		all[len(all)/2].Round(time.Millisecond), longest.Round(time.Millisecond))
	if longest > promised {
		l.fault("a mail of a fallen worker was taken over after %s, want %s at most", longest, promised)
	}
}
