package post_test

import (
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/mail"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/post"
)

const address = "https://handbook.example"

// open returns a platform whose public address is known.
func open(t *testing.T) *platform.Platform {
	t.Helper()
	cfg := platformtest.Config(t)
	cfg.AuthURL = address
	return platformtest.Open(t, cfg)
}

// jobs returns the jobs, which send to url.
func jobs(t *testing.T, p *platform.Platform, url string) post.Jobs {
	t.Helper()
	s, err := mail.New(url, p.Config.MailFrom)
	if err != nil {
		t.Fatal(err)
	}
	return post.Jobs{DB: p.DB, Mail: s, Config: p.Config}
}

// box returns a mailbox of the test's own.
func box(t *testing.T) *mailbox.Mailbox {
	t.Helper()
	b, err := mailbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// smtpd answers the mails it is sent with answers, in turn, and then takes
// all. It notes the sources of those it heard.
type smtpd struct {
	url     string
	mu      sync.Mutex
	answers []error
	heard   []string
}

func server(t *testing.T, answers ...error) *smtpd {
	t.Helper()
	d := &smtpd{answers: answers}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.url = "smtp+plain://" + l.Addr().String()
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &talk{d}, nil }))
	s.ErrorLog = log.New(io.Discard, "", 0)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close()
		<-done
	})
	return d
}

func (d *smtpd) sources() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.heard...)
}

type talk struct{ d *smtpd }

func (*talk) Reset()                                 {}
func (*talk) Logout() error                          { return nil }
func (*talk) Mail(string, *smtp.MailOptions) error   { return nil }
func (s *talk) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *talk) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.heard = append(s.d.heard, string(raw))
	if len(s.d.answers) == 0 {
		return nil
	}
	answer := s.d.answers[0]
	s.d.answers = s.d.answers[1:]
	return answer
}

var (
	busy    = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try later"}
	refused = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody here"}
)

func ask(t *testing.T, p *platform.Platform, email string) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		id, err = account.Ask(t.Context(), tx, email, "the browser", "/orders")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// states returns the states of all mails, with the subjects that are stored.
func states(t *testing.T, p *platform.Platform) (all string) {
	t.Helper()
	err := p.DB.QueryRow(t.Context(), `
		SELECT coalesce(string_agg(kind || ' ' || state || ' ' || subject, '; ' ORDER BY created_at), '')
		FROM mails`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
