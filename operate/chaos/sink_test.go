//go:build chaos && linux

package chaos_test

import (
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// letter is a mail that arrived.
type letter struct{ id, to, subject, text string }

// sink is a mail server that keeps everything.
type sink struct {
	url string

	mu      sync.Mutex
	letters []letter
}

func openSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{url: "smtp+plain://" + l.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{sink: s}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
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
	sink *sink
	to   string
}

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	return nil
}
func (d *delivery) Reset()        {}
func (d *delivery) Logout() error { return nil }

// Data keeps a mail, and then takes a moment to say so, in which its sender
// may die.
func (d *delivery) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	text, err := plain(m)
	if err != nil {
		return err
	}
	d.sink.mu.Lock()
	d.sink.letters = append(d.sink.letters, letter{m.Header.Get("Message-ID"), d.to, subject, text})
	d.sink.mu.Unlock()
	time.Sleep(5 * time.Millisecond)
	return nil
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
