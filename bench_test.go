package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

// mostWeb is how much memory a web process may take, in MiB.
const mostWeb = 60

// BenchmarkWebResident tells how much memory the web process of a deployment
// takes at most while 100,000 lessons are read by 1,000 readers.
func BenchmarkWebResident(b *testing.B) {
	const requests, readers, connections = 100_000, 1000, 32
	d := deploy(b)
	p := platformtest.Open(b, d.cfg)
	author := []string{"HANDBOOK_URL=" + d.base, "HANDBOOK_TOKEN=" + platformtest.AuthorToken(b, p)}
	d.command(b, author, "publish", "--activate", "content/private_commercial")
	cookies := make([]string, readers)
	for i := range cookies {
		who := platformtest.Learner(b, p, fmt.Sprintf("reader%d@example.com", i))
		platformtest.Grant(b, p, who, "private_commercial")
		cookies[i] = account.SessionCookie + "=" + who.Secret
	}
	before := resident(b, d.web.Process.Pid)
	lessons := []string{"density-altitude", "weight-and-balance", "vfr-weather-minimums", "wind-triangle"}
	for b.Loop() {
		var all sync.WaitGroup
		for c := range connections {
			all.Go(func() {
				client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
				for i := c; i < requests; i += connections {
					if err := readLesson(client, d.base+"/modules/private_commercial/lessons/"+lessons[i%len(lessons)], cookies[i%readers]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	b.ReportMetric(before, "MiB-at-start")
	peak := memory(b, d.web.Process.Pid, "VmHWM:")
	b.ReportMetric(peak, "MiB-at-most")
	b.ReportMetric(float64(b.N)*requests/b.Elapsed().Seconds(), "lessons/s")
	if peak > mostWeb {
		b.Errorf("the web process took %.1f MiB, want %d at most", peak, mostWeb)
	}
}

// BenchmarkStart compares the time from exec to the first healthy answer of the
// web service with that of the least service that connects to the same servers.
// The two start by turns, and medians count.
func BenchmarkStart(b *testing.B) {
	d := prepare(b, platformtest.Config(b))
	least := buildBare(b)
	var web, bare []time.Duration
	for b.Loop() {
		web = append(web, healthy(b, d, d.bin, "web"))
		bare = append(bare, healthy(b, d, least))
	}
	slices.Sort(web)
	slices.Sort(bare)
	ours, theirs := web[len(web)/2], bare[len(bare)/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.Seconds()*1000, "ms/web")
	b.ReportMetric(theirs.Seconds()*1000, "ms/bare")
	times := ours.Seconds() / theirs.Seconds()
	b.ReportMetric(times, "times")
	if times > 5 {
		b.Errorf("web is healthy after %v, the least service after %v: %.2f times as long, want 5 at most", ours, theirs, times)
	}
}

// buildBare builds the least service.
func buildBare(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "bare")
	if out, err := exec.Command("go", "build", "-o", bin, "./testdata/bare").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// healthy starts a program, and returns after how long it answered.
func healthy(b *testing.B, d *deployment, bin string, args ...string) time.Duration {
	b.Helper()
	began := time.Now()
	p := launch(b, bin, b.TempDir(), append(d.env, "PORT="+strings.TrimPrefix(d.base, "http://127.0.0.1:")), args...)
	for !answers(d.base, "/api/health") {
		if time.Since(began) > time.Minute {
			b.Fatalf("%s is not healthy:\n%s", bin, p.out)
		}
		time.Sleep(200 * time.Microsecond)
	}
	took := time.Since(began)
	_ = p.Process.Kill()
	<-p.done
	return took
}

func readLesson(c *http.Client, url, cookie string) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Cookie", cookie)
	r.Header.Set("Accept-Encoding", "br")
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK || n == 0 {
		return fmt.Errorf("%s: %s, %d bytes, %v", url, res.Status, n, err)
	}
	return nil
}

// resident returns a process's resident memory in MiB (Linux).
func resident(tb testing.TB, pid int) float64 {
	tb.Helper()
	return memory(tb, pid, "VmRSS:")
}

// memory returns a field of what Linux tells of a process's memory, in MiB.
func memory(tb testing.TB, pid int, field string) float64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		if kib, ok := strings.CutPrefix(lines.Text(), field); ok {
			n, err := strconv.Atoi(strings.Fields(kib)[0])
			if err != nil {
				tb.Fatal(err)
			}
			return float64(n) / 1024
		}
	}
	tb.Fatal("no " + field)
	return 0
}
