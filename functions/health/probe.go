package health

import (
	"bytes"
	"context"
	"math"
	"os"
	"runtime/metrics"
	"strconv"
	"sync"
)

const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
)

// probe asks all dependencies at once: one that fails hides no other.
func (e endpoint) probe(ctx context.Context) (services, int, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var s services
	var both sync.WaitGroup
	both.Go(func() { s.Database = e.database(ctx) })
	both.Go(func() { s.Redis = e.ping(ctx) })
	both.Wait()
	s.Memory = usage()
	return s, 0, nil
}

// database asks whether PostgreSQL can be written: after a failover a server
// may answer every SELECT and refuse every change.
func (e endpoint) database(ctx context.Context) string {
	var replica bool
	if err := e.db.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&replica); err != nil || replica {
		return unhealthy
	}
	return healthy
}

func (e endpoint) ping(ctx context.Context) string {
	if e.redis == nil || e.redis.Ping(ctx).Err() != nil {
		return unhealthy
	}
	return healthy
}

// memory is what this process uses, in whole MiB.
type memory struct {
	HeapUsed  int `json:"heapUsed"`
	HeapTotal int `json:"heapTotal"`
	RSS       int `json:"rss"`
}

// usage reads the runtime's own counters, which stops nothing.
func usage() memory {
	s := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/total:bytes"},
	}
	metrics.Read(s)
	used := s[0].Value.Uint64()
	return memory{
		HeapUsed:  mib(used),
		HeapTotal: mib(used + s[1].Value.Uint64() + s[2].Value.Uint64()),
		RSS:       mib(resident(s[3].Value.Uint64())),
	}
}

// resident returns the resident bytes where the system tells them (Linux),
// else what the runtime has mapped.
func resident(mapped uint64) uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return mapped
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return mapped
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return mapped
	}
	return pages * uint64(os.Getpagesize())
}

func mib(bytes uint64) int { return int(math.Round(float64(bytes) / (1 << 20))) }
