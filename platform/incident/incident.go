// Package incident reports errors to Sentry, in the background: what cannot be
// sent is dropped, and nobody waits. A report has the request's id, route and
// kind, and of the error's text what is nobody's: the log has all of it.
package incident

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"

	"pilothandbook/platform/fault"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/scrub"
)

// longest bounds a text in bytes, before it is scrubbed.
const longest = 16 << 10

// Options say where to report, and what about.
type Options struct {
	DSN, Release, Environment string
	Service                   string
	Scrub                     scrub.Scrubber
	Transport                 http.RoundTripper // nil for the usual one
}

// Reporter sends incidents to Sentry. At most 100 wait to be sent.
type Reporter struct{ client *sentry.Client }

// New returns a Reporter. Its error does not repeat the DSN.
func New(o Options) (*Reporter, error) {
	clean := func(e *sentry.Event, _ *sentry.EventHint) *sentry.Event { return scrubbed(e, o.Scrub) }
	client, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: o.DSN, Release: o.Release, Environment: o.Environment, ServerName: o.Service,
		Integrations:  func([]sentry.Integration) []sentry.Integration { return nil }, // they tell of the machine
		BeforeSend:    clean,
		HTTPTransport: o.Transport,
	})
	if err != nil {
		return nil, errors.New("SENTRY_DSN cannot be read")
	}
	return &Reporter{client}, nil
}

// Report sends an incident, if it is an error of the program: outages and full
// disks are told by metrics.
func (r *Reporter) Report(ctx context.Context, i monitor.Incident) {
	if i.Kind == fault.Internal {
		r.client.CaptureEvent(event(ctx, i), nil, nil)
	}
}

// Close waits for reports that are under way, d at most.
func (r *Reporter) Close(d time.Duration) { r.client.Flush(d) }

func event(ctx context.Context, i monitor.Incident) *sentry.Event {
	e := sentry.NewEvent()
	e.Level = sentry.LevelError
	e.Transaction = i.Where
	e.Tags = map[string]string{"request": origin.Of(ctx).Request, "source": i.Source, "where": i.Where, "kind": i.Kind.String()}
	text, kind := i.Err.Error(), "error"
	if p, ok := errors.AsType[*fault.Panic](i.Err); ok {
		text, kind = fmt.Sprint("panic: ", p.Value), "panic"
		e.Contexts["panic"] = sentry.Context{"stack": p.Stack}
	}
	e.Exception = []sentry.Exception{{Type: kind + " in " + i.Where, Value: text}}
	return e
}

var number = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f-]*`)

// scrubbed is the one way out: it takes out of a report what is somebody's.
// Reports that differ in numbers and ids alone are one issue.
func scrubbed(e *sentry.Event, s scrub.Scrubber) *sentry.Event {
	for i := range e.Exception {
		e.Exception[i].Value = s.Strict(cut(e.Exception[i].Value))
		e.Fingerprint = []string{e.Exception[i].Type, number.ReplaceAllString(e.Exception[i].Value, "#")}
	}
	for _, c := range e.Contexts {
		for name, v := range c {
			if text, ok := v.(string); ok {
				c[name] = s.Text(cut(text))
			}
		}
	}
	e.Request, e.User, e.Breadcrumbs, e.Attachments = nil, sentry.User{}, nil, nil
	return e
}

func cut(text string) string {
	if len(text) > longest {
		text = text[:longest]
	}
	return strings.ToValidUTF8(text, "")
}
