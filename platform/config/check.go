package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Check returns every fault of the configuration of a service, one a line.
func (c *Config) Check(s Service) error {
	faults := c.missing(s)
	for _, check := range []func() error{
		c.checkEnv, func() error { return c.checkDatabase(s) }, c.checkRedis, c.checkAuth, c.checkAdmins, c.checkStripe, c.checkMail, c.checkCloudinary, c.checkKeyring, c.checkBlobs, c.checkWatch,
	} {
		faults = append(faults, check())
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("the configuration of %s is not right:\n%w", s, err)
	}
	return nil
}

// missing names the empty values that the service needs. (envconfig's own
// "required" stops at the first one and lets an empty one pass.)
func (c *Config) missing(s Service) []error {
	return c.empty(func(f reflect.StructField) bool {
		return slices.Contains(strings.Fields(f.Tag.Get("need")), string(s))
	})
}

// Require returns a fault for each of the named variables that is not set: a
// function may need more than the service that it is mounted in.
func (c *Config) Require(names ...string) error {
	return errors.Join(c.empty(func(f reflect.StructField) bool {
		return slices.Contains(names, f.Tag.Get("envconfig"))
	})...)
}

// empty returns a fault for each empty field that counts.
func (c *Config) empty(counts func(reflect.StructField) bool) []error {
	var faults []error
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		if f := v.Type().Field(i); counts(f) && v.Field(i).IsZero() {
			faults = append(faults, fmt.Errorf("%s is not set: %s", f.Tag.Get("envconfig"), f.Tag.Get("desc")))
		}
	}
	return faults
}

func (c *Config) checkEnv() error {
	var level slog.Level
	switch {
	case c.AppEnv != "production" && c.AppEnv != "development":
		return fmt.Errorf("APP_ENV is %q: it must be production or development", c.AppEnv)
	case level.UnmarshalText([]byte(c.LogLevel)) != nil:
		return fmt.Errorf("LOG_LEVEL is %q: it must be debug, info, warn or error", c.LogLevel)
	case c.Port < 1 || c.Port > 65535:
		return fmt.Errorf("PORT is %d: it must be between 1 and 65535", c.Port)
	}
	return nil
}

// checkDatabase wants two connections for a worker, whose queue has one of its
// own.
func (c *Config) checkDatabase(s Service) error {
	least := 1
	if s == Worker {
		least = 2
	}
	return errors.Join(
		scheme("DATABASE_URL", c.DatabaseURL.Reveal(), "postgres", "postgresql"),
		within("DATABASE_MAX_CONNS", int(c.DatabaseMaxConns), least, 100), within("LAMBDA_CONCURRENCY", c.Functions, 0, 10_000))
}

func (c *Config) checkRedis() error {
	var family error
	if !slices.Contains([]int{0, 4, 6}, c.RedisIPFamily) {
		family = fmt.Errorf("REDIS_IP_FAMILY is %d: it must be 0, 4 or 6", c.RedisIPFamily)
	}
	return errors.Join(family,
		scheme("REDIS_URL", c.RedisURL.Reveal(), "redis", "rediss"),
		scheme("REDIS_CACHE_URL", c.RedisCacheURL.Reveal(), "redis", "rediss"))
}

func (c *Config) checkAuth() error {
	var secret error
	if n := len(c.AuthSecret); n > 0 && n < 32 {
		secret = fmt.Errorf("AUTH_SECRET has %d characters: it needs at least 32", n)
	}
	u, err := url.Parse(c.AuthURL)
	if err != nil || u.Path != "" || u.RawQuery != "" {
		err = errors.New("AUTH_URL must be an address without a path, such as https://handbook.example")
	}
	if c.Production() && c.AuthURL != "" && !c.Secure() && !loopback(u) {
		err = errors.New("AUTH_URL must begin with https:// in production")
	}
	return errors.Join(secret, err, scheme("AUTH_URL", c.AuthURL, "http", "https"))
}

func loopback(u *url.URL) bool {
	return u != nil && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

func (c *Config) checkAdmins() error {
	var faults []error
	for _, a := range c.Admins() {
		if _, err := mail.ParseAddress(a); err != nil {
			faults = append(faults, fmt.Errorf("ADMIN_EMAILS has %q, which is not an address", a))
		}
	}
	return errors.Join(faults...)
}

func (c *Config) checkStripe() error {
	var faults []error
	key := c.StripeSecretKey.Reveal()
	test := strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")
	live := strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
	if key != "" && !test && !live {
		faults = append(faults, errors.New("STRIPE_SECRET_KEY must begin with sk_live_ or sk_test_"))
	}
	if pk := c.StripePublishableKey; pk != "" && (strings.HasPrefix(pk, "pk_live_") != live) {
		faults = append(faults, errors.New("STRIPE_PUBLISHABLE_KEY and STRIPE_SECRET_KEY are of different modes"))
	}
	if c.StripeAPIBase != "" && !test {
		faults = append(faults, errors.New("STRIPE_API_BASE may only be set with a test key"))
	}
	for _, s := range c.WebhookSecrets() {
		if !strings.HasPrefix(s, "whsec_") {
			faults = append(faults, errors.New("STRIPE_WEBHOOK_SECRET must begin with whsec_"))
		}
	}
	return errors.Join(append(faults, scheme("STRIPE_API_BASE", c.StripeAPIBase, "http", "https"))...)
}

func (c *Config) checkMail() error {
	var from error
	if _, err := mail.ParseAddress(c.MailFrom); c.MailFrom != "" && err != nil {
		from = errors.New("MAIL_FROM must be an address, such as Handbook <hello@handbook.example>")
	}
	var support error
	if _, err := mail.ParseAddress(c.SupportEmail); c.SupportEmail != "" && err != nil {
		support = errors.New("SUPPORT_EMAIL must be an address, such as help@handbook.example")
	}
	return errors.Join(from, support, scheme("MAIL_URL", c.MailURL.Reveal(), "smtp", "smtps", "smtp+plain"))
}

// checkCloudinary wants all of it or nothing, and names what is missing.
func (c *Config) checkCloudinary() error {
	names := []string{"CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET"}
	if c.CloudinaryCloudName == "" && c.CloudinaryAPIKey == "" && c.CloudinaryAPISecret == "" {
		return nil
	}
	if err := c.Require(names...); err != nil {
		return fmt.Errorf("%w\n(%s must be set together)", err, strings.Join(names, ", "))
	}
	return nil
}

func (c *Config) checkWatch() error {
	var share error
	if c.TraceShare < 0 || c.TraceShare > 1 {
		share = fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %v: it must be between 0 and 1", c.TraceShare)
	}
	return errors.Join(share, scheme("SENTRY_DSN", c.SentryDSN.Reveal(), "https", "http"), scheme("OTEL_EXPORTER_OTLP_ENDPOINT", c.OTLPEndpoint, "https", "http"))
}

func (c *Config) checkBlobs() error {
	if c.BlobURL != "postgres" {
		return fmt.Errorf("BLOB_URL is %q: it must be postgres", c.BlobURL)
	}
	return nil
}

// scheme checks a URL without repeating it: it may hold a password.
func scheme(name, value string, allowed ...string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || !slices.Contains(allowed, u.Scheme) {
		return fmt.Errorf("%s must be a URL that begins with %s://", name, strings.Join(allowed, ":// or "))
	}
	return nil
}

func within(name string, n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("%s is %d: it must be between %d and %d", name, n, low, high)
	}
	return nil
}
