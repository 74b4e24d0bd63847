package mail

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/wneessen/go-mail"
)

var (
	fieldName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	idShape   = regexp.MustCompile(`^[^\s<>@]+(@[^\s<>@]+)?$`)

	// ownFields are set from the message itself; a second one would be read
	// differently by different programs.
	ownFields = []string{"from", "sender", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"}
)

// compose makes the mail. Every error means that m can never be sent.
func (s *Sender) compose(m Message) (*mail.Msg, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(s.from); err != nil {
		return nil, errors.New("the sender is no mail address")
	}
	if err := msg.To(m.To); err != nil {
		return nil, errors.New("the recipient is no mail address")
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(s.id(m.ID))
	for name, value := range m.Header {
		msg.SetGenHeader(mail.Header(name), value)
	}
	setBody(msg, m)
	return msg, nil
}

// setBody puts the text first: of alternatives a reader shows the last it can.
func setBody(msg *mail.Msg, m Message) {
	if m.Text == "" {
		msg.SetBodyString(mail.TypeTextHTML, m.HTML)
		return
	}
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
}

// id completes a Message-ID by the sender's domain. Left to the library it
// would name this machine.
func (s *Sender) id(id string) string {
	if id == "" {
		id = rand.Text()
	}
	if !strings.Contains(id, "@") {
		id += "@" + s.domain
	}
	return id
}

// check refuses what could become a line of its own in the mail's header or
// in the talk with the server.
func (m Message) check() error {
	switch {
	case hasControl(m.To):
		return errors.New("the recipient holds a control character")
	case hasControl(m.Subject):
		return errors.New("the subject holds a control character")
	case m.ID != "" && (hasControl(m.ID) || !isASCII(m.ID) || !idShape.MatchString(m.ID)):
		return errors.New("the message id is malformed")
	case m.Text == "" && m.HTML == "":
		return errors.New("there is neither text nor HTML")
	}
	for name, value := range m.Header {
		if err := checkField(name, value); err != nil {
			return err
		}
	}
	return nil
}

func checkField(name, value string) error {
	lower := strings.ToLower(name)
	switch {
	case !fieldName.MatchString(name):
		return fmt.Errorf("%q is no name of a header field", name)
	case slices.Contains(ownFields, lower) || strings.HasPrefix(lower, "content-"):
		return fmt.Errorf("header field %q is set from the message", name)
	case hasControl(value):
		return fmt.Errorf("header field %q holds a control character", name)
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f })
}
