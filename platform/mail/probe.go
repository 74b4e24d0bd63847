package mail

import (
	"context"
	"errors"
	"fmt"

	"github.com/wneessen/go-mail"
)

// Probe connects and signs in as Send does, and leaves without a mail.
func (s *Sender) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := s.client(ctx)
	if err == nil {
		err = client.DialWithContext(ctx)
	}
	if err == nil {
		err = client.Close()
	}
	if err == nil {
		return nil
	}
	return errors.New(s.cleaner(mail.NewMsg()).Replace(fmt.Sprintf("connect to %s: %v", s.server.address(), err)))
}
