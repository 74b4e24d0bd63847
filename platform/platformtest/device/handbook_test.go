package device_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pilothandbook/functions/file"
	"pilothandbook/functions/licence"
	"pilothandbook/functions/manifest"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
	"pilothandbook/router"
)

// handbook serves packages, counts what of them is sent, and does something
// amidst of it.
type handbook struct {
	*platform.Platform
	ana  *platformtest.User
	url  string
	flip atomic.Bool // a bit of all that is sent

	mu     sync.Mutex
	files  int   // requests for files
	sent   int64 // bytes of them
	left   int64 // until an answer breaks off; negative is never
	cut    func()
	victim *os.Process
	at     int // the request for a file before which to do something
	do     func()
}

// open returns a handbook whose reader may read the package that it has.
func open(t *testing.T) (*handbook, offline.Manifest) {
	t.Helper()
	h := &handbook{Platform: platformtest.New(t), left: -1}
	next := router.New(h.Platform, slices.Concat(manifest.Routes(h.Platform), file.Routes(h.Platform), licence.Routes(h.Platform))...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/packages/") {
			h.asked()
			w = &counted{ResponseWriter: w, h: h}
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	h.ana = platformtest.Learner(t, h.Platform, "ana@example.com")
	platformtest.Shelf(t, h.Platform)
	platformtest.Grant(t, h.Platform, h.ana, "bundle")
	return h, platformtest.Pack(t, h.Platform, "instrument")
}

func (h *handbook) asked() {
	h.mu.Lock()
	h.files++
	do := func() {}
	if h.do != nil && h.files == h.at {
		do, h.do = h.do, nil
	}
	h.mu.Unlock()
	do()
}

// before has do called before a request for a file.
func (h *handbook) before(request int, do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.do = request, do
}

// counted counts what is sent, and breaks off where the handbook says so.
type counted struct {
	http.ResponseWriter
	h *handbook
}

func (c *counted) Write(b []byte) (int, error) {
	n, cut := c.h.send(len(b))
	if c.h.flip.Load() && n > 0 {
		b = slices.Clone(b)
		b[n/2] ^= 1
	}
	written, err := c.ResponseWriter.Write(b[:n])
	if cut != nil {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		cut()
		panic(http.ErrAbortHandler)
	}
	return written, err
}

// send returns how many of so many bytes are to be sent, and what is to be done
// instead of the rest.
func (h *handbook) send(bytes int) (n int, cut func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n = bytes
	if h.left >= 0 {
		n = int(min(h.left, int64(bytes)))
		h.left -= int64(n)
		if h.left == 0 {
			cut, h.left = h.cut, -1
		}
	}
	h.sent += int64(n)
	return n, cut
}

// breakOff has the answer break off after so many bytes of files, and cut
// called then; negative is never.
func (h *handbook) breakOff(after int64, cut func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cut == nil {
		cut = func() {}
	}
	h.left, h.cut = after, cut
}

// count returns what was sent since the last call.
func (h *handbook) count() (files int, bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	files, bytes = h.files, h.sent
	h.files, h.sent = 0, 0
	return files, bytes
}

func (h *handbook) device(t *testing.T, folder string) *device.Device {
	t.Helper()
	d, err := device.Open(folder, h.url, h.ana.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// child updates a device in a process of its own, which may be killed, by
// anybody or when a time has come. It returns how long that took.
func (h *handbook) child(t *testing.T, d *device.Device, over <-chan time.Time) time.Duration {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") // TestMain asks for the variable
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s instrument", updating, d.Folder, h.url, h.ana.Secret))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	h.mu.Lock() // nothing is sent before it is known whom to kill
	err := c.Start()
	h.victim = c.Process
	h.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	began, ended := time.Now(), make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-over:
		h.kill()
		err = <-ended
	case err = <-ended:
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != -1) {
		t.Fatalf("%v: %s", err, &out)
	}
	return time.Since(began)
}

// kill ends the process that updates now, with SIGKILL.
func (h *handbook) kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.victim.Kill() // it may be over
}

// edition publishes the next version: another lesson text, an outline that
// says so, and one more figure of 600 KB.
func (h *handbook) edition(t *testing.T) offline.Manifest {
	t.Helper()
	photograph := make([]byte, 600_000)
	rand.NewChaCha8([32]byte{2}).Read(photograph)
	sum := sha256.Sum256(photograph)
	platformtest.Exec(t, h.Platform, `INSERT INTO blobs (sha256, size, body) VALUES ($1, $2, $3)`, sum[:], len(photograph), photograph)
	v := platformtest.Volume("instrument", "Instrument Rating", 5900, "holding", "vor-and-hsi")
	v.Version.Version, v.Version.Checksum = "1.1.0", "instrument-1.1.0"
	v.Lessons[1].HTML += "<p>More.</p>"
	v.Media = append(v.Media, version.Medium{Path: "media/photograph.jpg", SHA256: sum, ContentType: "image/jpeg"})
	platformtest.Publish(t, h.Platform, v)
	return platformtest.Pack(t, h.Platform, "instrument")
}
