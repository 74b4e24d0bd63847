package author_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"pilothandbook/author"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/platformtest"
)

func TestOtherContentOfAVersion(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	if out, err := h.publish(t, dir, true); err != nil {
		t.Fatal(err, out)
	}
	edit(t, dir, "lessons/airspeed.mdx", "It measures", "This measures")
	_, err := h.publish(t, dir, true)
	wantError(t, err, "Version 0.1.0 of instrument is published with other content", "Raise the version in module.yaml")
}

func TestTokens(t *testing.T) {
	t.Parallel()

	h, dir := newHandbook(t, nil), folder(t)
	_, reader, err := account.NewToken(t.Context(), h.p.DB, platformtest.Learner(t, h.p, "ana@example.com").ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, token, want string }{
		{"wrong", "hbk_wrong", "the token was refused"},
		{"of somebody who is no author", reader, "the token is good, but you may not publish. Only authors may do this."},
		{"none", "", "set HANDBOOK_TOKEN"},
	} {
		o := author.Options{URL: h.url, Token: tc.token, Out: io.Discard}
		wantError(t, author.Publish(t.Context(), o, dir), tc.want)
		wantError(t, author.Versions(t.Context(), o, "instrument", ""), tc.want)
	}
	if n := h.rows(t, "blobs"); n != 0 {
		t.Errorf("%d blobs were stored", n)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()

	gone := httptest.NewServer(nil)
	gone.Close()
	answering := func(status int, header, value, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(header, value)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for _, tc := range []struct{ name, url, want string }{
		{"nothing there", gone.URL, "nothing answers at " + gone.URL + "; is it running?"},
		{"no address", "handbook.example", "is not the address of a handbook"},
		{"no host", "https://", "is not the address of a handbook"},
		{"unknown host", "http://handbook.invalid", "there is no host handbook.invalid"},
		{"redirect", answering(301, "Location", "https://new.example/", ""), "it leads to https://new.example/; set HANDBOOK_URL"},
		{"another site", answering(200, "Content-Type", "text/html", "<h1>Hello"), "not as a handbook does"},
		{"another site without the page", answering(404, "Content-Type", "text/html", "<h1>Sorry"), "404 Not Found, which is not how a handbook answers"},
		{"its own fault", answering(500, "Content-Type", "application/json", `{"error": "Sorry.", "request_id": "7"}`), "Sorry. (request 7)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			o := author.Options{URL: tc.url, Token: "hbk_x", Out: io.Discard}
			wantError(t, author.Versions(t.Context(), o, "instrument", ""), tc.want)
		})
	}
}
