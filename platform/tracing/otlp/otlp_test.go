package otlp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/queue"
	"pilothandbook/platform/tracing"
	"pilothandbook/platform/tracing/otlp"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// sink stands in for a collector.
type sink struct {
	mu    sync.Mutex
	raw   bytes.Buffer
	spans []*spans.Span
	t     *testing.T
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	var in collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(b, &in) != nil {
		s.t.Errorf("%s: %v, %d bytes", r.URL, err, len(b))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.Write(b)
	for _, resource := range in.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			s.spans = append(s.spans, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (s *sink) find(name string) *spans.Span {
	for _, span := range s.spans {
		if span.Name == name {
			return span
		}
	}
	return nil
}

type chore struct{}

func (chore) Job() queue.Spec {
	return queue.Spec{Kind: "chore", Queue: queue.Queue{Name: "lane", Concurrency: 1}, Timeout: time.Minute, Failures: 1}
}

// traced returns a platform whose spans all go to a collector.
func traced(t *testing.T, endpoint string) (p *platform.Platform, stop func(context.Context)) {
	t.Helper()
	stop, err := otlp.Start(t.Context(), otlp.Options{Endpoint: endpoint, Service: "web", Version: "abc", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := platformtest.Config(t)
	cfg.OTLPEndpoint, cfg.TraceShare = endpoint, 1
	return platformtest.Open(t, cfg), stop
}

// One trace leads from a request to its queries and to the job that came of
// it, and has nothing of what was sent. (The provider is the process's, so that
// the tests here run one after another.)
func TestWebToJob(t *testing.T) {
	s := &sink{t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p, stop := traced(t, server.URL)
	done := make(chan struct{})
	mux := queue.NewMux(chore{}.Job().Queue)
	queue.Handle(mux, func(ctx context.Context, _ chore) error {
		defer close(done)
		_, err := p.DB.Exec(ctx, `SELECT 'of the job', $1::text`, "argcanary")
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- queue.NewWorker(queue.Options{Pool: p.DB, Redis: p.Redis, Channel: platform.WakeChannel, Monitor: p.Monitor, Tracer: p.Tracer, Log: p.Log}, mux).Run(ctx)
	}()
	route := web.Route{Method: "POST", Path: "/things/:thing", Access: web.Public, Handle: func(w http.ResponseWriter, r *http.Request) error {
		cache.Get[int](r.Context(), p.Cache, cache.Search, "keycanary")
		err := db.Tx(r.Context(), p.DB, func(tx pgx.Tx) error {
			_, err := queue.Add(r.Context(), tx, chore{})
			return err
		})
		if err != nil {
			return err
		}
		return web.JSON(w, http.StatusOK, "fine")
	}}
	r := platformtest.Form(t, &platformtest.User{Secret: "cookiecanary"}, "/things/pathcanary?q=querycanary", "a=bodycanary")
	r.Header.Set("Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01") // a stranger's
	if got := platformtest.Send(t, p, []web.Route{route}, r); got.Status != http.StatusOK {
		t.Fatal(got)
	}
	<-done
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	stop(t.Context())

	s.mu.Lock()
	defer s.mu.Unlock()
	request, job := s.find("POST /things/:thing"), s.find("job chore")
	if request == nil || job == nil {
		t.Fatalf("spans: %v", s.spans)
	}
	if !bytes.Equal(job.TraceId, request.TraceId) || !bytes.Equal(job.ParentSpanId, request.SpanId) || len(request.ParentSpanId) != 0 {
		t.Errorf("the job is not below its request: %v and %v", job, request)
	}
	if strings.HasPrefix(hex.EncodeToString(request.TraceId), "0123456789abcdef") {
		t.Error("a stranger's trace is continued")
	}
	var queries, looks int
	for _, span := range s.spans {
		if !bytes.Equal(span.TraceId, request.TraceId) {
			t.Errorf("%s is of another trace", span.Name)
		}
		if bytes.Equal(span.ParentSpanId, job.SpanId) || bytes.Equal(span.ParentSpanId, request.SpanId) {
			queries++
		}
		if strings.EqualFold(span.Name, "get") {
			looks++
		}
	}
	if queries < 3 || looks != 1 {
		t.Errorf("%d spans below request and job, %d of Redis, in %v", queries, looks, s.spans)
	}
	for _, canary := range []string{"argcanary", "keycanary", "cookiecanary", "pathcanary", "querycanary", "bodycanary"} {
		if strings.Contains(s.raw.String(), canary) {
			t.Errorf("the collector has %q", canary)
		}
	}
}

// Requests are answered while the collector hangs, more of them than wait to
// be sent.
func TestSilentCollector(t *testing.T) {
	asked, over := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-over
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	p, stop := traced(t, server.URL)
	rt := router.New(p, web.Route{Method: "GET", Path: "/fine", Access: web.Public, Handle: func(w http.ResponseWriter, _ *http.Request) error {
		return web.JSON(w, http.StatusOK, "fine")
	}})
	ask := func() {
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequest("GET", "/fine", nil))
		if w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
	}
	for range 1000 { // begins to send
		ask()
	}
	<-asked
	for range 5000 {
		ask()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stop(ctx)
}

// Without an endpoint nothing is traced, at no cost.
func TestOff(t *testing.T) {
	p := platformtest.New(t)
	if p.Tracer != nil {
		t.Fatal("it traces")
	}
	n := testing.AllocsPerRun(100, func() {
		ctx, span := p.Tracer.Request(t.Context())
		span.Name("x")
		span.End(false)
		_, span = p.Tracer.Job(ctx, "kind", "")
		span.End(true)
		if tracing.Parent(ctx) != "" {
			t.Error("there is a span")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A share of the requests is followed, the others have no span at all; a job
// is followed if its request was.
func TestShare(t *testing.T) {
	const requests = 10_000
	followed := func(share float64) (n int) {
		tracer := tracing.New(share)
		for range requests {
			if _, span := tracer.Request(t.Context()); span != nil {
				n++
			}
		}
		return n
	}
	if none, tenth, all := followed(0), followed(0.1), followed(1); none != 0 || all != requests || tenth < requests/20 || tenth > requests/5 {
		t.Errorf("of %d requests %d, %d, %d are followed; want none, about a tenth, all", requests, none, tenth, all)
	}
	never := tracing.New(0)
	if _, span := never.Job(t.Context(), "kind", ""); span != nil {
		t.Error("a job of no request is followed")
	}
	if _, span := never.Job(t.Context(), "kind", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"); span == nil {
		t.Error("a job is not followed, but its request was")
	}
}
