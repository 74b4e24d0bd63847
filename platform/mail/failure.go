package mail

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wneessen/go-mail"
)

// failure is what Send returns. It keeps the words of the library's error but
// not the error: only the words have been cleaned.
type failure struct {
	text      string
	permanent bool
	cause     error // why the context ended, if it did
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

func (s *Sender) failure(ctx context.Context, msg *mail.Msg, err error) error {
	f := &failure{permanent: refused(err), cause: context.Cause(ctx)}
	if f.cause != nil {
		err = fmt.Errorf("%w: %w", f.cause, err)
	}
	words := fmt.Sprintf("send mail %s by %s: %v", msg.GetMessageID(), s.server.address(), err)
	f.text = s.cleaner(msg).Replace(words)
	return f
}

// refused tells a server's final no to the recipient or the content from
// everything that may pass.
func refused(err error) bool {
	var answer *mail.SendError
	if !errors.As(err, &answer) {
		return false
	}
	aboutMessage := []mail.SendErrReason{mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose}
	return answer.ErrorCode() >= 500 && slices.Contains(aboutMessage, answer.Reason)
}

// cleaner takes out what a server may repeat in its answer: the credentials,
// and the recipient, whose address must not live on in logs.
func (s *Sender) cleaner(msg *mail.Msg) *strings.Replacer {
	user, password := s.server.user, s.server.password
	var pairs []string
	for _, secret := range []string{
		base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password)),
		base64.StdEncoding.EncodeToString([]byte(password)),
		base64.StdEncoding.EncodeToString([]byte(user)),
		password,
		user,
	} {
		if user != "" {
			pairs = append(pairs, secret, "[secret]")
		}
	}
	for _, to := range msg.GetTo() {
		pairs = append(pairs, to.Address, "[recipient]")
	}
	return strings.NewReplacer(pairs...)
}
