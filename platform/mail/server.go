package mail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/wneessen/go-mail/smtp"
)

type security int

const (
	startTLS security = iota
	implicitTLS
	noTLS
)

// server is what a mail URL says.
type server struct {
	host           string
	port           int
	user, password string
	security       security
	tls            *tls.Config
}

func (s server) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// readServer reads a mail URL. Its errors quote nothing of it: wherever a URL
// is malformed, what was taken for the host may be the password.
func readServer(raw string) (server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return server{}, errors.New("mail URL cannot be read: want smtp://user:password@host:port, with user and password percent-encoded")
	}
	s := server{host: u.Hostname(), user: u.User.Username()}
	s.password, _ = u.User.Password()
	s.tls = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	var usual int
	switch u.Scheme {
	case "smtp":
		s.security, usual = startTLS, 587
	case "smtps":
		s.security, usual = implicitTLS, 465
	case "smtp+plain":
		s.security = noTLS
	default:
		return server{}, errors.New("mail URL must begin with smtp://, smtps:// or smtp+plain://")
	}
	if s.port, err = port(u.Port(), usual); err != nil {
		return server{}, err
	}
	return s, s.check(u)
}

func port(text string, usual int) (int, error) {
	if text == "" && usual != 0 {
		return usual, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("mail URL needs a port from 1 to 65535")
	}
	return int(n), nil
}

func (s server) check(u *url.URL) error {
	switch {
	case s.host == "":
		return errors.New("mail URL needs a host")
	case (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "":
		return errors.New("mail URL ends after the port; is a character of the password not percent-encoded?")
	case (s.user == "") != (s.password == ""):
		return errors.New("mail URL needs both a user and a password, or neither")
	case s.security == noTLS && !net.ParseIP(s.host).IsLoopback():
		return errors.New("smtp+plain:// is for the loopback only, such as 127.0.0.1")
	case s.security == noTLS && s.user != "":
		return errors.New("smtp+plain:// takes no user and password")
	}
	return nil
}

// login signs in by PLAIN, or by LOGIN where the server has only that. Both
// tell the password to the server, so both refuse without TLS.
type login struct {
	smtp.Auth
	server server
}

// Start chooses the mechanism by what the server offers.
func (l *login) Start(offer *smtp.ServerInfo) (string, []byte, error) {
	if !offer.TLS {
		return "", nil, fmt.Errorf("sign in at %s: %w", offer.Name, smtp.ErrUnencrypted)
	}
	l.Auth = smtp.PlainAuth("", l.server.user, l.server.password, l.server.host, false)
	if !slices.Contains(offer.Auth, "PLAIN") && slices.Contains(offer.Auth, "LOGIN") {
		l.Auth = smtp.LoginAuth(l.server.user, l.server.password, l.server.host, false)
	}
	return l.Auth.Start(offer)
}
