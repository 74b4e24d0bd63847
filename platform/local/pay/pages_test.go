package pay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

func TestCheckoutPage(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create(func(p *stripe.CheckoutSessionParams) {
		p.LineItems = []*stripe.CheckoutSessionLineItemParams{item(`<b>"Private"</b>`, "usd", 4905)}
	})
	path := strings.TrimPrefix(made.URL, s.url)
	resp, doc := s.page(path)
	if resp.StatusCode != http.StatusOK || words(doc, ".notice") != "Stand-in for Stripe. No money moves." {
		t.Errorf("status %d, notice %q", resp.StatusCode, words(doc, ".notice"))
	}
	if got := words(doc, ".lines"); got != `<b>"Private"</b> 49.05 USD Total 49.05 USD` {
		t.Errorf("lines %q", got)
	}
	if words(doc, "button") != "Pay 49.05 USD"+"Pay later, by bank transfer"+"Cancel" || !strings.Contains(words(doc, "main"), "ana@example.com") {
		t.Errorf("page %q", words(doc, "main"))
	}
	if doc.Find("script, style, [style], [onclick]").Length() != 0 {
		t.Error("the page has script or style in line")
	}
	csp := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'; style-src 'self'") || !strings.HasSuffix(csp, "form-action 'self' https://shop.example https://shop.example") {
		t.Errorf("policy %q", csp)
	}
	if href, _ := doc.Find("link[rel=stylesheet]").Attr("href"); href != "/local/pay/style.css" {
		t.Errorf("style at %q", href)
	}

	action, _ := doc.Find("form").First().Attr("action")
	s.submit(s.url+action, nil)
	if _, doc = s.page(path); words(doc, "h1") != "Paid" || doc.Find("form").Length() != 0 {
		t.Errorf("after paying: %q", words(doc, "main"))
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	for _, tc := range []struct {
		currency string
		amount   int64
		want     string
	}{
		{"usd", 5, "0.05 USD"}, {"eur", 123456, "1234.56 EUR"}, {"jpy", 500, "500 JPY"}, {"kwd", 1500, "1.500 KWD"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			t.Parallel()

			made := s.create(func(p *stripe.CheckoutSessionParams) {
				p.LineItems = []*stripe.CheckoutSessionLineItemParams{item("Private", tc.currency, tc.amount)}
			})
			_, doc := s.page(strings.TrimPrefix(made.URL, s.url))
			if got := words(doc, ".total"); got != "Total "+tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create()
	if status, location := s.submit(made.URL+"/cancel", nil); status != http.StatusSeeOther || location != "https://shop.example/buy" {
		t.Errorf("cancel leads to %d %q", status, location)
	}
	if got := s.session(made.ID); got.Status != "open" {
		t.Errorf("session is %s, want open: the buyer may come back", got.Status)
	}
}

func TestListPage(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	_, doc := s.page("/local/pay/")
	if !strings.Contains(words(doc, "main"), "Nobody has begun") {
		t.Errorf("empty list %q", words(doc, "main"))
	}
	paid := s.paid()
	waiting := s.create()
	_, doc = s.page("/local/pay/")
	if href, _ := doc.Find(".card a").Attr("href"); href != "/local/pay/"+waiting.ID {
		t.Errorf("link to %q", href)
	}
	if action, _ := doc.Find("form").Attr("action"); action != "/local/pay/"+paid.ID+"/refund" {
		t.Errorf("refund at %q", action)
	}
}

func TestPagesRefuse(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	made := s.create()
	if resp, _ := s.page("/local/pay/cs_test_none"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown session: status %d", resp.StatusCode)
	}
	if status, _ := s.submit(s.url+"/local/pay/cs_test_none/pay", nil); status != http.StatusNotFound {
		t.Errorf("pay of an unknown session: status %d", status)
	}
	if status, _ := s.submit(made.URL+"/refund", url.Values{}); status != http.StatusNotFound {
		t.Errorf("refund of what is not paid: status %d", status)
	}

	r, err := http.NewRequest(http.MethodPost, made.URL+"/pay", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	resp := s.do(r)
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden || s.session(made.ID).Status != "open" {
		t.Errorf("pay from another site: status %d", resp.StatusCode)
	}
}

func TestPagesBehindStripPrefix(t *testing.T) {
	t.Parallel()

	s := open(t, listen(t))
	for _, tc := range []struct {
		name, path string
		handler    http.Handler
		status     int
	}{
		{"whole path", "/local/pay/style.css", s.pay.Pages(), http.StatusOK},
		{"stripped path", "/local/pay/style.css", http.StripPrefix("/local/pay", s.pay.Pages()), http.StatusOK},
		{"list", "/local/pay/", http.StripPrefix("/local/pay", s.pay.Pages()), http.StatusOK},
		{"no slash", "/local/pay", s.pay.Pages(), http.StatusPermanentRedirect},
		{"nothing there", "/local/pay/a/b", s.pay.Pages(), http.StatusNotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			w := httptest.NewRecorder()
			tc.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, tc.path, nil))
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
			if kind := w.Header().Get("Content-Type"); strings.HasSuffix(tc.path, ".css") && !strings.HasPrefix(kind, "text/css") {
				t.Errorf("type %q", kind)
			}
			io.Copy(io.Discard, w.Body) //nolint:errcheck // a buffer
		})
	}
}
