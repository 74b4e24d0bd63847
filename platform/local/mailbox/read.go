package mailbox

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	envelopeTo = "X-Envelope-To"
	maxDepth   = 5
)

// Mail is one mail as it arrived.
type Mail struct {
	// ID names it here; two arrivals of one message have two.
	ID string
	// To is the address it was delivered to, which need not be the one that
	// the mail itself names.
	To, Subject string
	Text, HTML  string
	// MessageID is without brackets.
	MessageID string
	Received  time.Time
	// Header holds all fields, such as From and List-Unsubscribe.
	Header mail.Header
}

// read takes a mail apart. What is no well-formed mail is shown as it is.
func read(id uuid.UUID, raw []byte) Mail {
	m := Mail{ID: id.String(), Received: time.Unix(id.Time().UnixTime())}
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Text = clean(raw)
		return m
	}
	m.Header = msg.Header
	m.Subject = decoded(msg.Header.Get("Subject"))
	m.MessageID = strings.Trim(msg.Header.Get("Message-ID"), "<> ")
	if m.To = msg.Header.Get(envelopeTo); m.To == "" {
		m.To = decoded(msg.Header.Get("To"))
	}
	m.take(msg.Header.Get, msg.Body, maxDepth)
	return m
}

// take finds the first text and the first HTML in a part and its parts.
func (m *Mail) take(header func(string) string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	switch {
	case strings.HasPrefix(strings.ToLower(header("Content-Disposition")), "attachment"):
	case strings.HasPrefix(kind, "multipart/") && depth > 0:
		parts := multipart.NewReader(body, params["boundary"])
		for part, err := parts.NextRawPart(); err == nil; part, err = parts.NextRawPart() {
			m.take(part.Header.Get, part, depth-1)
		}
	case kind == "text/html" && m.HTML == "":
		m.HTML = content(header, body)
	case kind == "text/plain" && m.Text == "":
		m.Text = content(header, body)
	}
}

// content undoes the transfer encoding. Of what is damaged it returns the
// part that can be read.
func content(header func(string) string, body io.Reader) string {
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	raw, _ := io.ReadAll(body)
	return clean(raw)
}

func clean(raw []byte) string {
	return strings.ToValidUTF8(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\uFFFD")
}

func decoded(field string) string {
	text, err := new(mime.WordDecoder).DecodeHeader(field)
	if err != nil {
		return field
	}
	return text
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
