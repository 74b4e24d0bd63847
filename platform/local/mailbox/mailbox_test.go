package mailbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/mail"
)

func open(t *testing.T, folder string) *mailbox.Mailbox {
	t.Helper()
	b, err := mailbox.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func send(t *testing.T, b *mailbox.Mailbox, m mail.Message) {
	t.Helper()
	if err := sender(t, b).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func sender(t *testing.T, b *mailbox.Mailbox) *mail.Sender {
	t.Helper()
	s, err := mail.New(b.URL(), "The Handbook <post@handbook.example>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// deliver sends a mail as raw text, as no sender of ours would make it.
func deliver(b *mailbox.Mailbox, raw string) error {
	c, err := smtp.Dial(strings.TrimPrefix(b.URL(), "smtp+plain://"))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.SendMail("post@handbook.example", []string{"ana@example.com"}, strings.NewReader(raw))
}

func hello() mail.Message {
	return mail.Message{
		ID:      "0190-1@handbook.example",
		To:      "Ana <ana@example.com>",
		Subject: "Grüße: your sign-in link",
		Text:    "Hello Ana,\n\nopen https://handbook.example/in?token=a&b=c.\n",
		HTML:    `<p style="color:red">Hello <a href="https://handbook.example/in">Ana</a></p>`,
		Header:  map[string]string{"List-Unsubscribe": "<https://handbook.example/no>"},
	}
}

func TestAll(t *testing.T) {
	t.Parallel()

	b := open(t, "")
	sent := hello()
	send(t, b, sent)
	send(t, b, sent)
	send(t, b, mail.Message{ID: "2@x.example", To: "bob@example.com", Subject: "Second", Text: "x"})

	want := []mailbox.Mail{
		{To: "ana@example.com", Subject: sent.Subject, Text: sent.Text, HTML: sent.HTML, MessageID: sent.ID},
		{To: "ana@example.com", Subject: sent.Subject, Text: sent.Text, HTML: sent.HTML, MessageID: sent.ID},
		{To: "bob@example.com", Subject: "Second", Text: "x\n", MessageID: "2@x.example"},
	}
	got := b.All()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(mailbox.Mail{}, "ID", "Received", "Header")); diff != "" {
		t.Fatalf("mails (-want +got):\n%s", diff)
	}
	if got[0].ID == got[1].ID || got[0].Received.IsZero() {
		t.Errorf("arrivals %q and %q at %v", got[0].ID, got[1].ID, got[0].Received)
	}
	if h := got[0].Header.Get("List-Unsubscribe"); h != sent.Header["List-Unsubscribe"] {
		t.Errorf("List-Unsubscribe: %q", h)
	}
}

func TestRestartKeeps(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "made", "here")
	first := open(t, folder)
	send(t, first, hello())
	send(t, first, mail.Message{ID: "2@x.example", To: "bob@example.com", Text: "x"})
	before := first.All()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"notes.eml": "mine", "incoming.part": "half"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	second := open(t, folder)
	if diff := cmp.Diff(before, second.All()); diff != "" {
		t.Errorf("after the restart (-before +after):\n%s", diff)
	}
	if err := deliver(first, "Subject: x\r\n\r\nx\r\n"); err == nil {
		t.Error("a closed mailbox took a mail")
	}
}

func TestNewestStay(t *testing.T) {
	t.Parallel()

	folder := t.TempDir()
	b := open(t, folder)
	s := sender(t, b)
	for i := range 203 {
		if err := s.Send(t.Context(), mail.Message{To: "ana@example.com", Subject: fmt.Sprint(i), Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range []*mailbox.Mailbox{b, open(t, folder)} {
		got := b.All()
		if len(got) != 200 || got[0].Subject != "3" || got[199].Subject != "202" {
			t.Errorf("%d mails, from %q to %q", len(got), got[0].Subject, got[len(got)-1].Subject)
		}
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != 200 {
		t.Errorf("%d files, %v; want 200", len(left), err)
	}
}

func TestSizeLimit(t *testing.T) {
	t.Parallel()

	b := open(t, "")
	line := strings.Repeat("x", 998) + "\r\n"
	if err := deliver(b, "Subject: nearly 10 MiB\r\n\r\n"+strings.Repeat(line, 10<<20/len(line)-1)); err != nil {
		t.Fatal(err)
	}
	err := sender(t, b).Send(t.Context(), mail.Message{To: "ana@example.com", Text: strings.Repeat(line, 10<<20/len(line)+1)})
	if !mail.Permanent(err) || len(b.All()) != 1 {
		t.Errorf("got %v and %d mails, want a permanent refusal and 1", err, len(b.All()))
	}
}

func TestTroubleMayPass(t *testing.T) {
	t.Parallel()

	folder := filepath.Join(t.TempDir(), "gone")
	b := open(t, folder)
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	err := sender(t, b).Send(t.Context(), hello())
	if err == nil || mail.Permanent(err) || len(b.All()) != 0 {
		t.Errorf("got %v, permanent %v, %d mails; want an error that may heal", err, mail.Permanent(err), len(b.All()))
	}
}

func TestOpenNoFolder(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mailbox.Open(file); err == nil {
		t.Error("opened a file as a folder")
	}
}

func TestForeignMails(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, raw, text, html string }{
		{"no header", "just words\r\nand more\r\n", "", ""},
		{"no type", "Subject: x\r\n\r\nhello\r\n", "hello\n", ""},
		{"base64", "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\neDwvYj4=\r\n", "", "<b>x</b>"},
		{"other letters", "Content-Type: text/plain\r\n\r\n\xffx\r\n", "\uFFFDx\n", ""},
		{"cut short", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>", "hello", "<i>"},
		{
			"nested", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
				"--b\r\n\r\nhello\r\n--b--\r\n--a\r\nContent-Disposition: attachment\r\nContent-Type: text/html\r\n\r\n<i>\r\n--a--\r\n", "hello", "",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b := open(t, "")
			if err := deliver(b, tc.raw); err != nil {
				t.Fatal(err)
			}
			got := b.All()[0]
			if tc.name == "no header" {
				if !strings.HasSuffix(got.Text, "just words\nand more\n") {
					t.Errorf("text %q", got.Text)
				}
				return
			}
			if got.Text != tc.text || got.HTML != tc.html || got.To != "ana@example.com" {
				t.Errorf("to %q, text %q, html %q; want text %q, html %q", got.To, got.Text, got.HTML, tc.text, tc.html)
			}
		})
	}
}
