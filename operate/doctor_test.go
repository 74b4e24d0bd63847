package operate_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/platformtest"
)

// patient is a deployment that is well, in which a test breaks something.
type patient struct {
	*platform.Platform
	web, worker *config.Config
	endpoints   string        // Stripe's webhook endpoints
	slow        time.Duration // Stripe's clock is behind
	status      int           // of all that Stripe answers, if not zero
	undelivered string        // events
	cloud       int           // what Cloudinary answers
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	cfg := platformtest.Config(t)
	platformtest.OpenTill(t, cfg)
	box, err := mailbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	cfg.MailURL = config.Secret(box.URL())
	s := &patient{endpoints: endpoint("enabled", "2023-10-16", "*")}
	cfg.StripeAPIBase = s.stripe(t, cfg.StripeAPIBase)
	s.Platform = platformtest.Open(t, cfg)
	web, worker := *cfg, *cfg
	worker.DatabaseMaxConns = 3
	s.web, s.worker = &web, &worker
	exec(t, s.Platform, `INSERT INTO schedule (name, slot) VALUES ('reconcile', now()), ('upkeep', now() - interval '30 minutes'), ('analytics-today', now()), ('analytics-kept', now())`)
	return s
}

func endpoint(status, version, event string) string {
	return fmt.Sprintf(`{"id": "we_1", "object": "webhook_endpoint", "url": "http://localhost:3000/api/stripe/webhook", "status": %q, "api_version": %q, "enabled_events": [%q]}`, status, version, event)
}

// stripe stands before the stand-in, which knows no webhook endpoints.
func (s *patient) stripe(t *testing.T, till string) string {
	t.Helper()
	to, err := url.Parse(till)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(to)
	through.ModifyResponse = func(r *http.Response) error {
		r.Header.Set("Date", time.Now().Add(-s.slow).UTC().Format(http.TimeFormat))
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.status != 0:
			w.WriteHeader(s.status)
			fmt.Fprint(w, `{"error": {"message": "Invalid API Key provided"}}`)
		case s.undelivered != "" && r.URL.Query().Get("delivery_success") == "false":
			fmt.Fprintf(w, `{"object": "list", "url": "/v1/events", "has_more": false, "data": [%s]}`, s.undelivered)
		case r.URL.Path == "/v1/webhook_endpoints":
			fmt.Fprintf(w, `{"object": "list", "url": "/v1/webhook_endpoints", "has_more": false, "data": [%s]}`, s.endpoints)
		default:
			through.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (s *patient) examine(t *testing.T) (int, string) {
	t.Helper()
	var out strings.Builder
	n, err := operate.Diagnose(t.Context(), s.web, s.worker, &out, s)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines[:len(lines)-1] {
		if verdict := strings.Fields(line)[0]; (verdict == "bad" || verdict == "warn") && !strings.HasPrefix(strings.TrimSpace(lines[i+1]), "-> ") {
			t.Errorf("it does not say what to do: %s", line)
		}
	}
	return n, out.String()
}

// RoundTrip answers as Cloudinary does, for one account.
func (s *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	key, secret, _ := r.BasicAuth()
	if s.cloud == 0 {
		return nil, errors.New("nobody is there")
	}
	if r.URL.String() != "https://api.cloudinary.com/v1_1/skies/ping" || key != "key" || secret != "a secret of skies" {
		return nil, fmt.Errorf("it is asked for %s by %s", r.URL, key)
	}
	return &http.Response{StatusCode: s.cloud, Status: http.StatusText(s.cloud), Body: http.NoBody, Request: r}, nil
}

// connect has a service open n connections, until the test ends.
func (s *patient) connect(t *testing.T, as config.Service, n int) {
	t.Helper()
	cfg := *s.Config
	cfg.DatabaseMaxConns = int32(n + 1) // of the worker's its queue has one
	p, err := platform.Open(&cfg, as, platformtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	for range n {
		c, err := p.DB.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Release)
	}
}

// mute has a function of PostgreSQL fail wherever the doctor calls it.
func (s *patient) mute(t *testing.T, function, returns string) {
	t.Helper()
	exec(t, s.Platform, `CREATE FUNCTION public.`+function+` RETURNS `+returns+` LANGUAGE sql AS $$ SELECT ('mute' || random())::`+returns+` $$`)
	s.find(t, "public, pg_catalog")
}

// find sets where the doctor's connections look names up first.
func (s *patient) find(t *testing.T, path string) {
	t.Helper()
	exec(t, s.Platform, `ALTER DATABASE "`+platformtest.Text(t, s.Platform, `SELECT current_database()`)+`" SET search_path = `+path)
}

// skies gives the worker an account at Cloudinary, which answers so.
func (s *patient) skies(answers int) {
	s.worker.CloudinaryCloudName, s.worker.CloudinaryAPIKey, s.worker.CloudinaryAPISecret = "skies", "key", "a secret of skies"
	s.cloud = answers
}

// All is well, but for what a test cannot have.
func TestDoctorWell(t *testing.T) {
	t.Parallel()
	s := newPatient(t)
	n, out := s.examine(t)
	if left := platformtest.Text(t, s.Platform, `SELECT count(*)::text FROM blobs`); left != "0" {
		t.Errorf("%s blobs are left", left)
	}
	if n != 0 || !strings.HasSuffix(out, "\n0 problems\n") {
		t.Errorf("%d problems:\n%s", n, out)
	}
	var about []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "warn") && !strings.Contains(line, "not Stripe") {
			t.Errorf("%s", line)
		}
		if f := strings.Fields(line); f[0] == "ok" || f[0] == "warn" {
			about = append(about, f[1])
		}
	}
	want := "configuration PostgreSQL clock connections schema schedule schedule schedule schedule offline attention attention attention attention attention attention attention attention attention storage Redis Stripe clock webhook deliveries mail"
	if got := strings.Join(about, " "); got != want {
		t.Errorf("it looks at\n%s, want\n%s", got, want)
	}
	for _, secret := range []string{"sk_test_handbook", "whsec_handbook", "a secret of the tests", "a secret of skies"} {
		if strings.Contains(out, secret) {
			t.Errorf("it tells %q", secret)
		}
	}
}

func TestDoctorFinds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for _, tc := range []struct {
		name     string
		hurt     func(t *testing.T, s *patient)
		problems int
		want     string
	}{
		{"configuration", func(_ *testing.T, s *patient) { s.web.AuthSecret, s.worker.AuthSecret = "short", "short" }, 2, "AUTH_SECRET has 5 characters"},
		{"the worker's alone", func(_ *testing.T, s *patient) { s.worker.MailURL = "" }, 0, "warn  mail           MAIL_URL is not set here"},
		{"no database", func(_ *testing.T, s *patient) { s.web.DatabaseURL = "postgres://127.0.0.1:1/x" }, 1, "bad   PostgreSQL     it does not answer"},
		{"silent servers", func(_ *testing.T, s *patient) {
			s.web.DatabaseURL = config.Secret("postgres://" + silent.Addr().String() + "/x?sslmode=disable")
			s.web.RedisURL, s.worker.MailURL = config.Secret("redis://"+silent.Addr().String()), config.Secret("smtp+plain://"+silent.Addr().String())
		}, 3, "bad   mail           connect to 127.0.0.1:"},
		{"an empty database", func(t *testing.T, s *patient) { s.web.DatabaseURL = config.Secret(platformtest.EmptyDatabase(t)) }, 1, "-> handbook migrate"},
		{"an older schema", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
		}, 1, "this program needs"},
		{"a newer schema", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
		}, 0, "warn  schema         it is at 9999"},
		{"read only", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `ALTER DATABASE "`+platformtest.Text(t, s.Platform, `SELECT current_database()`)+`" SET default_transaction_read_only = on`)
		}, 1, "it can only be read"},
		{"as many connections as there are", func(_ *testing.T, s *patient) { s.web.DatabaseMaxConns = 75; s.worker.DatabaseMaxConns = 73 }, 0, "connections    web 75 and worker 73, twice while a deploy overlaps, 0 for functions on Lambda, and 1 for a command are 297; PostgreSQL allows 297"},
		{"connections of one environment", func(_ *testing.T, s *patient) { s.web.DatabaseMaxConns = 10; s.worker.DatabaseMaxConns = 10 }, 0, "PostgreSQL allows 297; DATABASE_MAX_CONNS is 10 here and stands for both"},
		{"connections of one process here", func(_ *testing.T, s *patient) {
			s.web.AppEnv, s.worker.DatabaseMaxConns = "development", s.web.DatabaseMaxConns
		}, 0, "ok    connections    web 4 and worker 4"},
		{"as many connections as two workers have", func(t *testing.T, s *patient) { s.connect(t, config.Worker, 6) }, 0, "ok    connections"},
		{"more connections than two workers have", func(t *testing.T, s *patient) { s.connect(t, config.Worker, 7) }, 0, "PostgreSQL allows 297; 7 of the worker are open now, more than twice the 3"},
		{"more connections than two of web have", func(t *testing.T, s *patient) { s.connect(t, config.Web, 9) }, 0, "of web are open now, more than twice the 4"},
		{"functions that nobody counted", func(t *testing.T, s *patient) { s.connect(t, config.Lambda, 1) }, 0, "1 of functions on Lambda are open now, more than twice the 0"},
		{"too many connections", func(_ *testing.T, s *patient) { s.web.DatabaseMaxConns = 100; s.worker.DatabaseMaxConns = 100 }, 1, "bad   connections    web 100 and worker 100"},
		{"as many functions as there is room for", func(_ *testing.T, s *patient) { s.web.Functions = 282 }, 0, "282 for functions on Lambda, and 1 for a command are 297; PostgreSQL allows 297"},
		{"too many functions", func(_ *testing.T, s *patient) { s.worker.Functions = 283 }, 1, "bad   connections    web 4 and worker 3, twice while a deploy overlaps, 283 for functions on Lambda"},
		{"others who connect", func(t *testing.T, s *patient) {
			s.web.Functions = 282
			c, err := pgx.Connect(t.Context(), s.web.DatabaseURL.Reveal())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close(context.Background()) })
		}, 0, "warn  connections    web 4 and worker 3, twice while a deploy overlaps, 282 for functions on Lambda, and 1 for a command are 297; PostgreSQL allows 297, of which others have"},
		{"a worker that stands still", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `UPDATE schedule SET slot = now() - interval '13 minutes' WHERE name = 'reconcile'`)
		}, 1, "bad   schedule       reconcile began 13m0s ago, but is to begin every 10m0s"},
		{"no worker yet", func(t *testing.T, s *patient) { exec(t, s.Platform, `DELETE FROM schedule`) }, 0, "warn  schedule       upkeep has never begun"},
		{"something waits", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `INSERT INTO outbox (id, kind, queue, payload, state, finished_at, error) VALUES (gen_random_uuid(), 'reconcile', 'lane', '{}', 'dead', now(), 'odd')`)
		}, 1, "of kind reconcile: odd"},
		{"no package", func(t *testing.T, s *patient) {
			platformtest.Sell(t, s.Platform)
			exec(t, s.Platform, `UPDATE content_versions SET activated_at = now() - interval '1 hour' WHERE module_id = 'instrument'`)
		}, 1, "1 versions that readers have cannot be read offline, as they have no package, the first for 1h0m0s: instrument"},
		{"a lost key", func(t *testing.T, s *patient) {
			platformtest.Sell(t, s.Platform)
			exec(t, s.Platform, `INSERT INTO module_keys (id, module_key, wrapped, wrapped_by) VALUES (gen_random_uuid(), 'instrument', 'x', 'gone')`)
		}, 1, `packages of instrument: key of "instrument": the key "gone" is not in CONTENT_ENCRYPTION_KEY`},
		{"no address of Redis", func(_ *testing.T, s *patient) { s.web.RedisURL = "" }, 1, "bad   Redis          REDIS_URL is not set"},
		{"no address of PostgreSQL", func(_ *testing.T, s *patient) { s.web.DatabaseURL = "" }, 1, "bad   PostgreSQL     DATABASE_URL is not set"},
		{"no key of Stripe", func(_ *testing.T, s *patient) { s.web.StripeSecretKey = "" }, 1, "bad   Stripe         STRIPE_SECRET_KEY is not set"},
		{"a Redis that tells nothing", func(t *testing.T, s *patient) {
			s.web.RedisURL = config.Secret("redis://" + platformtest.StartRedis(t, "--rename-command", "INFO", "").Address)
		}, 0, "warn  Redis          it answers, but does not tell its maxmemory-policy"},
		{"no room for blobs", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `ALTER TABLE blobs ADD CHECK (size < 10)`)
		}, 1, "bad   storage        a blob cannot be written"},
		{"blobs that stay", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `CREATE RULE stay AS ON DELETE TO blobs DO INSTEAD NOTHING`)
		}, 1, "bad   storage        a blob cannot be removed"},
		{"a mute clock", func(t *testing.T, s *patient) { s.mute(t, "clock_timestamp()", "timestamptz") }, 1, "bad   clock          PostgreSQL does not tell the time"},
		{"a limit that nobody may see", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `CREATE VIEW public.pg_roles AS SELECT * FROM pg_catalog.pg_roles WHERE false`)
			s.find(t, "public, pg_catalog")
		}, 0, "warn  connections    PostgreSQL does not tell how many it allows"},
		{"schedules that cannot be read", func(t *testing.T, s *patient) { exec(t, s.Platform, `ALTER TABLE schedule RENAME slot TO pigeonhole`) }, 4, "bad   schedule       reconcile: "},
		{"keys that cannot be read", func(t *testing.T, s *patient) {
			exec(t, s.Platform, `ALTER TABLE module_keys RENAME wrapped TO bare`)
		}, 1, "bad   offline        "},
		{"jobs that cannot be read", func(t *testing.T, s *patient) { exec(t, s.Platform, `ALTER TABLE outbox RENAME kind TO sort`) }, 1, "bad   attention      "},
		{"a size that is not told", func(t *testing.T, s *patient) { s.mute(t, "pg_database_size(name)", "bigint") }, 0, "warn  storage        PostgreSQL does not tell its size"},
		{"caches of their own", func(t *testing.T, s *patient) { s.web.RedisCacheURL = config.Secret(platformtest.Redis(t)) }, 0, "ok    caches         their own Redis answers"},
		{"no caches", func(_ *testing.T, s *patient) { s.web.RedisCacheURL = "redis://127.0.0.1:1" }, 1, "bad   caches         their Redis does not answer"},
		{"an account at Cloudinary", func(_ *testing.T, s *patient) { s.skies(http.StatusOK) }, 0, "ok    Cloudinary     it lets us in"},
		{"another account", func(_ *testing.T, s *patient) { s.skies(http.StatusUnauthorized) }, 1, "bad   Cloudinary     it does not let us in: Unauthorized"},
		{"no Cloudinary", func(_ *testing.T, s *patient) { s.skies(0) }, 1, "bad   Cloudinary     it does not answer"},
		{"events that were not delivered", func(_ *testing.T, s *patient) {
			s.undelivered = fmt.Sprintf(`{"id": "evt_1", "object": "event", "created": %d}`, time.Now().Add(-time.Hour).Unix())
		}, 0, "warn  deliveries     Stripe could not deliver 1 events of the last day at once, the first of them 1h0m"},
		{"no Redis", func(_ *testing.T, s *patient) { s.web.RedisURL = "redis://127.0.0.1:1" }, 1, "bad   Redis"},
		{"a Redis that evicts", func(t *testing.T, s *patient) {
			s.web.RedisURL = config.Secret("redis://" + platformtest.StartRedis(t, "--maxmemory-policy", "allkeys-lru").Address)
		}, 1, `its maxmemory-policy is "allkeys-lru"`},
		{"a refused key", func(_ *testing.T, s *patient) { s.status = 401 }, 1, "bad   Stripe         it refuses the key: 401 Invalid API Key provided"},
		{"Stripe's clock", func(_ *testing.T, s *patient) { s.slow = 10 * time.Second }, 1, "that of Stripe are"},
		{"no webhook", func(_ *testing.T, s *patient) { s.endpoints = "" }, 1, "no endpoint leads to http://localhost:3000/api/stripe/webhook"},
		{"a webhook elsewhere", func(_ *testing.T, s *patient) { s.web.AuthURL = "http://127.0.0.1:3000" }, 1, "only to localhost:3000"},
		{"a disabled webhook", func(_ *testing.T, s *patient) { s.endpoints = endpoint("disabled", "2023-10-16", "*") }, 1, "its endpoint is disabled"},
		{"a webhook without a version", func(_ *testing.T, s *patient) { s.endpoints = endpoint("enabled", "", "*") }, 0, "warn  webhook        its endpoint has no API version of its own"},
		{"a newer webhook", func(_ *testing.T, s *patient) { s.endpoints = endpoint("enabled", "2025-01-27", "*") }, 1, "has API version 2025-01-27"},
		{"a webhook of few words", func(_ *testing.T, s *patient) { s.endpoints = endpoint("enabled", "2023-10-16", "charge.refunded") }, 1, "does not tell of charge.dispute.closed"},
		{"no webhook secret", func(_ *testing.T, s *patient) { s.web.StripeWebhookSecret = "" }, 0, "warn  webhook        STRIPE_WEBHOOK_SECRET"},
		{"no mail server", func(_ *testing.T, s *patient) { s.worker.MailURL = "smtp+plain://127.0.0.1:1" }, 1, "bad   mail           connect to 127.0.0.1:1"},
		{"a mail server without TLS", func(_ *testing.T, s *patient) {
			s.worker.MailURL = config.Secret(strings.Replace(s.worker.MailURL.Reveal(), "smtp+plain://", "smtp://", 1))
		}, 1, "bad   mail"},
		{"nothing set", func(_ *testing.T, s *patient) { s.web, s.worker = &config.Config{}, &config.Config{} }, 1, "none of the variables of a deployment is set here"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newPatient(t)
			tc.hurt(t, s)
			if n, out := s.examine(t); n != tc.problems || !strings.Contains(out, tc.want) {
				t.Errorf("%d problems, want %d and %q:\n%s", n, tc.problems, tc.want, out)
			}
		})
	}
}
