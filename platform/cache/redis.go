package cache

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// quick bounds each cache request: a slow cache must not stall a page.
const (
	quick     = 150 * time.Millisecond
	keepAlive = 30 * time.Second
	// buffer is what a connection reads and writes by, each: commands are short,
	// and longer values pass it by. The library's 32 KiB would be a megabyte idle.
	buffer = 4 << 10
)

// Patient returns the client of the queue: it retries, waits, and connects
// when it is first used. ipFamily is 4, 6 or 0 for both.
func Patient(url string, ipFamily int) (redis.UniversalClient, error) {
	return open(url, ipFamily, func(o *redis.Options) {
		o.MaxRetries = 3
		o.MinRetryBackoff = 100 * time.Millisecond
		o.DialTimeout = 10 * time.Second
		o.ReadTimeout = 5 * time.Second
		o.WriteTimeout = 5 * time.Second
	})
}

// Quick returns a client for caches: one try, 150 ms, then it is a miss. A URL
// that says otherwise (dial_timeout, read_timeout, write_timeout, pool_timeout)
// is followed.
func Quick(url string, ipFamily int) (redis.UniversalClient, error) {
	return open(url, ipFamily, func(o *redis.Options) {
		o.MaxRetries = -1
		for _, timeout := range []*time.Duration{&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout} {
			*timeout = cmp.Or(*timeout, quick)
		}
		o.DialerRetries = 1
	})
}

func open(url string, ipFamily int, set func(*redis.Options)) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("REDIS_URL cannot be read") // the error may hold the password
	}
	set(o)
	o.ContextTimeoutEnabled = true
	o.MinIdleConns = 0
	o.ReadBufferSize, o.WriteBufferSize = buffer, buffer
	network := map[int]string{0: "tcp", 4: "tcp4", 6: "tcp6"}[ipFamily]
	o.Dialer = dialer(network, o)
	return redis.NewClient(o), nil
}

// dialer dials by the chosen family, with TLS where the URL asks for it.
func dialer(network string, o *redis.Options) func(context.Context, string, string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: o.DialTimeout, KeepAlive: keepAlive}
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		if o.TLSConfig == nil {
			return plain.DialContext(ctx, network, addr)
		}
		return (&tls.Dialer{NetDialer: plain, Config: o.TLSConfig}).DialContext(ctx, network, addr)
	}
}
