// Package mail hands one message to an SMTP server.
//
// It knows no templates and keeps no queue: who sends decides what is in the
// mail, and whether and when to try again. Permanent tells a refusal that will
// stay one from a failure that may heal.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

const (
	dialTimeout = 10 * time.Second
	sendTimeout = 30 * time.Second
)

// Message is one mail to one recipient.
type Message struct {
	// ID is the Message-ID without brackets. A mail that is tried again keeps
	// it, so that a mailbox can tell a repetition from a second mail.
	ID      string
	To      string
	Subject string
	// Text and HTML are alternatives of each other; one of them may be empty.
	Text, HTML string
	// Header holds further fields, such as List-Unsubscribe.
	Header map[string]string
}

// Sender sends mail through one server in the name of one address.
type Sender struct {
	server server
	from   string
	domain string
}

// New reads where to send from url and in whose name from an address such as
// "Name <address>".
//
// The URL is smtp://user:password@host:port (STARTTLS is required), smtps://
// (TLS from the first byte) or smtp+plain://127.0.0.1:port (no TLS, therefore
// no credentials, and only on the loopback). User and password are
// percent-encoded where they hold characters that mean something in a URL.
func New(url, from string) (*Sender, error) {
	server, err := readServer(url)
	if err != nil {
		return nil, err
	}
	probe := mail.NewMsg()
	if err := probe.From(from); err != nil || hasControl(from) {
		return nil, fmt.Errorf("sender %q is no mail address", from)
	}
	address := probe.GetFrom()[0].Address
	domain := address[strings.LastIndexByte(address, '@')+1:]
	return &Sender{server: server, from: from, domain: domain}, nil
}

// String names the server, never the credentials.
func (s *Sender) String() string { return s.server.address() }

// GoString is String: %#v would print the password.
func (s *Sender) GoString() string { return s.String() }

// Send delivers m, or says why it could not. After an error the server may
// still have taken the mail: its answer can be lost on the way back.
func (s *Sender) Send(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return &failure{text: fmt.Sprintf("compose mail %q: %v", m.ID, err), permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()

	client, err := s.client(ctx)
	if err != nil {
		return s.failure(ctx, msg, err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil // a goodbye that fails after the mail was taken must not cause a second mail
	}
	return s.failure(ctx, msg, err)
}

// client makes a client for one mail. What makes the dial function close the
// connection is the end of ctx, so it ends with ctx.
func (s *Sender) client(ctx context.Context) (*mail.Client, error) {
	policy := mail.NoTLS // implicit TLS is the dialer's business
	if s.server.security == startTLS {
		policy = mail.TLSMandatory
	}
	options := []mail.Option{
		mail.WithPort(s.server.port),
		mail.WithTimeout(sendTimeout),
		mail.WithHELO(s.domain),
		mail.WithTLSConfig(s.server.tls),
		mail.WithTLSPolicy(policy),
		mail.WithDialContextFunc(s.dialer(ctx)),
		mail.WithoutNoop(),
		mail.WithoutRset(),
	}
	if s.server.user != "" {
		options = append(options, mail.WithSMTPAuthCustom(&login{server: s.server}))
	}
	return mail.NewClient(s.server.host, options...)
}

// dialer connects for a sending that ends with ctx. The client itself leaves
// a connection open when the greeting fails and does not look at ctx later.
func (s *Sender) dialer(ctx context.Context) mail.DialContextFunc {
	return func(dialing context.Context, network, _ string) (net.Conn, error) {
		dialing, cancel := context.WithTimeout(dialing, dialTimeout)
		defer cancel()

		var plain net.Dialer
		conn, err := plain.DialContext(dialing, network, s.server.address())
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { conn.Close() })
		if s.server.security != implicitTLS {
			return conn, nil
		}
		secure := tls.Client(conn, s.server.tls)
		if err := secure.HandshakeContext(dialing); err != nil {
			return nil, err
		}
		return secure, nil
	}
}

// Permanent reports whether err is a refusal that a retry cannot heal: a
// message that cannot be sent as it is, or a 5xx answer to its recipient or
// content. A refused sender or password is not: it stands in the
// configuration, and mails can wait until that is mended.
func Permanent(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.permanent
}
