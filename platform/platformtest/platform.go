package platformtest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/db"
	"pilothandbook/platform/web"
	"pilothandbook/router"
)

// OperatorEmail is the address in ADMIN_EMAILS of every test.
const OperatorEmail = "operator@example.com"

// ContentKey is the CONTENT_ENCRYPTION_KEY of every test, which is random.
const ContentKey = "tests:9hGlUhwOAyCSWWnsQtuXkf2t3lcVyu1R0fbQ8gtU5RY="

// Config returns the settings of a test, with a database and a Redis of its
// own.
func Config(t testing.TB) *config.Config {
	t.Helper()
	redis := config.Secret(Redis(t))
	return &config.Config{
		AppEnv: "production", Port: 3000, LogLevel: "info",
		DatabaseURL: config.Secret(Database(t)), DatabaseMaxConns: 4,
		RedisURL: redis, RedisCacheURL: redis, BlobURL: "postgres",
		AuthURL: "http://localhost:3000", AuthSecret: "a secret of the tests, 32 bytes or more", AdminEmails: OperatorEmail,
		StripeSecretKey: "sk_test_handbook", StripeWebhookSecret: "whsec_handbook",
		MailURL: "smtp+plain://127.0.0.1:1", MailFrom: "Handbook <handbook@example.com>", ContentEncryptionKey: ContentKey,
	}
}

// New returns a platform of the test's own.
func New(t testing.TB) *platform.Platform {
	t.Helper()
	return Open(t, Config(t))
}

// Open returns a platform with these settings.
func Open(t testing.TB, cfg *config.Config) *platform.Platform {
	t.Helper()
	p, err := platform.Open(cfg, config.Web, Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Log returns a log that is shown when the test fails.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// User is somebody signed in on one device.
type User struct {
	ID     uuid.UUID
	Email  string
	Secret string // of the session
}

// Learner signs somebody in.
func Learner(t testing.TB, p *platform.Platform, email string) *User {
	t.Helper()
	u := &User{Email: email}
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) (err error) {
		if u.ID, err = account.Enter(t.Context(), tx, email); err != nil {
			return err
		}
		u.Secret, err = account.Begin(t.Context(), tx, u.ID, "Test", true)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Operator signs an operator in, who is an author too.
func Operator(t testing.TB, p *platform.Platform) *User {
	t.Helper()
	return Learner(t, p, OperatorEmail)
}

// AuthorToken returns a token of an author.
func AuthorToken(t testing.TB, p *platform.Platform) string {
	t.Helper()
	_, token, err := account.NewToken(t.Context(), p.DB, Operator(t, p).ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Answer is what a function answered.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Into decodes a JSON answer.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		t.Fatalf("status %d, body %q: %v", a.Status, a.Body, err)
	}
}

// Call mounts just these routes with the real guards and sends one request.
// who may be nil. body is sent as JSON; a string or a reader as it is.
func Call(t testing.TB, p *platform.Platform, routes []web.Route, who *User, method, path string, body any) Answer {
	t.Helper()
	return Send(t, p, routes, Request(t, who, method, path, body))
}

// Request makes a request of who, as a page of the handbook has a browser send
// it.
func Request(t testing.TB, who *User, method, path string, body any) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, reader(t, body))
	switch body.(type) {
	case nil, string, io.Reader:
	default:
		r.Header.Set("Content-Type", "application/json")
	}
	if who != nil {
		r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: who.Secret})
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

// Form makes a request of who that sends an HTML form and wants a page.
func Form(t testing.TB, who *User, path, values string) *http.Request {
	t.Helper()
	r := Request(t, who, http.MethodPost, path, values)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	return r
}

// Send mounts routes and sends a request that is ready. Request and answer must
// be as the description of all functions says.
func Send(t testing.TB, p *platform.Platform, routes []web.Route, r *http.Request) Answer {
	t.Helper()
	w, agree := httptest.NewRecorder(), Watch(t, routes, r)
	router.New(p, routes...).ServeHTTP(w, r)
	a := Answer{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	agree(a)
	return a
}

func reader(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	case io.Reader:
		return b
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}
