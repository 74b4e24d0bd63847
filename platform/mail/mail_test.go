package mail_test

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/platform/mail"
)

const from = "The Handbook <post@handbook.example>"

func hello() mail.Message {
	return mail.Message{
		ID:      "0190-1@handbook.example",
		To:      "ana@example.com",
		Subject: "Grüße: your sign-in link",
		Text:    "Hello Ana\nhttps://handbook.example/a?b=c\n",
		HTML:    "<p>Hello Ana</p>",
		Header:  map[string]string{"List-Unsubscribe": "<https://handbook.example/" + strings.Repeat("x", 90) + ">"},
	}
}

func sender(t *testing.T, url string) *mail.Sender {
	t.Helper()
	s, err := mail.New(url, from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSendWhatArrives(t *testing.T) {
	t.Parallel()

	d := new(smtpd).start(t, nil, "")
	m := hello()
	if err := sender(t, "smtp+plain://"+d.addr).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := d.heard()
	if len(got) != 1 || got[0].from != "post@handbook.example" || got[0].to != "ana@example.com" {
		t.Fatalf("envelopes: %+v", got)
	}
	if d.hello[0] != "handbook.example" {
		t.Errorf("HELO %q, want the sender's domain", d.hello[0])
	}
	raw := bufio.NewReader(strings.NewReader(got[0].raw))
	header, err := textproto.NewReader(raw).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, got, want string }{
		{"id", header.Get("Message-ID"), "<" + m.ID + ">"},
		{"from", header.Get("From"), `"The Handbook" <post@handbook.example>`},
		{"to", header.Get("To"), "<ana@example.com>"},
		{"subject", subject, m.Subject},
		{"unsubscribe", header.Get("List-Unsubscribe"), m.Header["List-Unsubscribe"]},
		{"program", header.Get("User-Agent") + header.Get("X-Mailer"), ""},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
	want := []string{
		"text/plain; charset=UTF-8|" + strings.ReplaceAll(m.Text, "\n", "\r\n"),
		"text/html; charset=UTF-8|" + m.HTML,
	}
	if diff := cmp.Diff(want, parts(t, header, raw)); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

func parts(t *testing.T, header textproto.MIMEHeader, body io.Reader) []string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	var all []string
	for r := multipart.NewReader(body, params["boundary"]); ; {
		part, err := r.NextPart()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part.Header.Get("Content-Type")+"|"+string(body))
	}
}

func TestSendOnePart(t *testing.T) {
	t.Parallel()

	d := new(smtpd).start(t, nil, "")
	s := sender(t, "smtp+plain://"+d.addr)
	for _, tc := range []struct {
		name string
		m    mail.Message
		want string
	}{
		{"text", mail.Message{To: "ana@example.com", Text: "x"}, "text/plain"},
		{"html", mail.Message{To: "Ana <ana@example.com>", HTML: "<p>x"}, "text/html"},
	} {
		if err := s.Send(t.Context(), tc.m); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		raw := d.heard()[len(d.heard())-1].raw
		if !strings.Contains(raw, "Content-Type: "+tc.want) || strings.Contains(raw, "multipart") {
			t.Errorf("%s: got\n%s", tc.name, raw)
		}
		if !strings.Contains(raw, "@handbook.example>\r\n") {
			t.Errorf("%s: no Message-ID of the sender's domain in\n%s", tc.name, raw)
		}
	}
}

func TestSendOverTLS(t *testing.T) {
	t.Parallel()

	cert, roots := certificate(t)
	for _, tc := range []struct {
		name, scheme, over string
		mechanisms         []string
	}{
		{"STARTTLS and PLAIN", "smtp", "starttls", []string{"PLAIN", "LOGIN"}},
		{"STARTTLS and LOGIN", "smtp", "starttls", []string{"LOGIN"}},
		{"TLS and PLAIN", "smtps", "implicit", []string{"PLAIN"}},
		{"TLS and LOGIN", "smtps", "implicit", []string{"LOGIN"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			d := (&smtpd{mechanisms: tc.mechanisms}).start(t, cert, tc.over)
			s := sender(t, address(tc.scheme, d.addr, password))
			s.Trust(roots)
			if err := s.Send(t.Context(), hello()); err != nil {
				t.Fatal(err)
			}
			if d.signedIn() != 1 || len(d.heard()) != 1 {
				t.Errorf("%d sign-ins, %d mails; want 1 and 1", d.signedIn(), len(d.heard()))
			}
		})
	}
}

func address(scheme, host, password string) string {
	u := url.URL{Scheme: scheme, Host: host, User: url.UserPassword(user, password)}
	return u.String()
}

func TestSendKeepsCredentials(t *testing.T) {
	t.Parallel()

	cert, roots := certificate(t)
	for _, tc := range []struct {
		name, over, password string
		trust                bool
		signins              int
	}{
		{"wrong password", "starttls", "guess-of-mine", true, 1},
		{"certificate of nobody", "starttls", password, false, 0},
		{"no STARTTLS", "", password, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			d := (&smtpd{mechanisms: []string{"PLAIN"}}).start(t, cert, tc.over)
			s := sender(t, address("smtp", d.addr, tc.password))
			if tc.trust {
				s.Trust(roots)
			}
			err := s.Send(t.Context(), hello())
			if err == nil || mail.Permanent(err) {
				t.Fatalf("got %v, permanent %v; want an error that may heal", err, mail.Permanent(err))
			}
			shown := fmt.Sprintf("%v %+v %#v %v %+v %#v", err, err, err, s, s, s)
			if strings.Contains(shown, tc.password) || strings.Contains(shown, user) {
				t.Errorf("credentials in %s", shown)
			}
			if d.signedIn() != tc.signins {
				t.Errorf("%d sign-ins, want %d", d.signedIn(), tc.signins)
			}
		})
	}
}

func TestNew(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, url, from, want string // want "" is an error
	}{
		{"submission", "smtp://u:p@mail.example", from, "mail.example:587"},
		{"own port", "smtp://u:p@mail.example:2525/", from, "mail.example:2525"},
		{"no credentials", "smtp://mail.example", from, "mail.example:587"},
		{"implicit", "smtps://u:p@mail.example", from, "mail.example:465"},
		{"loopback", "smtp+plain://[::1]:1025", from, "[::1]:1025"},
		{"nothing", "", from, ""},
		{"no scheme", "u:hunter2@mail.example:587", from, ""},
		{"other scheme", "http://u:hunter2@mail.example", from, ""},
		{"no host", "smtp://u:hunter2@", from, ""},
		{"odd port", "smtp://u:hunter2@mail.example:99999", from, ""},
		{"port zero", "smtp://u:hunter2@mail.example:0", from, ""},
		{"slash in password", "smtp://u:hunter2/x@mail.example", from, ""},
		{"hash in password", "smtp://u:12#hunter2@mail.example", from, ""},
		{"question in password", "smtp://u:12?hunter2@mail.example", from, ""},
		{"percent in password", "smtp://u:hunter2%zz@mail.example", from, ""},
		{"user alone", "smtp://hunter2@mail.example", from, ""},
		{"plain elsewhere", "smtp+plain://mail.example:25", from, ""},
		{"plain on all addresses", "smtp+plain://0.0.0.0:25", from, ""},
		{"plain without port", "smtp+plain://127.0.0.1", from, ""},
		{"plain with password", "smtp+plain://u:hunter2@127.0.0.1:25", from, ""},
		{"no sender", "smtp://mail.example", "", ""},
		{"sender without domain", "smtp://mail.example", "post", ""},
		{"line in sender", "smtp://mail.example", "\"x\r\ny\" <post@handbook.example>", ""},
	} {
		s, err := mail.New(tc.url, tc.from)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password is in %q", tc.name, err)
		}
		if (err == nil) != (tc.want != "") || (err == nil && s.String() != tc.want) {
			t.Errorf("%s: got %v, %v; want %q", tc.name, s, err, tc.want)
		}
	}
}

// A probe signs in as a mail does, and sends none.
func TestProbe(t *testing.T) {
	t.Parallel()
	cert, roots := certificate(t)
	d := (&smtpd{mechanisms: []string{"PLAIN"}}).start(t, cert, "starttls")
	for _, tc := range []struct {
		name, password, want string
		trust                bool
	}{
		{"right", password, "", true},
		{"wrong password", "guess-of-mine", "connect to 127.0.0.1:", true},
		{"certificate of nobody", password, "certificate", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := sender(t, address("smtp", d.addr, tc.password))
			if tc.trust {
				s.Trust(roots)
			}
			err := s.Probe(t.Context())
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if err != nil && (strings.Contains(err.Error(), tc.password) || strings.Contains(err.Error(), user)) {
				t.Errorf("credentials in %v", err)
			}
		})
	}
	if len(d.heard()) > 0 {
		t.Errorf("%d mails were sent", len(d.heard()))
	}
}
