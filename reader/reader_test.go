package reader_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"pilothandbook/platform/fault"
	"pilothandbook/platform/web"
	"pilothandbook/reader"
)

// TestFault shows where somebody goes on who has to sign in: never elsewhere
// than on this site, and never to where a form was sent.
func TestFault(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, method, path, referer, next string }{
		{"page", "GET", "/orders?x=1", "", "/orders?x=1"},
		{"form", "POST", "/checkout/instrument", "http://example.com/modules/instrument", "/modules/instrument"},
		{"form from elsewhere", "POST", "/checkout/instrument", "http://evil.example/modules/instrument", "/"},
		{"form without a referer", "POST", "/checkout/instrument", "", "/"},
		{"two slashes", "GET", "//evil.example/x", "", "/"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tc.method, "http://example.com/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(tc.path, "?")
		if tc.referer != "" {
			r.Header.Set("Referer", tc.referer)
		}
		w := httptest.NewRecorder()
		if err := web.FaultPage(w, r, fault.New(fault.SignedOut, "Please sign in to go on."), ""); err != nil {
			t.Fatal(err)
		}
		doc, err := goquery.NewDocumentFromReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		link, err := url.Parse(doc.Find("main a.button").First().AttrOr("href", ""))
		if err != nil || w.Code != http.StatusUnauthorized || link.Path != "/signin" || link.Query().Get("next") != tc.next {
			t.Errorf("%s: status %d, %v, %v", tc.name, w.Code, link, err)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		cents    int
		currency string
		want     string
	}{{7900, "usd", "$79.00"}, {5, "usd", "$0.05"}, {123456, "eur", "1234.56 EUR"}, {-9950, "usd", "−$99.50"}, {-5, "eur", "−0.05 EUR"}} {
		if got := reader.Money(tc.cents, tc.currency); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()

	for name, f := range reader.Files() {
		if name != f.Name || len(f.Body) == 0 {
			t.Errorf("%s: %s, %d bytes", name, f.Name, len(f.Body))
		}
	}
	css := reader.Files()[strings.TrimPrefix(reader.Asset("handbook.css"), "/assets/")].Body
	var sent bytes.Buffer
	w := gzip.NewWriter(&sent)
	_, _ = w.Write(css) // a buffer takes all
	if w.Close(); sent.Len() > 8<<10 {
		t.Errorf("the styles weigh %d bytes", sent.Len())
	}
	if strings.Contains(string(css), "http:") || strings.Contains(string(css), "@import") {
		t.Error("the styles load something from elsewhere")
	}
}
