package file_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// TestMemory makes a package of 200 MiB, half of it in one file, in a process
// of its own, which then sends it to four devices at once: it grows by less
// than 64 MiB.
func TestMemory(t *testing.T) {
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	fill(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	pid, url := child(t, p)
	get := func(path string, into io.Writer) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			return err
		}
		r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: ana.Secret})
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", path, res.Status)
		}
		_, err = io.Copy(into, res.Body)
		return err
	}
	before := peak(t, pid)
	var body strings.Builder
	if err := get("/make", &body); err != nil {
		t.Fatal(err)
	}
	made := peak(t, pid)
	var m offline.Manifest
	if err := json.Unmarshal([]byte(body.String()), &m); err != nil || m.SealedSize < 200<<20 {
		t.Fatalf("a package of %d bytes: %v", m.SealedSize, err)
	}
	var devices errgroup.Group
	for range 4 {
		devices.Go(func() error {
			for _, f := range m.Files {
				sum := sha256.New()
				if err := get("/api/packages/instrument/"+f.Sealed.String(), sum); err != nil {
					return err
				}
				if offline.Sum(sum.Sum(nil)) != f.Sealed {
					return fmt.Errorf("%s has other bytes", f.Path)
				}
			}
			return nil
		})
	}
	if err := devices.Wait(); err != nil {
		t.Fatal(err)
	}
	sent := peak(t, pid)
	t.Logf("%d MiB in %d files: from %d MiB to %d when they were made, %d when they were sent", m.SealedSize>>20, len(m.Files), before>>20, made>>20, sent>>20)
	if sent-before >= 64<<20 {
		t.Errorf("it grew by %d MiB, want less than 64", (sent-before)>>20)
	}
}

// fill adds 100 MiB in one file and 100 in 400 to what the version shows. It
// takes longer than a statement of a request may.
func fill(t *testing.T, p *platform.Platform) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), p.Config.DatabaseURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	_, err = c.Exec(t.Context(), `
		WITH stored AS (
			INSERT INTO blobs (sha256, size, body)
			SELECT sha256(body), length(body), body
			FROM generate_series(0, 400) n, convert_to(repeat(md5(n::text), CASE n WHEN 0 THEN 3276800 ELSE 8192 END), 'UTF8') body
			RETURNING sha256)
		INSERT INTO media (version_id, path, sha256, content_type)
		SELECT v.id, 'media/' || encode(s.sha256, 'hex') || '.jpg', s.sha256, 'image/jpeg'
		FROM stored s, content_versions v
		WHERE v.module_id = 'instrument'`)
	if err != nil {
		t.Fatal(err)
	}
}

// child starts the process, and returns its id and address.
func child(t *testing.T, p *platform.Platform) (pid int, url string) {
	t.Helper()
	version := platformtest.Text(t, p, `SELECT id::text FROM content_versions WHERE module_id = 'instrument'`)
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") // TestMain asks for the variable
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s", serving, p.Config.DatabaseURL.Reveal(), p.Config.RedisURL.Reveal(), version))
	c.Stderr = t.Output()
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid, strings.TrimSpace(url)
}

var hwm = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak returns the most memory that a process ever had, in bytes.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := hwm.FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kb, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
