// Package chromium starts a browser for tests. It is a package of its own, as
// linking what drives a browser takes long, and few tests do.
package chromium

import (
	"os"
	"os/exec"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
)

// Start returns a Chromium that lives as long as the test, with a profile of
// its own. Under CI it must be installed; else the test is skipped without.
func Start(t testing.TB) *rod.Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Chromium is not installed: apt-get install chromium")
		}
		t.Skip("needs Chromium: apt-get install chromium")
	}
	l := launcher.New().Bin(path).Leakless(false).HeadlessNew(true).NoSandbox(os.Geteuid() == 0)
	l.Set("disable-component-update")
	l.Set("disable-gpu")
	l.Set("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost") // a test asks nobody else
	t.Cleanup(l.Cleanup)
	url, err := l.Launch()
	if err != nil {
		t.Fatal(err)
	}
	b := rod.New().ControlURL(url)
	if err := b.Connect(); err != nil {
		l.Kill()
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}
