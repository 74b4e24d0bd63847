package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"pilothandbook/platform/platformtest"
)

// terminate asks the process to end as Railway does.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// started is a request of which the server has the beginning.
type started struct {
	conn net.Conn
	rest string
}

// begin sends the head of a telling of events and half of its body.
func (d *deployment) begin(t testing.TB) started {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(d.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	body := events(time.Now())
	half := len(body) / 2
	_, err = fmt.Fprintf(c, "POST /api/analytics HTTP/1.1\r\nHost: handbook\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	if err != nil {
		t.Fatal(err)
	}
	// The server says so when its handler begins to read the body.
	if line, err := bufio.NewReader(io.LimitReader(c, int64(len("HTTP/1.1 100 Continue\r\n\r\n")))).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := io.WriteString(c, body[:half]); err != nil {
		t.Fatal(err)
	}
	return started{c, body[half:]}
}

// finish sends the rest and returns the answer's status.
func (s started) finish(t testing.TB) int {
	t.Helper()
	if _, err := io.WriteString(s.conn, s.rest); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(s.conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// listens reports whether something takes connections.
func listens(base string) bool {
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// Told to stop, the web service says that it is not ready to whoever has a
// connection, ends what is under way, and exits with 0.
func TestStop(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	ready := func() (status int, body string, last bool) {
		res, err := client.Get(d.base + "/api/health/ready")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b), res.Close
	}
	if status, body, last := ready(); status != http.StatusOK || last {
		t.Fatalf("ready: %d %s, connection ended: %v", status, body, last)
	}
	slow := d.begin(t)
	d.web.terminate(t)
	eventually(t, "it is not ready, on the same connection", func() bool {
		status, body, last := ready()
		if status == http.StatusOK && last {
			t.Errorf("%d %s, and the connection ended", status, body)
		}
		// One that came just before the stop may be told of it, and stay.
		return status == http.StatusServiceUnavailable && strings.Contains(body, "stopping") && last
	})
	eventually(t, "it does not listen any more", func() bool { return !listens(d.base) })
	if status := slow.finish(t); status != http.StatusAccepted {
		t.Errorf("what was under way is answered with %d", status)
	}
	if err := d.web.end(t); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if n := platformtest.Text(t, platformtest.Open(t, d.cfg), `SELECT count(*)::text FROM analytics_events`); n != "1" {
		t.Errorf("%s events are stored, want 1", n)
	}
}
