package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	user     = "postbox-user"
	password = "s3cret/with+odd:signs"
)

// smtpd is an SMTP server that answers as told and remembers what it heard.
type smtpd struct {
	mechanisms []string // AUTH is asked for if there are any
	onMail     error
	onRcpt     func(*smtp.Conn) error
	onData     func(*smtp.Conn) error

	addr string

	mu      sync.Mutex
	hello   []string
	signins int
	mails   []received
}

type received struct {
	from, to string
	raw      string
}

// start serves on a port of its own; over names what tls is used for:
// "starttls", "implicit" or "".
func (d *smtpd) start(t *testing.T, cert *tls.Certificate, over string) *smtpd {
	t.Helper()
	server := smtp.NewServer(d)
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.AllowInsecureAuth = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = l.Addr().String()
	switch over {
	case "starttls":
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
	case "implicit":
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*cert}})
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		l.Close()
		<-done
	})
	return d
}

func (d *smtpd) NewSession(c *smtp.Conn) (smtp.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hello = append(d.hello, c.Hostname())
	s := &session{d: d, conn: c}
	if len(d.mechanisms) > 0 {
		return &authSession{s}, nil
	}
	return s, nil
}

func (d *smtpd) heard() []received {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mails
}

func (d *smtpd) signedIn() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.signins
}

type session struct {
	d        *smtpd
	conn     *smtp.Conn
	from, to string
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.d.onMail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if s.d.onRcpt != nil {
		return s.d.onRcpt(s.conn)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.d.mu.Lock()
	s.d.mails = append(s.d.mails, received{s.from, s.to, string(raw)})
	s.d.mu.Unlock()
	if s.d.onData != nil {
		return s.d.onData(s.conn)
	}
	return nil
}

type authSession struct{ *session }

func (s *authSession) AuthMechanisms() []string { return s.d.mechanisms }

func (s *authSession) Auth(mech string) (sasl.Server, error) {
	if mech == "LOGIN" {
		return &loginServer{check: s.signIn}, nil
	}
	return sasl.NewPlainServer(func(_, u, p string) error { return s.signIn(u, p) }), nil
}

// signIn repeats what it was given when it refuses, as a rude server could.
func (s *authSession) signIn(u, p string) error {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.signins++
	if u != user || p != password {
		return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no entry for " + u + " with " + p}
	}
	return nil
}

// loginServer is the server's side of AUTH LOGIN.
type loginServer struct {
	user  string
	step  int
	check func(u, p string) error
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// certificate makes a certificate for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// script answers each line by its first word, a mail's content by that of
// ".", and hangs up where the answer is empty.
func script(t *testing.T, answers map[string]string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		talk(textproto.NewConn(conn), answers)
	}()
	return l.Addr().String()
}

func talk(conn *textproto.Conn, answers map[string]string) {
	answer := "220 ready"
	for word := ""; answer != ""; {
		if conn.PrintfLine("%s", answer) != nil {
			return
		}
		if strings.HasPrefix(answer, "354") {
			conn.ReadDotBytes()
			word = "."
		} else {
			line, err := conn.ReadLine()
			if err != nil {
				return
			}
			word, _, _ = strings.Cut(line, " ")
		}
		var known bool
		if answer, known = answers[word]; !known {
			answer = "250 ok"
		}
	}
}
