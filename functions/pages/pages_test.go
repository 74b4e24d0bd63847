package pages_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/pages"
	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// page returns the text of a page and its address.
func page(t *testing.T, p *platform.Platform, path string) (text, gist string) {
	t.Helper()
	got, doc := platformtest.Page(t, p, pages.Routes(p), nil, path)
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %d", path, got.Status)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), " "), platformtest.Gist(doc)
}

// TestTerms has the words kept by their version: whoever changes one must give
// them another, as buyers agreed to these.
func TestTerms(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	_, terms := page(t, p, "/terms")
	_, refunds := page(t, p, "/refunds")
	_, privacy := page(t, p, "/privacy")
	platformtest.Golden(t, "terms-"+purchase.Terms+".txt", terms+refunds+privacy)
}

// TestWhoRunsIt compares what pages say with and without configuration.
func TestWhoRunsIt(t *testing.T) {
	t.Parallel()

	plain := platformtest.New(t)
	cfg := platformtest.Config(t)
	cfg.SupportEmail, cfg.Seller, cfg.GoverningLaw = "help@school.example", "Blue Sky Ltd, 1 Apron Road, Prague", "the Czech Republic"
	cfg.StripeTax, cfg.SentryDSN = true, "https://sentry.example"
	full := platformtest.Open(t, cfg)
	for _, tc := range []struct{ path, always, plain, full string }{
		{"/terms", "right of withdrawal", "the operator of http://localhost:3000", "The law of the Czech Republic"},
		{"/terms", purchase.Terms, "14 days", "Tax, where it is due"},
		{"/privacy", "no advertising", "Stripe", "Sentry"},
		{"/refunds", "14 days", "handbook@example.com", "help@school.example"},
		{"/contact", "A person reads it", "handbook@example.com", "1 Apron Road"},
	} {
		for name, c := range map[string]struct {
			p    *platform.Platform
			want string
		}{"plain": {plain, tc.plain}, "full": {full, tc.full}} {
			text, _ := page(t, c.p, tc.path)
			if !strings.Contains(text, tc.always) || !strings.Contains(text, c.want) {
				t.Errorf("%s, %s: it does not say %q and %q", tc.path, name, tc.always, c.want)
			}
		}
	}
	if text, _ := page(t, plain, "/terms"); strings.Contains(text, "governs") {
		t.Error("a law is named that nobody chose")
	}
}

// TestWithoutPostgres: what is promised can be read at any time.
func TestWithoutPostgres(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	p.DB.Close(0)
	for _, path := range []string{"/terms", "/privacy", "/refunds", "/contact"} {
		if got := platformtest.Call(t, p, pages.Routes(p), ana, "GET", path, nil); got.Status != http.StatusOK {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
