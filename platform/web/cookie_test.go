package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pilothandbook/platform/web"
)

// FuzzCookieParse: whatever a Cookie header holds, only a cookie of the exact
// name is read, and over HTTPS never one without the prefix that binds it to
// this host. What Cookie sets is read back, or nothing is.
func FuzzCookieParse(f *testing.F) {
	f.Add("session=a")
	f.Add("__Host-session=a; session=b")
	f.Add("__host-session=a")
	f.Add(`__Host-session="a b"; __Host-session=c`)
	f.Add("=__Host-session=a")
	f.Add(" __Host-session =a;;;=;")
	f.Add("__Host-session\x00=a; \xff=\xfe")
	f.Add(strings.Repeat("a=b; ", 100) + "__Host-session=z")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", header)
		got := web.CookieValue(r, true, "session")
		if got != "" && !strings.Contains(header, "__Host-session") {
			t.Errorf("%q gives %q", header, got)
		}
		w := httptest.NewRecorder()
		web.Cookie(w, true, "session", header, time.Hour)
		for _, c := range w.Result().Cookies() {
			if c.Name != "__Host-session" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
				t.Errorf("the value %q makes %v", header, c)
			}
			again := httptest.NewRequest("GET", "/", nil)
			again.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			if back := web.CookieValue(again, true, "session"); back != c.Value && back != "" {
				t.Errorf("%q comes back as %q", c.Value, back)
			}
		}
	})
}
