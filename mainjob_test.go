package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"pilothandbook/platform/config"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
)

// deployment is a handbook as it is deployed: a web and a worker process of
// the production build, with PostgreSQL, Redis, a mail server and a Stripe.
type deployment struct {
	base, workerBase, payBase string
	cfg                       *config.Config
	mails                     *mailbox.Mailbox
	till                      *pay.Stripe
	env                       []string
	bin                       string
	web, worker               *process
}

// deploy starts one on an empty database.
func deploy(t testing.TB, settings ...string) *deployment {
	t.Helper()
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret(platformtest.EmptyDatabase(t))
	d := prepare(t, cfg)
	d.env = append(d.env, settings...)
	d.command(t, nil, "migrate")
	d.start(t)
	eventually(t, "web and worker are healthy", func() bool {
		return answers(d.base, "/api/health") && answers(d.workerBase, "/api/health")
	})
	return d
}

// prepare makes everything that a deployment needs, but starts none of it.
func prepare(t testing.TB, cfg *config.Config) *deployment {
	t.Helper()
	local := func() string { return fmt.Sprintf("http://127.0.0.1:%d", platformtest.FreePort(t)) }
	d := &deployment{cfg: cfg, bin: program(t, "production"), base: local(), workerBase: local()}
	var err error
	if d.mails, err = mailbox.Open(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.mails.Close() })
	d.stripe(t)
	d.env = []string{
		"DATABASE_URL=" + d.cfg.DatabaseURL.Reveal(), "REDIS_URL=" + d.cfg.RedisURL.Reveal(),
		"AUTH_URL=" + d.base, "AUTH_SECRET=" + d.cfg.AuthSecret.Reveal(), "ADMIN_EMAILS=" + platformtest.OperatorEmail,
		"STRIPE_SECRET_KEY=" + d.cfg.StripeSecretKey.Reveal(), "STRIPE_WEBHOOK_SECRET=" + d.cfg.StripeWebhookSecret.Reveal(), "STRIPE_API_BASE=" + d.payBase + "/local/stripe",
		"MAIL_URL=" + d.mails.URL(), "MAIL_FROM=" + d.cfg.MailFrom, "CONTENT_ENCRYPTION_KEY=" + platformtest.ContentKey,
	}
	return d
}

// start starts the two processes.
func (d *deployment) start(t testing.TB) {
	t.Helper()
	port := func(base string) string { return "PORT=" + strings.TrimPrefix(base, "http://127.0.0.1:") }
	d.web = launch(t, d.bin, t.TempDir(), append(d.env, port(d.base)), "web")
	d.worker = launch(t, d.bin, t.TempDir(), append(d.env, port(d.workerBase)), "worker")
}

// stripe starts a stand-in that delivers signed events to the web process.
func (d *deployment) stripe(t testing.TB) {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	d.payBase = server.URL
	s, err := pay.New(pay.Options{
		Secret: d.cfg.StripeSecretKey.Reveal(), WebhookSecret: d.cfg.StripeWebhookSecret.Reveal(),
		WebhookURL: func() string { return d.base + "/api/stripe/webhook" },
		PublicURL:  func() string { return d.payBase + "/local/pay" },
		Log:        platformtest.Log(t), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.till = s
	mux.Handle("/local/stripe/", http.StripPrefix("/local/stripe", s.API()))
	mux.Handle("/local/pay/", s.Pages())
	t.Cleanup(func() { s.Close(); server.Close() })
}

// command runs a word of the program and returns what it printed.
func (d *deployment) command(t testing.TB, env []string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), d.bin, args...)
	c.Env = append(append([]string{"PATH=" + os.Getenv("PATH")}, d.env...), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("handbook %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// mail waits for a mail to an address whose subject contains words.
func (d *deployment) mail(t testing.TB, to, words string) mailbox.Mail {
	t.Helper()
	var found mailbox.Mail
	eventually(t, fmt.Sprintf("a mail to %s with %q", to, words), func() bool {
		for _, m := range d.mails.All() {
			if m.To == to && strings.Contains(m.Subject, words) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

var (
	sixDigits  = regexp.MustCompile(`\b\d{6}\b`)
	payAddress = regexp.MustCompile(`/local/pay/cs_test_\w+`)
)

// signIn goes through the form and the mailed code.
func signIn(t testing.TB, d *deployment, email string) *browser {
	t.Helper()
	b := newBrowser(t, d.base)
	asked := b.post("/signin", url.Values{"email": {email}, "next": {"/modules/private_commercial"}})
	if asked.status != http.StatusOK || !strings.HasPrefix(asked.url.Path, "/signin/") {
		t.Fatalf("asked for a code: %d at %s", asked.status, asked.url)
	}
	code := sixDigits.FindString(d.mail(t, email, "sign-in code").Subject)
	in := b.post(asked.url.Path, url.Values{"code": {code}})
	if in.status != http.StatusOK || in.url.Path != "/modules/private_commercial" {
		t.Fatalf("entered the code: %d at %s", in.status, in.url)
	}
	return b
}

const (
	paidLesson = "/modules/private_commercial/lessons/wind-triangle"
	paidWords  = "Check yourself"
)

// TestMainJob drives what the handbook is for, from an author's folder to a
// refund, through two processes of the production build.
func TestMainJob(t *testing.T) {
	t.Parallel()
	d := deploy(t)

	// An author publishes.
	author := []string{"HANDBOOK_URL=" + d.base, "HANDBOOK_TOKEN=" + platformtest.AuthorToken(t, platformtest.Open(t, d.cfg))}
	for _, module := range []string{"private_commercial", "instrument", "bundle"} {
		said := d.command(t, author, "publish", "--activate", "content/"+module)
		if !strings.Contains(said, "It is active.") {
			t.Errorf("publish said:\n%s", said)
		}
	}
	if said := d.command(t, author, "versions", "private_commercial"); !strings.Contains(said, " active ") {
		t.Errorf("versions said:\n%s", said)
	}

	// Anyone reads the free lesson, and nobody a paid one.
	visitor := newBrowser(t, d.base)
	if p := visitor.get("/modules/private_commercial/lessons/density-altitude"); p.status != 200 || !strings.Contains(p.body, paidWords) {
		t.Errorf("the free lesson: %d", p.status)
	}
	refused(t, visitor)

	// A student signs in by the mailed code, and buys.
	const email = "ana@example.com"
	ana := signIn(t, d, email)
	d.mail(t, email, "Welcome")
	refused(t, ana)
	offer := ana.post("/checkout/private_commercial", url.Values{"consent": {"yes"}})
	session := payAddress.FindString(offer.url.Path)
	if offer.status != 200 || session == "" || !strings.Contains(offer.body, "79.00") {
		t.Fatalf("checkout: %d at %s", offer.status, offer.url)
	}
	back := ana.post(d.payBase+session+"/pay", nil)
	if back.status != 200 || !strings.HasPrefix(back.url.Path, "/orders/") {
		t.Fatalf("paid: %d at %s", back.status, back.url)
	}

	// It is open, and told by mail.
	eventually(t, "the lesson is open", func() bool {
		p := ana.get(paidLesson)
		return p.status == 200 && strings.Contains(p.body, paidWords)
	})
	if m := d.mail(t, email, "Private and Commercial Pilot"); !strings.Contains(m.Text, "$79.00") {
		t.Errorf("the confirmation says:\n%s", m.Text)
	}

	// Finished, it counts.
	if p := ana.post(paidLesson+"/finish", nil); p.status != 200 {
		t.Errorf("finish: %d at %s", p.status, p.url)
	}
	if p := ana.get("/api/progress/private_commercial"); !strings.Contains(p.body, `"done":1`) || !strings.Contains(p.body, `"percent":25`) {
		t.Errorf("progress: %s", p.body)
	}

	// A refund closes it, and leaves what was learned.
	if p := ana.post(d.payBase+session+"/refund", nil); p.status != 200 {
		t.Fatalf("refund: %d", p.status)
	}
	eventually(t, "the lesson is closed", func() bool { return ana.get(paidLesson).status == http.StatusPaymentRequired })
	refused(t, ana)
	if p := ana.get("/api/progress/private_commercial"); !strings.Contains(p.body, `"done":1`) {
		t.Errorf("progress after the refund: %s", p.body)
	}

	// What browsers tell of is counted, and nothing is lost when a process ends.
	seen := time.Now().UTC()
	d.tell(t, seen)
	office := platformtest.Open(t, d.cfg)
	events := `SELECT count(*)::text FROM analytics_events`
	eventually(t, "the event is stored", func() bool { return platformtest.Text(t, office, events) == "1" })
	if said := d.command(t, nil, "roll-up", seen.Format(time.DateOnly)); !strings.Contains(said, "is counted again") {
		t.Errorf("roll-up said %s", said)
	}
	eventually(t, "the day is counted", func() bool {
		return platformtest.Text(t, office, `SELECT coalesce(sum(events), 0)::text FROM analytics_daily WHERE kind = 'catalog-viewed'`) == "1"
	})
	defer func() {
		if n := platformtest.Text(t, office, events); n != "2" {
			t.Errorf("%s events are stored at the end, want 2", n)
		}
	}()
	d.tell(t, seen)

	// Each mail came once, and both processes end well.
	confirmations := 0
	for _, m := range d.mails.All() {
		if m.To == email && strings.Contains(m.Subject, "Private and Commercial Pilot") {
			confirmations++
		}
	}
	if confirmations != 1 {
		t.Errorf("%d confirmations, want 1", confirmations)
	}
	for _, p := range []*process{d.web, d.worker} {
		if err := p.stop(t); err != nil {
			t.Errorf("%v ends with %v", p.Args, err)
		}
	}
}

// tell tells that the catalogue was seen, as a browser does.
func (d *deployment) tell(t testing.TB, at time.Time) {
	t.Helper()
	res, err := http.Post(d.base+"/api/analytics", "application/json", strings.NewReader(events(at)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("analytics: %s", res.Status)
	}
}

// events is what a browser tells that saw the catalogue.
func events(at time.Time) string {
	return `{"events":[{"kind":"catalog-viewed","at":"` + at.UTC().Format(time.RFC3339Nano) + `"}]}`
}

// refused checks that the paid lesson is offered instead of shown.
func refused(t testing.TB, b *browser) {
	t.Helper()
	p := b.get(paidLesson)
	if p.status != http.StatusPaymentRequired || strings.Contains(p.body, paidWords) {
		t.Errorf("the paid lesson: %d, its words shown: %v", p.status, strings.Contains(p.body, paidWords))
	}
	api := b.get("/api" + paidLesson)
	if api.status != http.StatusPaymentRequired || !strings.Contains(api.body, `"error":`) || strings.Contains(api.body, paidWords) {
		t.Errorf("the paid lesson as JSON: %d %s", api.status, api.body)
	}
}

// Without what it needs, a deployment says all of it and exits with 1.
func TestDeploymentRefuses(t *testing.T) {
	t.Parallel()
	for word, wants := range map[string][]string{
		"web":    {"DATABASE_URL", "REDIS_URL", "AUTH_URL", "AUTH_SECRET", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "CONTENT_ENCRYPTION_KEY"},
		"worker": {"DATABASE_URL", "REDIS_URL", "MAIL_URL", "MAIL_FROM", "CONTENT_ENCRYPTION_KEY"},
		"":       {"this build is for deployment"},
	} {
		var args []string
		if word != "" {
			args = []string{word}
		}
		p := launch(t, program(t, "production"), t.TempDir(), nil, args...)
		_ = p.end(t)
		if code := p.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%q exits with %d, want 1", word, code)
		}
		for _, want := range wants {
			if !strings.Contains(p.out.String(), want) {
				t.Errorf("%q does not say %q:\n%s", word, want, p.out)
			}
		}
	}
}

// A deployment that starts before its servers waits for them.
func TestDeploymentWaits(t *testing.T) {
	t.Parallel()
	cfg := platformtest.Config(t)
	base := fmt.Sprintf("http://127.0.0.1:%d", platformtest.FreePort(t))
	env := []string{
		"DATABASE_URL=postgres://127.0.0.1:1/none", "REDIS_URL=redis://127.0.0.1:1", "AUTH_URL=" + base, "AUTH_SECRET=" + cfg.AuthSecret.Reveal(),
		"STRIPE_SECRET_KEY=sk_test_x", "STRIPE_WEBHOOK_SECRET=whsec_x", "MAIL_URL=smtp+plain://127.0.0.1:1", "MAIL_FROM=a@example.com",
		"CONTENT_ENCRYPTION_KEY=" + platformtest.ContentKey, "PORT=" + strings.TrimPrefix(base, "http://127.0.0.1:"),
	}
	for _, word := range []string{"web", "worker"} {
		t.Run(word, func(t *testing.T) {
			p := launch(t, program(t, "production"), t.TempDir(), env, word)
			eventually(t, "it is alive", func() bool { return answers(base, "/api/health/live") })
			if answers(base, "/api/health") || answers(base, "/api/health/ready") {
				t.Error("it calls itself healthy")
			}
			if err := p.stop(t); err != nil {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}
