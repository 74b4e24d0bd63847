package config_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"pilothandbook/platform/config"
)

// Keys of 32 random bytes.
const (
	goodKey    = "9hGlUhwOAyCSWWnsQtuXkf2t3lcVyu1R0fbQ8gtU5RY="
	anotherKey = "lTPdYMjs8BfTvCnWfdbM3SSLXcKyhZTeBIWaRhfU2nA="
)

// complete is a configuration that every service accepts.
func complete() map[string]string {
	return map[string]string{
		"DATABASE_URL":           "postgresql://handbook_user:pw@db.internal:5432/pilot_handbook",
		"REDIS_URL":              "redis://default:pw@redis.internal:6379",
		"AUTH_URL":               "https://handbook.example",
		"AUTH_SECRET":            strings.Repeat("s", 32),
		"STRIPE_SECRET_KEY":      "sk_live_x",
		"STRIPE_WEBHOOK_SECRET":  "whsec_x",
		"CONTENT_ENCRYPTION_KEY": goodKey,
		"MAIL_URL":               "smtp://user:pw@mail.example:587",
		"MAIL_FROM":              "Handbook <hello@handbook.example>",
	}
}

// set makes the environment hold these variables and none of the others that
// are read. (t.Setenv forbids parallel tests.)
func set(t *testing.T, env map[string]string) {
	t.Helper()
	for _, name := range []string{"NODE_ENV", "NEXTAUTH_URL", "NEXTAUTH_SECRET", "RAILWAY_PUBLIC_DOMAIN", "HOSTNAME", "PORT", "APP_ENV"} {
		unset(t, name)
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
}

// unset clears a variable for the test and restores it afterwards.
func unset(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "")
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

func TestLoad(t *testing.T) {
	for _, tc := range []struct {
		name    string
		service config.Service
		change  map[string]string
		faults  []string // none: it loads
	}{
		{"web", config.Web, nil, nil},
		{"worker", config.Worker, nil, nil},
		{"everything missing is said at once", config.Web,
			map[string]string{"DATABASE_URL": "", "REDIS_URL": "", "AUTH_URL": "", "AUTH_SECRET": "", "STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRET": "", "CONTENT_ENCRYPTION_KEY": ""},
			[]string{"DATABASE_URL is not set", "REDIS_URL is not set", "AUTH_URL is not set", "AUTH_SECRET is not set", "STRIPE_SECRET_KEY is not set", "STRIPE_WEBHOOK_SECRET is not set", "CONTENT_ENCRYPTION_KEY is not set"}},
		{"worker needs mail", config.Worker, map[string]string{"MAIL_URL": "", "MAIL_FROM": ""}, []string{"MAIL_URL is not set", "MAIL_FROM is not set"}},
		{"worker takes no webhooks", config.Worker, map[string]string{"STRIPE_WEBHOOK_SECRET": ""}, nil},
		{"lambda needs no redis", config.Lambda, map[string]string{"REDIS_URL": "", "AUTH_SECRET": "", "STRIPE_SECRET_KEY": "", "CONTENT_ENCRYPTION_KEY": ""}, nil},
		{"not a database", config.Web, map[string]string{"DATABASE_URL": "mysql://x"}, []string{"DATABASE_URL must be a URL that begins with postgres://"}},
		{"not a redis", config.Web, map[string]string{"REDIS_URL": "http://x"}, []string{"REDIS_URL must be a URL"}},
		{"short secret", config.Web, map[string]string{"AUTH_SECRET": "short"}, []string{"AUTH_SECRET has 5 characters"}},
		{"path in the address", config.Web, map[string]string{"AUTH_URL": "https://handbook.example/app"}, []string{"AUTH_URL must be an address without a path"}},
		{"plain http in production", config.Web, map[string]string{"AUTH_URL": "http://handbook.example"}, []string{"AUTH_URL must begin with https://"}},
		{"modes of stripe's keys", config.Web, map[string]string{"STRIPE_PUBLISHABLE_KEY": "pk_test_x"}, []string{"different modes"}},
		{"other address of stripe with a live key", config.Web, map[string]string{"STRIPE_API_BASE": "http://127.0.0.1:1"}, []string{"STRIPE_API_BASE may only be set with a test key"}},
		{"other address of stripe with a test key", config.Web, map[string]string{"STRIPE_API_BASE": "http://127.0.0.1:1", "STRIPE_SECRET_KEY": "sk_test_x"}, nil},
		{"not stripe's key", config.Web, map[string]string{"STRIPE_SECRET_KEY": "key"}, []string{"STRIPE_SECRET_KEY must begin with"}},
		{"not stripe's webhook secret", config.Web, map[string]string{"STRIPE_WEBHOOK_SECRET": "whsec_a,b"}, []string{"STRIPE_WEBHOOK_SECRET must begin with"}},
		{"half of cloudinary", config.Web, map[string]string{"CLOUDINARY_API_KEY": "x"}, []string{"must be set together"}},
		{"content key", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": "short"}, []string{"CONTENT_ENCRYPTION_KEY must be 32 bytes"}},
		{"content key of another length", config.Worker, map[string]string{"CONTENT_ENCRYPTION_KEY": "AAAA"}, []string{"CONTENT_ENCRYPTION_KEY must be 32 bytes"}},
		{"content keyring", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": "2:" + anotherKey + ",1:" + goodKey}, nil},
		{"one id twice", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": "1:" + anotherKey + ",1:" + goodKey}, []string{`two keys with the id "1"`}},
		{"no id", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": ":" + goodKey}, []string{"whose id is not of"}},
		{"key and id swapped", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": goodKey + ":1"}, []string{"whose id is not of"}},
		{"zeros as content key", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": strings.Repeat("A", 43) + "="}, []string{`the key "0" is not random`}},
		{"text as content key", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString([]byte("your-encryption-key-of-32-bytes!"))}, []string{"is not random"}},
		{"steps as content key", config.Web, map[string]string{"CONTENT_ENCRYPTION_KEY": "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}, []string{`the key "a" is not random`}},
		{"operators", config.Web, map[string]string{"ADMIN_EMAILS": "ana@example.com,nobody"}, []string{`ADMIN_EMAILS has "nobody"`}},
		{"sender", config.Worker, map[string]string{"MAIL_FROM": "nobody"}, []string{"MAIL_FROM must be an address"}},
		{"environment", config.Web, map[string]string{"APP_ENV": "staging"}, []string{"APP_ENV is"}},
		{"level", config.Web, map[string]string{"LOG_LEVEL": "loud"}, []string{"LOG_LEVEL is"}},
		{"port", config.Web, map[string]string{"PORT": "70000"}, []string{"PORT is 70000"}},
		{"family", config.Web, map[string]string{"REDIS_IP_FAMILY": "5"}, []string{"REDIS_IP_FAMILY is 5"}},
		{"blobs", config.Web, map[string]string{"BLOB_URL": "s3://bucket"}, []string{"BLOB_URL is"}},
		{"connections", config.Web, map[string]string{"DATABASE_MAX_CONNS": "1000"}, []string{"DATABASE_MAX_CONNS is 1000"}},
		{"functions", config.Web, map[string]string{"LAMBDA_CONCURRENCY": "-1"}, []string{"LAMBDA_CONCURRENCY is -1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := complete()
			for name, value := range tc.change {
				env[name] = value
			}
			set(t, env)
			_, err := config.Load(tc.service)
			if (err != nil) != (tc.faults != nil) {
				t.Fatalf("error %v, want faults %q", err, tc.faults)
			}
			for _, f := range tc.faults {
				if !strings.Contains(err.Error(), f) {
					t.Errorf("error %q does not say %q", err, f)
				}
			}
			if err != nil && strings.Contains(err.Error(), "pw@") {
				t.Errorf("the error shows a password: %q", err)
			}
			if err != nil && (strings.Contains(err.Error(), goodKey) || strings.Contains(err.Error(), anotherKey)) {
				t.Errorf("the error shows a key: %q", err)
			}
		})
	}
}

func TestValues(t *testing.T) {
	t.Run("old names", func(t *testing.T) {
		env := complete()
		delete(env, "AUTH_URL")
		delete(env, "AUTH_SECRET")
		env["NEXTAUTH_URL"], env["NEXTAUTH_SECRET"], env["NODE_ENV"] = "old.example", strings.Repeat("o", 40), "development"
		set(t, env)
		unset(t, "AUTH_URL")
		unset(t, "AUTH_SECRET")
		c := load(t, config.Web)
		if c.AuthURL != "https://old.example" || c.AuthSecret.Reveal() != strings.Repeat("o", 40) || c.Production() {
			t.Errorf("got %q, %q, production %v", c.AuthURL, c.AuthSecret.Reveal(), c.Production())
		}
	})
	t.Run("the domain Railway gives", func(t *testing.T) {
		env := complete()
		env["AUTH_URL"], env["RAILWAY_PUBLIC_DOMAIN"] = "", "web.up.railway.app"
		set(t, env)
		if c := load(t, config.Web); c.AuthURL != "https://web.up.railway.app" || c.Host() != "web.up.railway.app" {
			t.Errorf("got %q, host %q", c.AuthURL, c.Host())
		}
	})
	t.Run("connections by service", func(t *testing.T) {
		set(t, complete())
		for s, want := range map[config.Service]int32{config.Web: 4, config.Worker: 3, config.Lambda: 1, config.Command: 1} {
			if got := load(t, s).DatabaseMaxConns; got != want {
				t.Errorf("%s has %d connections, want %d", s, got, want)
			}
		}
	})
	t.Run("where to listen", func(t *testing.T) {
		for host, want := range map[string]string{"": ":8080", "web-7c9f": ":8080", "0.0.0.0": ":8080", "::": ":8080", "127.0.0.1": "127.0.0.1:8080"} {
			env := complete()
			env["HOSTNAME"], env["PORT"] = host, "8080"
			set(t, env)
			if got := load(t, config.Web).Listen(); got != want {
				t.Errorf("HOSTNAME %q listens on %q, want %q", host, got, want)
			}
		}
	})
	t.Run("caches use the queue's Redis unless told", func(t *testing.T) {
		set(t, complete())
		if c := load(t, config.Web); c.RedisCacheURL != c.RedisURL {
			t.Error("the caches have another Redis")
		}
	})
}

func load(t *testing.T, s config.Service) *config.Config {
	t.Helper()
	c, err := config.Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSecret(t *testing.T) {
	t.Parallel()
	c := config.Config{StripeSecretKey: "sk_live_hidden"}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), c.StripeSecretKey.String(), string(j)} {
		if strings.Contains(printed, "hidden") {
			t.Errorf("a secret is printed: %s", printed)
		}
	}
}

func TestLoadLocal(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  map[string]string
		want string // part of the error, "" for none
	}{
		{"nothing set", nil, ""},
		{"production", map[string]string{"APP_ENV": "production"}, "APP_ENV is production"},
		{"on Railway", map[string]string{"RAILWAY_SERVICE_NAME": "web"}, "RAILWAY_SERVICE_NAME is set"},
		{"a database is given", map[string]string{"DATABASE_URL": "postgres://x"}, "DATABASE_URL is set"},
		{"a port that is none", map[string]string{"PORT": "99999"}, "PORT is 99999"},
		{"a level that is none", map[string]string{"LOG_LEVEL": "loud"}, "LOG_LEVEL is"},
		{"a live key", map[string]string{"STRIPE_SECRET_KEY": "sk_live_x"}, "not a test key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set(t, tc.env)
			_, err := config.LoadLocal()
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestLoadAuthor(t *testing.T) {
	unset(t, "HANDBOOK_URL")
	unset(t, "HANDBOOK_TOKEN")
	dir := t.TempDir()
	if err := os.MkdirAll(dir+"/.handbook", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/mine", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir + "/mine")
	if _, err := config.LoadAuthor(); err == nil || !strings.Contains(err.Error(), "HANDBOOK_TOKEN are not set") {
		t.Errorf("without settings: %v", err)
	}
	want := config.Author{URL: "http://localhost:3001", Token: "hbk_x"}
	if err := config.WriteAuthor(dir+"/.handbook", want); err != nil {
		t.Fatal(err)
	}
	if got, err := config.LoadAuthor(); err != nil || got != want {
		t.Errorf("got %v, %v; want %v from the folder above", got, err, want)
	}
	t.Setenv("HANDBOOK_URL", "https://handbook.example/")
	t.Setenv("HANDBOOK_TOKEN", "hbk_y")
	if got, err := config.LoadAuthor(); err != nil || got.URL != "https://handbook.example" || got.Token != "hbk_y" {
		t.Errorf("got %v, %v; want the environment's", got, err)
	}
}

func TestContentKeys(t *testing.T) {
	t.Parallel()
	keys := (&config.Config{ContentEncryptionKey: "next:" + anotherKey + ",0:" + goodKey}).ContentKeys()
	if len(keys) != 2 || keys[0].ID != "next" || keys[1].ID != "0" || len(keys[0].Key) != 32 || base64.StdEncoding.EncodeToString([]byte(keys[1].Key)) != goodKey {
		t.Errorf("%d keys", len(keys))
	}
	if plain := (&config.Config{ContentEncryptionKey: goodKey}).ContentKeys(); len(plain) != 1 || plain[0].ID != "0" {
		t.Errorf("a plain key is %v", plain)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", keys, keys, keys, keys); strings.Contains(text, string(keys[0].Key)) {
		t.Errorf("%q tells a key", text)
	}
	if keys := (&config.Config{ContentEncryptionKey: "short"}).ContentKeys(); len(keys) != 0 {
		t.Error("a wrong value has keys")
	}
}
