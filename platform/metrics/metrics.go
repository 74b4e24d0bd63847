// Package metrics tells in Prometheus's terms how a process does. What is
// counted as it happens, such as requests, is registered in the Registry of
// the process, once, by whoever counts it; what is asked when somebody looks
// is a Snapshot.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pilothandbook/platform/db"
)

// Registry holds the metrics of a process.
type Registry struct {
	*prometheus.Registry
}

// New returns a Registry that tells of the build, the Go runtime, the process
// and its database connections.
func New(version string, pool *db.Pool) *Registry {
	r := &Registry{prometheus.NewRegistry()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "handbook_build_info", Help: "1; the label tells what runs.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), connections{pool})
	return r
}

// Write answers a request with all metrics, and those of a Snapshot.
func (r *Registry) Write(w http.ResponseWriter, req *http.Request, s *Snapshot) error {
	now := prometheus.NewRegistry()
	if err := now.Register(s); err != nil {
		return err
	}
	promhttp.HandlerFor(prometheus.Gatherers{r.Registry, now}, promhttp.HandlerOpts{}).ServeHTTP(w, req)
	return nil
}

// Snapshot holds gauges that were asked for just now.
type Snapshot struct {
	gauges []prometheus.Metric
}

// Set adds a gauge; labels are names and values in turn.
func (s *Snapshot) Set(name, help string, value float64, labels ...string) {
	var names, values []string
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	s.gauges = append(s.gauges, prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), prometheus.GaugeValue, value, values...))
}

// Describe tells nothing beforehand: what there is shows itself.
func (s *Snapshot) Describe(chan<- *prometheus.Desc) {}

// Collect sends the gauges.
func (s *Snapshot) Collect(to chan<- prometheus.Metric) {
	for _, g := range s.gauges {
		to <- g
	}
}
