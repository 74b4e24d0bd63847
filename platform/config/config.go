// Package config is the one place that reads the environment. Wrong
// configuration names every fault at once.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// Service is a process of the handbook; each needs other settings.
type Service string

// The services. Command is any word that works on the database and ends.
const (
	Web     Service = "web"
	Worker  Service = "worker"
	Lambda  Service = "lambda"
	Command Service = "command"
)

// Application is what a service's connections are called in PostgreSQL.
func (s Service) Application() string { return "handbook-" + string(s) }

// Config is everything that can be set from outside. The tag need lists the
// services that do not start without the value.
type Config struct {
	AppEnv   string `envconfig:"APP_ENV" default:"production" desc:"production or development; development also logs every query (the old name NODE_ENV is read too)"`
	Port     int    `envconfig:"PORT" default:"3000" desc:"port of the web service, and of the worker's health endpoint"`
	Hostname string `envconfig:"HOSTNAME" desc:"address to listen on when it is an IP address; else all of them"`
	LogLevel string `envconfig:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`

	TrustedProxies int `envconfig:"TRUSTED_PROXIES" default:"1" desc:"proxies in front that append to X-Forwarded-For; 0 when readers connect directly"`

	DatabaseURL      Secret `envconfig:"DATABASE_URL" need:"web worker lambda command" desc:"PostgreSQL, postgresql://user:password@host:port/database"`
	DatabaseMaxConns int32  `envconfig:"DATABASE_MAX_CONNS" desc:"connections of this process (web 4, worker 3, of which its queue has one to itself, lambda and commands 1)"`
	Functions        int    `envconfig:"LAMBDA_CONCURRENCY" desc:"how many functions may run at once on AWS Lambda, where some do, with one connection each; handbook doctor counts them"`
	RedisURL         Secret `envconfig:"REDIS_URL" need:"web worker" desc:"Redis of the queue, redis://user:password@host:port; its maxmemory-policy must be noeviction"`
	RedisCacheURL    Secret `envconfig:"REDIS_CACHE_URL" desc:"another Redis for the caches (REDIS_URL when empty)"`
	RedisIPFamily    int    `envconfig:"REDIS_IP_FAMILY" default:"0" desc:"4 or 6 dials Redis by that family only; 0 by both"`
	BlobURL          string `envconfig:"BLOB_URL" default:"postgres" desc:"where uploaded files are kept: postgres"`

	AuthURL     string `envconfig:"AUTH_URL" need:"web worker lambda" desc:"public address of the web service, a full URL or a bare domain (RAILWAY_PUBLIC_DOMAIN when empty; the old name NEXTAUTH_URL is read too)"`
	AuthSecret  Secret `envconfig:"AUTH_SECRET" need:"web worker" desc:"at least 32 characters that sign sign-in codes; openssl rand -base64 32 makes one (the old name NEXTAUTH_SECRET is read too)"`
	AdminEmails string `envconfig:"ADMIN_EMAILS" desc:"addresses of the operators, separated by commas; set for web and worker, which mails them what readers report"`

	StripeSecretKey      Secret `envconfig:"STRIPE_SECRET_KEY" need:"web worker" desc:"sk_live_... or sk_test_..."`
	StripePublishableKey string `envconfig:"STRIPE_PUBLISHABLE_KEY" desc:"pk_...; only compared with the secret key's mode"`
	StripeWebhookSecret  Secret `envconfig:"STRIPE_WEBHOOK_SECRET" need:"web" desc:"whsec_...; two separated by a comma while one is rolled"`
	StripeAPIBase        string `envconfig:"STRIPE_API_BASE" desc:"another address of Stripe's API; only with a test key"`
	StripeTax            bool   `envconfig:"STRIPE_TAX" desc:"true: Stripe reckons tax and asks for the address it needs; whether prices include it is set in Stripe's tax settings"`

	MailURL  Secret `envconfig:"MAIL_URL" need:"worker" desc:"smtp://user:password@host:port (STARTTLS) or smtps://"`
	MailFrom string `envconfig:"MAIL_FROM" need:"worker" desc:"sender of mails, Name <address>"`

	SupportEmail string `envconfig:"SUPPORT_EMAIL" desc:"where readers write to, on pages and in mails; set for web and worker (the address of MAIL_FROM when empty)"`
	Seller       string `envconfig:"SELLER" desc:"name and postal address of who sells, separated by commas, for the terms, the privacy page and contact"`
	GoverningLaw string `envconfig:"GOVERNING_LAW" desc:"whose law governs a purchase, for the terms: \"Germany\" or \"the State of Colorado, USA\"; nothing is said when empty"`

	CloudinaryCloudName string `envconfig:"CLOUDINARY_CLOUD_NAME" desc:"Cloudinary account that makes the files of images for the worker; all three or none"`
	CloudinaryAPIKey    string `envconfig:"CLOUDINARY_API_KEY" desc:"its key"`
	CloudinaryAPISecret Secret `envconfig:"CLOUDINARY_API_SECRET" desc:"its secret"`

	ContentEncryptionKey Secret `envconfig:"CONTENT_ENCRYPTION_KEY" need:"web worker" desc:"wraps the keys of offline packages: 32 bytes in base64 (openssl rand -base64 32), or a keyring id:base64,id:base64 whose first key is the current one; the same for web and worker"`

	SentryDSN     Secret  `envconfig:"SENTRY_DSN" desc:"where errors of web and worker are reported, scrubbed: https://key@host/project"`
	MetricsToken  Secret  `envconfig:"METRICS_TOKEN" desc:"bearer token that opens the metrics; where it is not set nobody sees them"`
	OTLPEndpoint  string  `envconfig:"OTEL_EXPORTER_OTLP_ENDPOINT" desc:"where web and worker send traces, over HTTP: the address of an OpenTelemetry collector"`
	TraceShare    float64 `envconfig:"OTEL_TRACES_SAMPLER_ARG" default:"0.1" desc:"share of the requests that are traced, 0 to 1"`
	RailwayDomain string  `envconfig:"RAILWAY_PUBLIC_DOMAIN" desc:"given by Railway; used when AUTH_URL is empty"`
}

// legacy holds the names of the first architecture; they count where the new
// name is not set.
type legacy struct {
	NodeEnv        string `envconfig:"NODE_ENV"`
	NextAuthURL    string `envconfig:"NEXTAUTH_URL"`
	NextAuthSecret Secret `envconfig:"NEXTAUTH_SECRET"`
	AppEnv         string `envconfig:"APP_ENV"`
}

// Load reads the environment for a service. Its error names every fault, one
// a line.
func Load(s Service) (*Config, error) {
	c, err := Read(s)
	if err != nil {
		return nil, err
	}
	if err := c.Check(s); err != nil {
		return nil, err
	}
	return c, nil
}

// Read reads the environment for a service as Load does, but leaves it to the
// caller to check it.
func Read(s Service) (*Config, error) {
	var c Config
	var old legacy
	if err := errors.Join(envconfig.Process("", &c), envconfig.Process("", &old)); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	c.fill(s, old)
	return &c, nil
}

// fill takes old names and defaults that depend on the service.
func (c *Config) fill(s Service, old legacy) {
	if old.AppEnv == "" && old.NodeEnv != "" {
		c.AppEnv = old.NodeEnv
	}
	c.AuthURL = first(c.AuthURL, old.NextAuthURL, c.RailwayDomain)
	if c.AuthURL != "" && !strings.Contains(c.AuthURL, "://") {
		c.AuthURL = "https://" + c.AuthURL
	}
	c.AuthURL = strings.TrimSuffix(c.AuthURL, "/")
	if c.AuthSecret == "" {
		c.AuthSecret = old.NextAuthSecret
	}
	if c.RedisCacheURL == "" {
		c.RedisCacheURL = c.RedisURL
	}
	if c.DatabaseMaxConns == 0 {
		c.DatabaseMaxConns = map[Service]int32{Web: 4, Worker: 3}[s]
	}
	c.DatabaseMaxConns = max(c.DatabaseMaxConns, 1)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// Listen returns the address to listen on. "Any address" of either family is
// all addresses of both: where one family is missing, the other still works.
func (c *Config) Listen() string {
	host := c.Hostname
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() { // a container's own name is no address to bind
		host = ""
	}
	return net.JoinHostPort(host, fmt.Sprint(c.Port))
}

// Production reports whether this is the real thing.
func (c *Config) Production() bool { return c.AppEnv == "production" }

// Secure reports whether readers reach the service over HTTPS.
func (c *Config) Secure() bool { return strings.HasPrefix(c.AuthURL, "https://") }

// Host returns the public host name, without port.
func (c *Config) Host() string {
	u, err := url.Parse(c.AuthURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Live reports whether payments move money.
func (c *Config) Live() bool { return strings.HasPrefix(c.StripeSecretKey.Reveal(), "sk_live_") }

// WebhookSecrets returns the secrets that may sign Stripe's events.
func (c *Config) WebhookSecrets() []string {
	return list(c.StripeWebhookSecret.Reveal())
}

// Admins returns the operators' addresses, in lower case.
func (c *Config) Admins() []string {
	return list(strings.ToLower(c.AdminEmails))
}

// Contact returns the address that readers write to, "" if none is known.
func (c *Config) Contact() string {
	for _, given := range []string{c.SupportEmail, c.MailFrom} {
		if a, err := mail.ParseAddress(given); err == nil {
			return a.Address
		}
	}
	return ""
}

// list splits at commas and drops what is empty.
func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
