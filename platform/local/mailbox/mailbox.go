// Package mailbox takes the mail that a start on one's own machine sends, and
// shows it.
//
// It is a real SMTP server on the loopback, so that nothing in the program
// knows whether its mail goes out into the world or stays here. Mails are kept
// as .eml files, which any mail program opens.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
)

const (
	newest   = 200
	maxBytes = 10 << 20
	idle     = time.Minute
)

// Mailbox is an SMTP server that keeps what it is sent.
type Mailbox struct {
	server   *smtp.Server
	listener net.Listener
	served   chan error
	folder   folder

	mu     sync.Mutex
	closed bool
	mails  []Mail // newest last
}

// Open starts a mailbox on a free port of the loopback. It keeps its newest
// 200 mails in folder, or only in memory if folder is "".
func Open(path string) (*Mailbox, error) {
	b := &Mailbox{folder: folder(path), served: make(chan error, 1)}
	mails, err := b.folder.load()
	if err != nil {
		return nil, fmt.Errorf("open mailbox %s: %w", path, err)
	}
	b.mails = mails
	if b.listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("open mailbox: %w", err)
	}
	b.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{box: b}, nil
	}))
	b.server.Domain = "localhost"
	b.server.MaxMessageBytes = maxBytes
	b.server.MaxRecipients = 50
	b.server.EnableSMTPUTF8 = true
	b.server.ReadTimeout, b.server.WriteTimeout = idle, idle
	b.server.ErrorLog = log.New(io.Discard, "", 0) // the sender is told what went wrong, and logs it
	go func() { b.served <- b.server.Serve(b.listener) }()
	return b, nil
}

// URL is where to send, as mail.New reads it.
func (b *Mailbox) URL() string { return "smtp+plain://" + b.listener.Addr().String() }

// All returns the mails, newest last. A mail sent twice is here twice.
func (b *Mailbox) All() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

// Close stops the server. No mail is kept after it returns.
func (b *Mailbox) Close() error {
	b.mu.Lock()
	again := b.closed
	b.closed = true
	b.mu.Unlock()
	if again {
		return nil
	}
	err := b.server.Close()
	b.listener.Close() // the server does not know it yet if it was closed at once
	if served := <-b.served; served != nil && !errors.Is(served, net.ErrClosed) {
		err = errors.Join(err, served)
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close mailbox: %w", err)
	}
	return nil
}

// find returns the mail with an id.
func (b *Mailbox) find(id string) (Mail, bool) {
	mails := b.All()
	if i := slices.IndexFunc(mails, func(m Mail) bool { return m.ID == id }); i >= 0 {
		return mails[i], true
	}
	return Mail{}, false
}

// keep stores a mail before it is acknowledged, and lets go of the oldest.
func (b *Mailbox) keep(to []string, content []byte) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("name a mail: %w", err)
	}
	envelope := envelopeTo + ": " + strings.Join(to, ", ") + "\r\n"
	raw := append([]byte(envelope), content...)

	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errors.New("the mailbox is closed")
	}
	if err := b.folder.write(id, raw); err != nil {
		return err
	}
	b.mails = append(b.mails, read(id, raw))
	for len(b.mails) > newest {
		b.folder.remove(b.mails[0].ID)
		b.mails = slices.Delete(b.mails, 0, 1)
	}
	return nil
}

// session is one connection's talk.
type session struct {
	box *Mailbox
	to  []string
}

// Mail begins a mail.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt notes a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data keeps the mail. Trouble is answered as passing (451), as by default the
// sender would be told never to try again.
func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err // by type: among others the answer that the mail is too large
	}
	if err := s.box.keep(s.to, content); err != nil {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: oneLine(err.Error())}
	}
	return nil
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.to = nil }

// Logout ends the talk.
func (s *session) Logout() error { return nil }
