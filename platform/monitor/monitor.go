// Package monitor watches how a process does: in Prometheus's terms, in a line
// of the log every five minutes, and by telling of errors. A process has one
// Monitor, which any number of goroutines may use at once; a nil *Monitor sees
// no requests. What the pool and the caches count themselves is asked when
// somebody looks.
package monitor

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// Monitor is what a process knows of itself.
type Monitor struct {
	o        Options
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	jobs     *prometheus.HistogramVec
	opened   prometheus.Histogram
	seen     *prometheus.CounterVec
	missed   prometheus.Counter
	report   func(context.Context, Incident)
	window   window
}

// Options say what is watched. Cache may be nil.
type Options struct {
	Version string
	Pool    *db.Pool
	Cache   *cache.Cache
	Memory  *cache.Memory
	Log     *slog.Logger
	Now     func() time.Time
}

// New returns the Monitor of a process.
func New(o Options) *Monitor {
	m := &Monitor{o: o, registry: prometheus.NewRegistry(), report: func(context.Context, Incident) {}}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "handbook_build_info", Help: "1; the label tells what runs.", ConstLabels: prometheus.Labels{"version": o.Version},
	})
	build.Set(1)
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "handbook_requests_total", Help: "Requests that were answered.",
	}, []string{"method", "route", "status"})
	m.took = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "handbook_request_seconds", Help: "Time from a request to the end of its answer.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route"})
	m.errors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "handbook_errors_total", Help: "Errors that are ours, in answers and in jobs.",
	}, []string{"source", "kind"})
	m.jobs = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "handbook_job_seconds", Help: "Time that an attempt of a job took.",
		Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300},
	}, []string{"kind", "outcome"})
	m.opened = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "handbook_webhook_to_access_seconds", Help: "Time from a payment, which Stripe tells in whole seconds, to the buyer's access, by whatever way it came.",
		Buckets: []float64{1, 2, 3, 5, 10, 30, 60, 300, 1800, 10800, 86400},
	})
	m.seen = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "handbook_analytics_events_total", Help: "Analytics events that arrived, by what became of them.",
	}, []string{"result"})
	m.missed = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "handbook_reconcile_missed_total", Help: "What Stripe knew and its webhook had not brought when this process compared.",
	})
	for _, source := range sources { // so that an alert sees the first one
		for _, kind := range fault.Kinds() {
			if Ours(kind) {
				m.errors.WithLabelValues(source, kind.String())
			}
		}
	}
	m.registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.took, m.errors, m.jobs, m.opened, m.seen, m.missed, connections{o.Pool}, lookups{o.Cache, o.Memory})
	return m
}

// Request counts an answered request. route is its pattern, "" where no route
// was meant: then neither path nor method become labels, which anybody could
// make any number of.
func (m *Monitor) Request(method, route string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if route == "" {
		method, route = "other", "none"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.took.WithLabelValues(method, route).Observe(took.Seconds())
	m.window.request(took)
}

// Job counts an attempt of a job, and how it ended.
func (m *Monitor) Job(kind, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// Opened counts a sale that opened access, so long after it was paid.
func (m *Monitor) Opened(after time.Duration) { m.opened.Observe(max(0, after).Seconds()) }

// Analytics counts n analytics events, and what became of them.
func (m *Monitor) Analytics(result string, n int) { m.seen.WithLabelValues(result).Add(float64(n)) }

// Missed counts n events and states of Stripe's that its webhook did not bring.
func (m *Monitor) Missed(n int) { m.missed.Add(float64(n)) }

// Write answers a request with all metrics, and those of a Snapshot.
func (m *Monitor) Write(w http.ResponseWriter, req *http.Request, s *Snapshot) error {
	now := prometheus.NewRegistry()
	if err := now.Register(s); err != nil {
		return err
	}
	promhttp.HandlerFor(prometheus.Gatherers{m.registry, now}, promhttp.HandlerOpts{}).ServeHTTP(w, req)
	return nil
}
