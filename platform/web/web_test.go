package web_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.TooLarge: 413, fault.SignedOut: 401, fault.Unpaid: 402, fault.Forbidden: 403,
		fault.NotFound: 404, fault.Conflict: 409, fault.TooMany: 429, fault.Full: 507, fault.Unavailable: 503,
	}
	for _, k := range fault.Kinds() {
		if got := web.Status(k); got != want[k] || got == 0 {
			t.Errorf("kind %d has status %d, want %d", k, got, want[k])
		}
	}
}

type input struct {
	Lesson string `json:"lesson"`
	Nested struct {
		Count int `json:"count"`
	} `json:"nested"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, contentType, body string
		kind                    fault.Kind
		field, text             string
	}{
		{"fine", "application/json; charset=utf-8", `{"lesson":"a"}`, fault.Internal, "", ""},
		{"not said to be JSON", "text/plain", `{}`, fault.Invalid, "", "content type"},
		{"no content type", "", `{}`, fault.Invalid, "", "content type"},
		{"not JSON", "application/json", `{"lesson":`, fault.Invalid, "", "not valid JSON"},
		{"empty", "application/json", ``, fault.Invalid, "", "not valid JSON"},
		{"unknown field", "application/json", `{"lessons":"a"}`, fault.Invalid, "lessons", `no field "lessons"`},
		{"wrong type", "application/json", `{"nested":{"count":"x"}}`, fault.Invalid, "nested.count", "cannot be a string"},
		{"not an object", "application/json", `[1]`, fault.Invalid, "", "must be a JSON object"},
		{"two values", "application/json", `{} {}`, fault.Invalid, "", "single JSON value"},
		{"too large", "application/json", `{"lesson":"` + strings.Repeat("x", web.MaxBody) + `"}`, fault.TooLarge, "", "too large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("POST", "/api/x", strings.NewReader(tc.body))
			r.Header.Set("Content-Type", tc.contentType)
			in, err := web.Decode[input](httptest.NewRecorder(), r)
			if tc.text == "" {
				if err != nil || in.Lesson != "a" {
					t.Fatalf("got %+v, %v", in, err)
				}
				return
			}
			f := fault.Of(err)
			if f.Kind != tc.kind || f.Field != tc.field || !strings.Contains(f.Text, tc.text) {
				t.Errorf("got kind %d, field %q, text %q; want %d, %q, %q", f.Kind, f.Field, f.Text, tc.kind, tc.field, tc.text)
			}
		})
	}
}

func TestDecodeUpTo(t *testing.T) {
	t.Parallel()
	const body = `{"lesson":"a"}`
	decode := func(max int64) (input, error) {
		r := httptest.NewRequest("POST", "/api/x", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return web.DecodeUpTo[input](httptest.NewRecorder(), r, max)
	}
	if in, err := decode(int64(len(body))); err != nil || in.Lesson != "a" {
		t.Errorf("got %+v, %v", in, err)
	}
	if _, err := decode(int64(len(body)) - 1); !fault.Is(err, fault.TooLarge) || !strings.Contains(fault.Of(err).Text, "13 bytes at most") {
		t.Errorf("one byte too much: %v", err)
	}
	r := httptest.NewRequest("POST", "/api/x", strings.NewReader(`{"lesson":"`+strings.Repeat("x", web.MaxBody)+`"}`))
	r.Header.Set("Content-Type", "application/json")
	if in, err := web.DecodeUpTo[input](httptest.NewRecorder(), r, 2*web.MaxBody); err != nil || len(in.Lesson) != web.MaxBody {
		t.Errorf("over what is usual: %d bytes, %v", len(in.Lesson), err)
	}
}

// A request that is cut is told from JSON that is, within the value and behind it.
func TestDecodeOfACutRequest(t *testing.T) {
	t.Parallel()
	for _, arrived := range []string{``, `{"lesson":`, `{"lesson":"a"}`} {
		r := httptest.NewRequest("POST", "/api/x", io.MultiReader(strings.NewReader(arrived), iotest.ErrReader(io.ErrUnexpectedEOF)))
		r.Header.Set("Content-Type", "application/json")
		if _, err := web.Decode[input](httptest.NewRecorder(), r); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Text, "ended before") {
			t.Errorf("cut after %q: %v", arrived, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"lesson":"a"}`)
	f.Add(`{"nested":{"count":1e999}}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/api/x", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if _, err := web.Decode[input](httptest.NewRecorder(), r); err != nil {
			if k := fault.Of(err).Kind; k != fault.Invalid && k != fault.TooLarge {
				t.Errorf("%q: %v", body, err)
			}
		}
	})
}

func TestForm(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/x", strings.NewReader("a="+strings.Repeat("x", web.MaxBody)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := web.Form(httptest.NewRecorder(), r); !fault.Is(err, fault.TooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/modules/instrument?x=1#y":    "/modules/instrument?x=1#y",
		"":                             "/",
		"https://evil.example":         "/",
		"//evil.example":               "/",
		"/\\evil.example":              "/",
		"/\t/evil.example":             "/",
		"/x\r\nSet-Cookie: a=b":        "/",
		"/\xff":                        "/",
		"javascript:alert(1)":          "/",
		"/" + strings.Repeat("x", 600): "/",
	} {
		if got := web.LocalPath(in); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWantsPage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		path, accept string
		want         bool
	}{
		{"/modules/x", "text/html,application/xhtml+xml", true},
		{"/modules/x", "application/json", false},
		{"/modules/x", "", false},
		{"/api/modules", "text/html", false},
	} {
		r := httptest.NewRequest("GET", tc.path, nil)
		r.Header.Set("Accept", tc.accept)
		if got := web.WantsPage(r); got != tc.want {
			t.Errorf("%s as %q: %v", tc.path, tc.accept, got)
		}
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		w := httptest.NewRecorder()
		web.Cookie(w, secure, "session", "v", time.Hour)
		c := w.Result().Cookies()[0]
		if c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 3600 {
			t.Errorf("got %v", c)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(c)
		if web.CookieValue(r, secure, "session") != "v" || web.CookieValue(r, !secure, "session") != "" {
			t.Errorf("%s is not read back", c.Name)
		}
	}
}

func TestJSONIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := web.JSON(w, 200, map[string]any{"a": 1, "b": func() {}}); err == nil || w.Body.Len() != 0 {
		t.Errorf("got %v and %q", err, w.Body)
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fault.New(fault.NotFound, "no %s", "module").Because(cause)
	if !errors.Is(err, cause) || fault.Of(err).Kind != fault.NotFound || err.Error() != "no module: cause" {
		t.Errorf("got %v", err)
	}
	if f := fault.Of(cause); f.Kind != fault.Internal || strings.Contains(f.Text, "cause") {
		t.Errorf("an internal fault tells %q", f.Text)
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("nil is a fault")
	}
}
