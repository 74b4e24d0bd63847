package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"pilothandbook/platform/cache"
	"pilothandbook/platform/db"
)

// connections tells of a pool.
type connections struct{ pool *db.Pool }

// Describe tells nothing beforehand.
func (connections) Describe(chan<- *prometheus.Desc) {}

// Collect sends the pool's counters.
func (c connections) Collect(to chan<- prometheus.Metric) {
	s := c.pool.Stat()
	send := func(kind prometheus.ValueType, name, help string, value float64) {
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc("handbook_database_"+name, help, nil, nil), kind, value)
	}
	gauge := func(name, help string, n int32) { send(prometheus.GaugeValue, name, help, float64(n)) }
	gauge("connections_max", "Connections that this process may open.", s.MaxConns())
	gauge("connections_used", "Connections in use.", s.AcquiredConns())
	gauge("connections_idle", "Connections that wait for use.", s.IdleConns())
	counter := func(name, help string, v float64) { send(prometheus.CounterValue, name, help, v) }
	counter("acquires_total", "How often a connection was taken.", float64(s.AcquireCount()))
	counter("acquires_waited_total", "How often none was free at once.", float64(s.EmptyAcquireCount()))
	counter("acquires_given_up_total", "How often none came in time.", float64(s.CanceledAcquireCount()))
	counter("acquire_seconds_total", "Time that was waited for connections.", s.AcquireDuration().Seconds())
	counter("connections_opened_total", "Connections that were opened.", float64(s.NewConnsCount()))
	counter("queries_total", "Queries that were sent.", float64(c.pool.Queries()))
}

// lookups tells of the caches: Redis by strategy, and the process's memory.
type lookups struct {
	cache  *cache.Cache
	memory *cache.Memory
}

// Describe tells nothing beforehand.
func (lookups) Describe(chan<- *prometheus.Desc) {}

// Collect sends the hits and misses.
func (l lookups) Collect(to chan<- prometheus.Metric) {
	desc := prometheus.NewDesc("handbook_cache_lookups_total", "Look-ups in the caches, by strategy and result.", []string{"strategy", "result"}, nil)
	for _, c := range append(l.cache.Counts(), l.memory.Counts()) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(c.Hits), c.Strategy, "hit")
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(c.Misses), c.Strategy, "miss")
	}
}
