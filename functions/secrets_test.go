package functions_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/bundle"
	"pilothandbook/handbook/offline"
	"pilothandbook/migrations"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/local/postgres"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
	"pilothandbook/worker"
)

// TestSecretsStayHere looks for secrets in the handbook's log and in all that
// PostgreSQL and Redis are ever told, while every route is called by everybody, people sign in, buy,
// give and redeem, jobs run, and nothing can be stored. PostgreSQL logs each
// statement with its parameters, and those of errors, which a server does not
// that nobody has set up otherwise; Redis tells each command. So neither's log
// nor a dump of either can have what is not found here.
func TestSecretsStayHere(t *testing.T) {
	t.Parallel()
	var told platformtest.Paper
	cfg, box := secretive(t, &told)
	till := platformtest.OpenTill(t, cfg)
	w := furnished(t, start(t, cfg, config.Web, &told), till)
	w.work(t, &told)
	found := w.secrets(t)

	w.everything(t) // with what exists
	w.live(t, box, found)
	for _, table := range w.tables(t) {
		w.exec(t, `ALTER TABLE `+table+` ADD CONSTRAINT harm CHECK (false) NOT VALID`)
	}
	w.everything(t)

	platform.FlushLog(w.p.Log)
	text := told.String()
	for _, want := range []string{"INSERT INTO sign_in_requests", `violates check constraint "harm"`, "Failing row contains", "arameters: $1 = ", `"asynq:{email-queue}:`, "session:", `"msg":"request"`, `"msg":"Application error:"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was to happen, and did not", want)
		}
	}
	for name, secret := range found {
		for _, form := range forms(secret) {
			if at := position(text, form); at >= 0 {
				t.Errorf("the %s is told: %s", name, text[max(0, at-300):min(len(text), at+100)])
			}
		}
	}
}

// secretive returns settings full of secrets, with a PostgreSQL and a Redis
// that write all they hear on told, and the mailbox that gets the mail.
func secretive(t *testing.T, told io.Writer) (*config.Config, *mailbox.Mailbox) {
	t.Helper()
	pg, err := postgres.Start(t.Context(), postgres.Options{Log: told})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop() })
	address := pg.URL("postgres") + "&password=canary-of-postgresql"
	if _, err := db.Migrate(t.Context(), address, migrations.Files, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	const password = "canary-of-redis-1234"
	redis := platformtest.StartRedis(t, "--requirepass", password, "--maxmemory-policy", "noeviction")
	overhear(t, redis.Address, password, told)
	box, err := mailbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	cfg := platformtest.Config(t)
	cfg.DatabaseURL, cfg.RedisURL, cfg.RedisCacheURL = config.Secret(address), config.Secret("redis://:"+password+"@"+redis.Address), config.Secret("redis://:"+password+"@"+redis.Address)
	cfg.AuthSecret, cfg.MetricsToken = "canary of the sign-in codes, 32 bytes", "canary-of-the-metrics"
	cfg.StripeSecretKey, cfg.StripeWebhookSecret = "sk_test_canaryOfStripe", "whsec_canaryOfTheWebhook,whsec_canaryOfAnother"
	cfg.MailURL, cfg.CloudinaryAPISecret, cfg.SentryDSN = config.Secret(box.URL()), "canary-of-cloudinary", "https://canaryofsentry@127.0.0.1:1/1"
	p, err := db.Open(db.Options{URL: address, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(time.Second)
	for _, setting := range []string{`log_statement = 'all'`, `log_parameter_max_length_on_error = -1`, `log_parameter_max_length = -1`, `log_error_verbosity = 'verbose'`} {
		if _, err := p.Exec(t.Context(), `ALTER DATABASE postgres SET `+setting); err != nil {
			t.Fatal(err)
		}
	}
	return cfg, box
}

// overhear writes every command that Redis is given on told.
func overhear(t *testing.T, address, password string, told io.Writer) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprintf(c, "AUTH %s\r\nMONITOR\r\n", password); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(told, c) }()
}

// start returns the platform of a service that logs on told.
func start(t *testing.T, cfg *config.Config, s config.Service, told io.Writer) *platform.Platform {
	t.Helper()
	p, err := platform.Open(cfg, s, platform.NewLogger(told, cfg.LogLevel, cfg.Secrets()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// work runs the world's jobs until the test ends.
func (w *world) work(t *testing.T, told io.Writer) {
	t.Helper()
	p := start(t, w.p.Config, config.Worker, told)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx, p, bundle.Compiler{}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// secrets returns those that are there from the beginning, by name.
func (w *world) secrets(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{"author's token": w.token, "unsubscribe token": w.ids["/mailchoice/:token"], "code of a new address": w.ids["{code}"]}
	for role, who := range w.people {
		found["session of "+role] = who.Secret
	}
	for i, secret := range w.p.Config.Secrets() {
		if len(secret) > 5 { // as package scrub has it
			found[fmt.Sprintf("secret %d of the configuration", i)] = secret
		}
	}
	_, key, _ := strings.Cut(platformtest.ContentKey, ":")
	found["wrapping key"] = key
	module, err := offline.ModuleKey(t.Context(), w.p.DB, offline.Keyring(w.p.Config), "instrument")
	if err != nil {
		t.Fatal(err)
	}
	found["module's key"] = base64.StdEncoding.EncodeToString(module.Key[:])
	return found
}

// everything calls every route as everybody, those that may end something last.
func (w *world) everything(t *testing.T) {
	t.Helper()
	for _, changing := range []bool{false, true} {
		for _, route := range w.routes {
			if changes(route) != changing || strings.HasSuffix(route.Path, "/delete") || strings.Contains(route.Path, "signout") {
				continue
			}
			in := inputs()[route.Method+" "+route.Path]
			if in == (input{}) {
				in = form("")
			}
			for _, role := range roles() {
				w.send(t, w.request(t, role, route.Method, w.path(t, route), in))
			}
		}
	}
	for _, secret := range []string{"canary-of-nobody-12345", "hbk_canaryOfNobody12345"} { // that open nothing
		for _, path := range []string{"/orders", "/api/versions/instrument", "/mailchoice/" + secret, "/signin/" + aRun + "?link=" + secret} {
			r := platformtest.Request(t, &platformtest.User{Secret: secret}, "GET", path, nil)
			r.Header.Set("Authorization", "Bearer "+secret)
			w.send(t, r)
		}
	}
}

// live signs somebody in by code and another one by link, who buys a gift that
// the first one redeems. It adds the secrets on the way to found.
func (w *world) live(t *testing.T, box *mailbox.Mailbox, found map[string]string) {
	t.Helper()
	found["session that is none"], found["token that is none"] = "canary-of-nobody-12345", "hbk_canaryOfNobody12345"
	ana := w.enter(t, box, "ana.by.code@example.com", found, digits, "code")
	bob := w.enter(t, box, "bob.by.link@example.com", found, link, "link")
	got := w.send(t, platformtest.Request(t, bob, "POST", "/checkout/private_commercial", platformtest.AsGift()))
	var to struct{ URL string }
	got.Into(t, &to)
	w.till.Deliver(t, w.h)
	w.till.Pay(t, to.URL)
	code := mailed(t, box, bob.Email, gift)
	found["code of a gift"], found["letters of a gift's code"] = code, strings.ReplaceAll(code, "-", "")
	if got := w.send(t, platformtest.Form(t, ana, "/redeem", "code="+code)); got.Status != http.StatusSeeOther {
		t.Fatal("the gift is not redeemed:", got)
	}
	w.send(t, platformtest.Form(t, bob, "/account/delete", "confirm="+bob.Email))
	w.send(t, platformtest.Form(t, ana, "/signout", ""))
}

// What mails say.
var (
	digits = regexp.MustCompile(`(?m)^([0-9]{6}) is your sign-in code`)
	link   = regexp.MustCompile(`\?link=(\S+)`)
	gift   = regexp.MustCompile(`([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})`)
)

// enter signs somebody in, with a wrong code first.
func (w *world) enter(t *testing.T, box *mailbox.Mailbox, email string, found map[string]string, proof *regexp.Regexp, field string) *platformtest.User {
	t.Helper()
	asked := w.send(t, platformtest.Form(t, nil, "/signin", url.Values{"email": {email}}.Encode()))
	path := asked.Header.Get("Location")
	for name, says := range map[string]*regexp.Regexp{"sign-in code": digits, "sign-in link": link} {
		secret, err := url.QueryUnescape(mailed(t, box, email, says))
		if err != nil {
			t.Fatal(err)
		}
		found[name+" of "+email] = secret
	}
	browser := cookies(asked)
	found["browser of "+email] = browser[0].Value
	var got platformtest.Answer
	for _, value := range []string{"canary-of-nobody-12345", mailed(t, box, email, proof)} {
		if value, err := url.QueryUnescape(value); err != nil {
			t.Fatal(value, err)
		}
		r := platformtest.Form(t, nil, path, field+"="+value)
		r.AddCookie(browser[0])
		got = w.send(t, r)
	}
	for _, c := range cookies(got) {
		if c.Name == web.CookieName(w.p.Config.Secure(), account.SessionCookie) {
			found["session of "+email] = c.Value
			return &platformtest.User{Email: email, Secret: c.Value}
		}
	}
	t.Fatalf("%s is not signed in: %d %s", email, got.Status, got.Body)
	return nil
}

func cookies(a platformtest.Answer) []*http.Cookie {
	return (&http.Response{Header: a.Header}).Cookies()
}

// mailed waits for a mail to an address and returns what it says in the place
// of the first group.
func mailed(t *testing.T, box *mailbox.Mailbox, to string, says *regexp.Regexp) string {
	t.Helper()
	for range 3000 {
		for _, m := range box.All() {
			if found := says.FindStringSubmatch(m.Text); m.To == to && found != nil {
				return found[1]
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no mail to %s says %s", to, says)
	return ""
}

// forms returns how a secret may be told: as it is, or by its bytes as
// PostgreSQL prints them.
func forms(secret string) []string {
	all := []string{secret, hex.EncodeToString([]byte(secret))}
	for _, coding := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} {
		if raw, err := coding.DecodeString(secret); err == nil && len(raw) >= 16 {
			all = append(all, hex.EncodeToString(raw))
		}
	}
	return all
}

// position returns where a secret is told, -1 if nowhere. Digits count where
// they stand alone: they are within other numbers by chance.
func position(text, secret string) int {
	if strings.Trim(secret, "0123456789") != "" {
		return strings.Index(text, secret)
	}
	if at := regexp.MustCompile(`[^0-9A-Za-z.:_-]` + secret + `[^0-9A-Za-z_-]`).FindStringIndex(text); at != nil {
		return at[0]
	}
	return -1
}
