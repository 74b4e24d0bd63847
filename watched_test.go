package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
)

// watchers stand in for Sentry and for a collector of traces.
type watchers struct {
	*httptest.Server
	mu     sync.Mutex
	events strings.Builder
	spans  []string // each after the service that sent it
}

func openWatchers(t *testing.T) *watchers {
	t.Helper()
	w := &watchers{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/7/envelope/", func(res http.ResponseWriter, r *http.Request) {
		w.event(t, r)
		_, _ = io.WriteString(res, "{}")
	})
	mux.HandleFunc("POST /v1/traces", func(res http.ResponseWriter, r *http.Request) {
		w.trace(t, r)
		res.Header().Set("Content-Type", "application/x-protobuf")
	})
	w.Server = httptest.NewServer(mux)
	t.Cleanup(w.Close)
	return w
}

func (w *watchers) event(t *testing.T, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events.Write(b)
}

func (w *watchers) trace(t *testing.T, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	var in collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(b, &in) != nil {
		t.Errorf("%d bytes of traces, %v", len(b), err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, resource := range in.ResourceSpans {
		service := ""
		for _, a := range resource.Resource.Attributes {
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				w.spans = append(w.spans, service+": "+span.Name)
			}
		}
	}
}

// got returns what Sentry was told, and the spans.
func (w *watchers) got() (events string, spans []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events.String(), slices.Clone(w.spans)
}

// TestWatched: web and worker of a deployment report errors to Sentry without
// what is secret, send traces, tell metrics to whoever has the token, and end
// with the line of what they did.
func TestWatched(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	cfg.MetricsToken = "metrics canary"
	w := openWatchers(t)
	d := prepare(t, cfg)
	cfg.MailURL = config.Secret(d.mails.URL())
	d.env = append(d.env, "METRICS_TOKEN="+cfg.MetricsToken.Reveal(), "OTEL_EXPORTER_OTLP_ENDPOINT="+w.URL, "OTEL_TRACES_SAMPLER_ARG=1",
		"SENTRY_DSN="+strings.Replace(w.URL, "://", "://key@", 1)+"/7")
	d.start(t)
	eventually(t, "web and worker are healthy", func() bool {
		return answers(d.base, "/api/health") && answers(d.workerBase, "/api/health")
	})
	for _, base := range []string{d.base, d.workerBase} {
		if status, _ := askMetrics(t, base, ""); status != http.StatusUnauthorized {
			t.Errorf("metrics without the token: %d", status)
		}
		if status, body := askMetrics(t, base, cfg.MetricsToken.Reveal()); status != http.StatusOK || !strings.Contains(body, "\nhandbook_build_info{") {
			t.Errorf("metrics: %d %.200s", status, body)
		}
	}

	d.fail(t)
	eventually(t, "Sentry is told by web and worker", func() bool {
		events, _ := w.got()
		return strings.Contains(events, `"transaction":"POST /signin"`) && strings.Contains(events, `"transaction":"welcome-email"`)
	})
	for _, p := range []*process{d.web, d.worker} {
		p.terminate(t)
	}
	for _, p := range []*process{d.web, d.worker} {
		if err := p.end(t); err != nil {
			t.Errorf("%v ends with %v", p.Args, err)
		}
		if out := p.out.String(); !strings.Contains(out, `"msg":"Application Metrics:"`) || !strings.Contains(out, `"cacheHitRate":`) {
			t.Errorf("%v does not write what it did", p.Args)
		}
	}

	events, spans := w.got()
	for _, want := range []string{`"server_name":"web"`, `"server_name":"worker"`, "it broke with"} {
		if !strings.Contains(events, want) {
			t.Errorf("Sentry lacks %s in %.3000s", want, events)
		}
	}
	for _, secret := range cfg.Secrets() {
		if secret != "" && strings.Contains(events, secret) {
			t.Errorf("Sentry has %q", secret)
		}
	}
	for _, want := range []string{"handbook-web: GET /api/health", "handbook-web: POST /signin", "handbook-worker: job welcome-email"} {
		if !slices.Contains(spans, want) {
			t.Errorf("there is no span %s among %q", want, spans)
		}
	}
}

// fail has a request and a job fail, whose errors tell all that is secret.
func (d *deployment) fail(t *testing.T) {
	t.Helper()
	p := platformtest.Open(t, d.cfg)
	platformtest.Exec(t, p, `
		CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it broke with %', (SELECT secrets FROM told); END $$;
		CREATE TABLE told (secrets text);
		CREATE TRIGGER tell BEFORE INSERT ON sign_in_requests EXECUTE FUNCTION tell();
		CREATE TRIGGER tell BEFORE INSERT ON mails EXECUTE FUNCTION tell()`)
	platformtest.Exec(t, p, `INSERT INTO told VALUES ($1)`, strings.Join(d.cfg.Secrets(), " "))
	b := newBrowser(t, d.base)
	if got := b.post("/signin", map[string][]string{"email": {"ana@example.com"}}); got.status != http.StatusInternalServerError {
		t.Errorf("signing in: %d", got.status)
	}
	platformtest.Exec(t, p, `
		WITH somebody AS (INSERT INTO users (id, email) VALUES (gen_random_uuid(), 'ana@example.com') RETURNING id)
		INSERT INTO outbox (id, kind, queue, payload, failures)
		SELECT gen_random_uuid(), 'welcome-email', 'email-queue', jsonb_build_object('user', id), 29 FROM somebody`) // of 30
}

// askMetrics asks a process for its metrics.
func askMetrics(t *testing.T, base, token string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}
