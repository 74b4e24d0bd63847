package incident_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/platform"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/incident"
	"pilothandbook/platform/monitor"
	"pilothandbook/platform/origin"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/scrub"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// collector stands in for Sentry, and keeps the envelopes that it got.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	text strings.Builder
}

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || !strings.HasSuffix(r.URL.Path, "/envelope/") {
			t.Errorf("%s: %v", r.URL, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text.Write(b)
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) dsn() string { return strings.Replace(c.URL, "://", "://key@", 1) + "/7" }

func (c *collector) got() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func reporter(t *testing.T, o incident.Options) *incident.Reporter {
	t.Helper()
	r, err := incident.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What a request, an error or a panic has of somebody's reaches neither Sentry
// nor the log's errors.
func TestCanaries(t *testing.T) {
	t.Parallel()
	sentry := collect(t)
	cfg := platformtest.Config(t)
	cfg.SentryDSN, cfg.MetricsToken = "https://dsnkey5canary@sentry.example/7", "metrics canary"
	p := platformtest.Open(t, cfg)
	clean := scrub.New(cfg.Secrets()...)
	r := reporter(t, incident.Options{DSN: sentry.dsn(), Release: "abc", Environment: "production", Service: "web", Scrub: clean})
	var log strings.Builder
	lines := platform.NewLogger(&log, "info", cfg.Secrets()...)
	p.Monitor = monitor.New(monitor.Options{Pool: p.DB, Memory: p.Memory, Log: lines, Now: time.Now})
	p.Monitor.OnError(r.Report)

	_, conflict := p.DB.Exec(t.Context(), `SELECT $1::text::uuid`, "uuid-canary")
	canaries := []string{
		cfg.AuthSecret.Reveal(), cfg.StripeSecretKey.Reveal(), cfg.StripeWebhookSecret.Reveal(), cfg.MetricsToken.Reveal(), cfg.ContentEncryptionKey.Reveal(),
		"dsnkey5canary", "hunter2canary", "ana.canary@example.com", "canarycode1", "Zx9canaryAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "hbk_canarytoken", "sk_live_canary",
		"cookiecanary", "bearercanary", "bodycanary", "querycanary", "headercanary",
	}
	secrets := strings.Join(canaries[:5], " ")
	failures := []error{
		fmt.Errorf("configured: %s", secrets),
		errors.New("dial postgres://handbook:hunter2canary@db:5432/x?sslmode=disable&password=canarycode1"),
		errors.New("dial https://dsnkey5canary@sentry.example/7"),
		errors.New("550 no mailbox <ana.canary@example.com>"),
		errors.New("session Zx9canaryAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, token hbk_canarytoken, key sk_live_canary"),
		errors.New("asked with Authorization: Bearer bearercanary\nCookie: a=cookiecanary"),
		errors.New("GET /signin/link?code=canarycode1&next=/"),
	}
	for _, err := range failures {
		send(t, p, func(http.ResponseWriter, *http.Request) error { return err })
		send(t, p, func(http.ResponseWriter, *http.Request) error { panic(err) })
		p.Monitor.Error(origin.With(t.Context(), origin.Origin{Request: "r1"}), monitor.Incident{Err: err, Source: monitor.Work, Where: "welcome-email"})
	}
	r.Close(30 * time.Second)
	for _, canary := range canaries {
		for name, text := range map[string]string{"Sentry": sentry.got(), "the log": log.String()} {
			if strings.Contains(text, canary) {
				t.Errorf("%s has %q", name, canary)
			}
		}
	}
	send(t, p, func(http.ResponseWriter, *http.Request) error { return conflict }) // quotes an argument
	r.Close(30 * time.Second)
	got := sentry.got()
	if strings.Contains(got, "uuid-canary") {
		t.Error("Sentry has what somebody sent")
	}
	for _, want := range []string{`"transaction":"POST /things/:thing"`, `"request":"r1"`, `"release":"abc"`, "panic in POST /things/:thing", "invalid input syntax", "dial postgres://"} {
		if !strings.Contains(got, want) {
			t.Errorf("Sentry lacks %s in %.3000s", want, got)
		}
	}
}

// send makes a request full of what must not be told.
func send(t *testing.T, p *platform.Platform, handle web.Handler) {
	t.Helper()
	r := platformtest.Form(t, &platformtest.User{Secret: "cookiecanary"}, "/things/1?q=querycanary", "password=bodycanary")
	r.Header.Set("X-Other", "headercanary")
	got := platformtest.Send(t, p, []web.Route{{Method: "POST", Path: "/things/:thing", Access: web.Public, Handle: handle}}, r)
	if got.Status != http.StatusInternalServerError {
		t.Errorf("status %d", got.Status)
	}
}

// silent is a Sentry that takes a connection and never answers.
type silent struct{ asked chan struct{} }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked <- struct{}{}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// Requests are answered while a report hangs, however many come.
func TestSilentSentry(t *testing.T) {
	t.Parallel()
	s := silent{make(chan struct{}, 1000)}
	p := platformtest.New(t)
	r := reporter(t, incident.Options{DSN: "https://key@sentry.example/7", Transport: s})
	p.Monitor = monitor.New(monitor.Options{Pool: p.DB, Memory: p.Memory, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	p.Monitor.OnError(r.Report)
	rt := router.New(p, web.Route{Method: "GET", Path: "/fails", Access: web.Public, Handle: func(http.ResponseWriter, *http.Request) error { return errors.New("oh no") }})
	ask := func() {
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequest("GET", "/fails", nil))
		if w.Code != http.StatusInternalServerError {
			t.Errorf("status %d", w.Code)
		}
	}
	ask()
	<-s.asked // the report hangs from here on
	for range 500 {
		ask()
	}
}

// Outages are no faults of the program.
func TestOnlyOurs(t *testing.T) {
	t.Parallel()
	sentry := collect(t)
	r := reporter(t, incident.Options{DSN: sentry.dsn()})
	r.Report(context.Background(), monitor.Incident{Err: errors.New("away"), Kind: fault.Unavailable})
	r.Report(context.Background(), monitor.Incident{Err: errors.New("wrong")})
	r.Close(30 * time.Second)
	if got := sentry.got(); strings.Contains(got, "away") || !strings.Contains(got, "wrong") {
		t.Errorf("got %s", got)
	}
	if _, err := incident.New(incident.Options{DSN: "hidden"}); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}
