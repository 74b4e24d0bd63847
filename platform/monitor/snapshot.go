package monitor

import "github.com/prometheus/client_golang/prometheus"

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
