package mail_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"pilothandbook/platform/mail"
)

func TestSendRefused(t *testing.T) {
	t.Parallel()

	answer := func(code int) func(*smtp.Conn) error {
		return func(*smtp.Conn) error {
			return &smtp.SMTPError{Code: code, Message: "not ana@example.com"}
		}
	}
	hangUp := func(c *smtp.Conn) error { return c.Conn().Close() }
	for _, tc := range []struct {
		name string
		d    *smtpd
		want bool
	}{
		{"recipient later", &smtpd{onRcpt: answer(450)}, false},
		{"recipient never", &smtpd{onRcpt: answer(550)}, true},
		{"content later", &smtpd{onData: answer(451)}, false},
		{"content never", &smtpd{onData: answer(554)}, true},
		{"sender never", &smtpd{onMail: answer(550)(nil)}, false},
		{"cut at recipient", &smtpd{onRcpt: hangUp}, false},
		{"cut after content", &smtpd{onData: hangUp}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			d := tc.d.start(t, nil, "")
			err := sender(t, "smtp+plain://"+d.addr).Send(t.Context(), hello())
			if err == nil {
				t.Fatal("no error")
			}
			if got := mail.Permanent(err); got != tc.want {
				t.Errorf("permanent: got %v, want %v: %v", got, tc.want, err)
			}
			if strings.Contains(err.Error(), "ana@example.com") {
				t.Errorf("the recipient is in %q", err)
			}
		})
	}
}

func TestSendAnswers(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name      string
		answers   map[string]string
		fails     bool
		permanent bool
	}{
		{"all well", map[string]string{"DATA": "354 go"}, false, false},
		{"cut at goodbye", map[string]string{"DATA": "354 go", "QUIT": ""}, false, false},
		{"cut at the full stop", map[string]string{"DATA": "354 go", ".": ""}, true, false},
		{"closing at the full stop", map[string]string{"DATA": "354 go", ".": "421 closing"}, true, false},
		{"no data at all", map[string]string{"DATA": "554 no valid recipients"}, true, true},
		{"no hello", map[string]string{"EHLO": "550 go away", "HELO": "550 go away"}, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			err := sender(t, "smtp+plain://"+script(t, tc.answers)).Send(t.Context(), hello())
			if (err != nil) != tc.fails || mail.Permanent(err) != tc.permanent {
				t.Errorf("got %v, permanent %v; want failure %v, permanent %v", err, mail.Permanent(err), tc.fails, tc.permanent)
			}
		})
	}
}

func TestSendEndsWithContext(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	released := make(chan struct{})
	d := (&smtpd{onRcpt: func(*smtp.Conn) error {
		cancel()
		<-released
		return nil
	}}).start(t, nil, "")
	defer close(released)
	err := sender(t, "smtp+plain://"+d.addr).Send(ctx, hello())
	if !errors.Is(err, context.Canceled) || mail.Permanent(err) {
		t.Errorf("got %v, permanent %v; want the cancelled context", err, mail.Permanent(err))
	}
}

func TestSendNothingListens(t *testing.T) {
	t.Parallel()

	err := sender(t, "smtp+plain://127.0.0.1:1").Send(t.Context(), hello())
	if err == nil || mail.Permanent(err) {
		t.Errorf("got %v, permanent %v; want an error that may heal", err, mail.Permanent(err))
	}
}

func TestSendRefusesMalformed(t *testing.T) {
	t.Parallel()

	d := new(smtpd).start(t, nil, "")
	s := sender(t, "smtp+plain://"+d.addr)
	header := func(name, value string) func(*mail.Message) {
		return func(m *mail.Message) { m.Header = map[string]string{name: value} }
	}
	for _, tc := range []struct {
		name   string
		change func(*mail.Message)
	}{
		{"no recipient", func(m *mail.Message) { m.To = "" }},
		{"no address", func(m *mail.Message) { m.To = "ana" }},
		{"two recipients", func(m *mail.Message) { m.To = "a@example.com, b@example.com" }},
		{"line in recipient", func(m *mail.Message) { m.To = "ana@example.com\r\nBcc: bob@example.com" }},
		{"line in name", func(m *mail.Message) { m.To = "\"A\r\nBcc: bob@example.com\" <ana@example.com>" }},
		{"line in subject", func(m *mail.Message) { m.Subject = "x\r\nBcc: bob@example.com" }},
		{"bare line feed", func(m *mail.Message) { m.Subject = "x\nBcc: bob@example.com" }},
		{"null in subject", func(m *mail.Message) { m.Subject = "x\x00" }},
		{"line in id", func(m *mail.Message) { m.ID = "1@x\r\nBcc: bob@example.com" }},
		{"bracket in id", func(m *mail.Message) { m.ID = "1@x> <2@x" }},
		{"two ats in id", func(m *mail.Message) { m.ID = "1@x@y" }},
		{"letters in id", func(m *mail.Message) { m.ID = "ü@x" }},
		{"line in header", header("X-Note", "x\r\nBcc: bob@example.com")},
		{"line in header name", header("X-Note: x\r\nBcc", "bob@example.com")},
		{"blind copy", header("Bcc", "bob@example.com")},
		{"second sender", header("FROM", "bob@example.com")},
		{"other content type", header("Content-Type", "text/html")},
		{"nothing to say", func(m *mail.Message) { m.Text, m.HTML = "", "" }},
	} {
		m := hello()
		tc.change(&m)
		if err := s.Send(t.Context(), m); !mail.Permanent(err) {
			t.Errorf("%s: got %v, want a permanent error", tc.name, err)
		}
	}
	if got := d.heard(); len(got) != 0 {
		t.Errorf("the server heard %+v", got)
	}
}

func TestPermanentOfOthers(t *testing.T) {
	t.Parallel()

	if mail.Permanent(nil) || mail.Permanent(errors.New("550 no")) {
		t.Error("permanent, want only own refusals")
	}
}
