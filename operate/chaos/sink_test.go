//go:build chaos && linux

package chaos_test

import (
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// letter is a mail that arrived.
type letter struct {
	id, to, subject, text string
	by                    int // the worker that sent it
	at                    time.Time
}

// sink is a mail server that keeps everything. Each worker has a door of its
// own.
type sink struct {
	urls [2]string
	slow atomic.Bool // over some mails

	mu       sync.Mutex
	letters  []letter
	underway map[*delivery]letter // what is being sent
	traps    [2]func()            // called when a worker's next mail is
	wakes    wakes
}

func openSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{underway: map[*delivery]letter{}, wakes: wakes{orphans: map[string]time.Time{}}}
	for worker := range s.urls {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.urls[worker] = "smtp+plain://" + l.Addr().String()
		server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{sink: s, worker: worker}, nil }))
		server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
	}
	return s
}

func (s *sink) all() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

// lastTo returns the newest mail to an address whose subject or text says this.
func (s *sink) lastTo(address, this string) (letter, bool) {
	all := s.all()
	for _, l := range slices.Backward(all) {
		if l.to == address && strings.Contains(l.subject+"\n"+l.text, this) {
			return l, true
		}
	}
	return letter{}, false
}

// delivery is one connection.
type delivery struct {
	sink    *sink
	worker  int
	to      string
	dropped bool // its sender died before the mail was accepted
}

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	return nil
}
func (d *delivery) Reset()        {}
func (d *delivery) Logout() error { return nil }

// Data accepts a mail, some of them after seconds, and then takes a moment to
// say so, in which its sender may die.
func (d *delivery) Data(r io.Reader) error {
	l, err := read(r)
	if err != nil {
		return err
	}
	l.to, l.by = d.to, d.worker
	d.begin(l)
	defer d.end()
	if d.sink.slow.Load() && rand.IntN(100) == 0 {
		time.Sleep(time.Second + rand.N(7*time.Second))
	}
	if !d.accept(l) {
		return errors.New("its sender is gone")
	}
	time.Sleep(5 * time.Millisecond)
	return nil
}

func (d *delivery) begin(l letter) {
	s := d.sink
	s.mu.Lock()
	s.underway[d] = l
	s.wakes.taken(l)
	trap := s.traps[d.worker]
	s.traps[d.worker] = nil
	s.mu.Unlock()
	if trap != nil {
		trap()
	}
}

// trap has do called when a worker sends its next mail, and returns what would
// have been before.
func (s *sink) trap(worker int, do func()) (old func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, s.traps[worker] = s.traps[worker], do
	return old
}

func (d *delivery) accept(l letter) bool {
	d.sink.mu.Lock()
	defer d.sink.mu.Unlock()
	l.at = time.Now()
	if !d.dropped {
		d.sink.letters = append(d.sink.letters, l)
	}
	return !d.dropped
}

func (d *delivery) end() {
	d.sink.mu.Lock()
	defer d.sink.mu.Unlock()
	delete(d.sink.underway, d)
}

// read reads a mail.
func read(r io.Reader) (l letter, err error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return l, err
	}
	l.id = m.Header.Get("Message-ID")
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	l.text, err = plain(m)
	return l, err
}

// plain returns the text of a mail.
func plain(m *mail.Message) (string, error) {
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return "", errors.Join(errors.New("the mail has no text"), err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			text, err := io.ReadAll(part)
			return string(text), err
		}
	}
}

var confirms = regexp.MustCompile(`(?m)^Payment:\s+(pi_\w+)`)

// confirmed returns the mails that confirm each payment, by Message-ID, and how
// many mails came again with the same one.
func (s *sink) confirmed() (of map[string]map[string]bool, again int) {
	of = map[string]map[string]bool{}
	seen := map[string]bool{}
	for _, l := range s.all() {
		if seen[l.id] {
			again++
		}
		seen[l.id] = true
		found := confirms.FindStringSubmatch(l.text)
		if found == nil || !strings.HasPrefix(l.subject, "Your purchase") && !strings.HasPrefix(l.subject, "Your gift:") {
			continue
		}
		if of[found[1]] == nil {
			of[found[1]] = map[string]bool{}
		}
		of[found[1]][l.id] = true
	}
	return of, again
}
