package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// TestOffSite: no address that leads elsewhere is taken, and what is taken
// stays here after http.Redirect has cleaned it.
func TestOffSite(t *testing.T) {
	t.Parallel()
	corpus := platformtest.OffSite()
	if len(corpus) < 200 {
		t.Fatalf("%d addresses", len(corpus))
	}
	for _, address := range corpus {
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequest("GET", "http://handbook.example/a/b", nil), web.LocalPath(address), http.StatusSeeOther)
		if to := w.Header().Get("Location"); platformtest.Leaves(to) {
			t.Errorf("%q leads to %q", address, to)
		}
	}
}

// FuzzNextURL: wherever LocalPath lets a browser be sent stays on this site,
// and is taken again as it is.
func FuzzNextURL(f *testing.F) {
	for _, s := range []string{"/modules/instrument?x=1#y", "/orders", "/?next=//x", "/%2f/a", "/a/../b"} {
		f.Add(s)
	}
	for i, s := range platformtest.OffSite() {
		if i%20 == 0 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		local := web.LocalPath(s)
		if again := web.LocalPath(local); again != local || local != s && local != "/" {
			t.Errorf("%q becomes %q, and that %q", s, local, again)
		}
		w := httptest.NewRecorder()
		http.Redirect(w, httptest.NewRequest("GET", "http://handbook.example/x", nil), local, http.StatusSeeOther)
		if to := w.Header().Get("Location"); platformtest.Leaves(to) {
			t.Errorf("%q leads to %q", s, to)
		}
	})
}
