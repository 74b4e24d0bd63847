package config

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// Local is what the local start takes from the environment: everything else
// it makes itself.
type Local struct {
	Port            int    `envconfig:"PORT" default:"3000"`
	LogLevel        string `envconfig:"LOG_LEVEL" default:"warn"`
	PGBin           string `envconfig:"PG_BIN"`            // folder of PostgreSQL's binaries
	StripeSecretKey Secret `envconfig:"STRIPE_SECRET_KEY"` // a test key buys at Stripe instead of the stand-in
	AdminEmails     string `envconfig:"ADMIN_EMAILS"`      // operators beside the local one
	AppEnv          string `envconfig:"APP_ENV"`
	NodeEnv         string `envconfig:"NODE_ENV"`
	DatabaseURL     Secret `envconfig:"DATABASE_URL"`
}

// LoadLocal reads the environment of a local start. It refuses where this
// looks like a deployment, whose data the local start would not use.
func LoadLocal() (*Local, error) {
	var l Local
	if err := envconfig.Process("", &l); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	faults := l.deployed()
	var level slog.Level
	if l.Port < 1 || l.Port > 65535 {
		faults = append(faults, fmt.Errorf("PORT is %d: it must be between 1 and 65535", l.Port))
	}
	if level.UnmarshalText([]byte(l.LogLevel)) != nil {
		faults = append(faults, fmt.Errorf("LOG_LEVEL is %q: it must be debug, info, warn or error", l.LogLevel))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if k := l.StripeSecretKey.Reveal(); k != "" && !strings.HasPrefix(k, "sk_test_") {
		faults = append(faults, errors.New("STRIPE_SECRET_KEY is not a test key (sk_test_...)"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("this is the local start, with a database and payments of its own; here it would mislead:\n%w\nUse \"handbook web\" and \"handbook worker\" for a deployment", err)
	}
	return &l, nil
}

// deployed says what in the environment looks like a deployment.
func (l *Local) deployed() []error {
	var signs []error
	if l.AppEnv == "production" || l.NodeEnv == "production" {
		signs = append(signs, errors.New("APP_ENV is production"))
	}
	if l.DatabaseURL != "" {
		signs = append(signs, errors.New("DATABASE_URL is set"))
	}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "RAILWAY_") {
			signs = append(signs, fmt.Errorf("%s is set", name))
		}
	}
	return signs
}

// Author is where an author publishes to.
type Author struct {
	URL   string `envconfig:"HANDBOOK_URL"`
	Token Secret `envconfig:"HANDBOOK_TOKEN"`
}

// LocalFolder holds everything a local start keeps.
const LocalFolder = ".handbook"

// AuthorFile is where a local start leaves an author's settings, below
// LocalFolder.
const AuthorFile = "author.env"

// LoadAuthor returns an author's settings: from the environment, else as the
// local start of this folder or one above it left them.
func LoadAuthor() (Author, error) {
	var a Author
	if err := envconfig.Process("", &a); err != nil {
		return a, fmt.Errorf("configuration: %w", err)
	}
	if a.URL == "" && a.Token == "" {
		a = localAuthor()
	}
	if a.URL == "" || a.Token == "" {
		return a, errors.New("HANDBOOK_URL and HANDBOOK_TOKEN are not set: make a token at /tokens of your handbook, or start one here with \"handbook\"")
	}
	a.URL = strings.TrimSuffix(a.URL, "/")
	return a, nil
}

// localAuthor returns what the local start of this folder or one above it left.
func localAuthor() Author {
	folder := localWith(AuthorFile)
	if folder == "" {
		return Author{}
	}
	a, err := ReadAuthor(folder)
	if err != nil {
		return Author{}
	}
	return a
}

// localWith looks for LocalFolder with a file in it, from the working folder
// upwards, and returns it, "" if there is none.
func localWith(file string) string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		folder := filepath.Join(dir, LocalFolder)
		if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
			return folder
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// ReadAuthor returns the settings left in folder; its error is about the file.
func ReadAuthor(folder string) (Author, error) {
	set, err := readSettings(filepath.Join(folder, AuthorFile))
	return Author{URL: set["HANDBOOK_URL"], Token: Secret(set["HANDBOOK_TOKEN"])}, err
}

// WriteAuthor leaves an author's settings in folder.
func WriteAuthor(folder string, a Author) error {
	return writeSettings(filepath.Join(folder, AuthorFile), a)
}

// OperatorFile is where a running local start leaves its configuration, below
// LocalFolder.
const OperatorFile = "operator.env"

// ErrNoLocal is the error of FindLocal where no local start left anything.
var ErrNoLocal = errors.New("DATABASE_URL is not set, and no local handbook runs here: set the variables of your deployment (docs/configuration.md), or start a handbook with \"handbook\"")

// FindLocal returns the configuration of the local start of this folder or one
// above it, and the folder where it was left. It looks only where nothing in
// the environment says that this is a deployment.
func FindLocal() (c *Config, folder string, err error) {
	var l Local
	if err := envconfig.Process("", &l); err != nil {
		return nil, "", fmt.Errorf("configuration: %w", err)
	}
	if folder = localWith(OperatorFile); folder == "" || len(l.deployed()) > 0 {
		return nil, "", ErrNoLocal
	}
	set, err := readSettings(filepath.Join(folder, OperatorFile))
	if err != nil {
		return nil, "", err
	}
	c = &Config{}
	return c, folder, c.take(set)
}

// WriteLocal leaves the configuration of a local start in folder, for the
// operator's words.
func WriteLocal(folder string, c *Config) error {
	return writeSettings(filepath.Join(folder, OperatorFile), *c)
}

// RemoveLocal takes away what WriteLocal left.
func RemoveLocal(folder string) error { return os.Remove(filepath.Join(folder, OperatorFile)) }

// readSettings reads lines of NAME=value.
func readSettings(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	set := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, found := strings.Cut(lines.Text(), "="); found {
			set[name] = value
		}
	}
	return set, lines.Err()
}

// writeSettings writes what is set of a struct with the tag envconfig, for
// this user alone, secrets too.
func writeSettings(path string, settings any) error {
	var b strings.Builder
	v := reflect.ValueOf(settings)
	for i := range v.NumField() {
		value := v.Field(i).Interface()
		if secret, ok := value.(Secret); ok {
			value = secret.Reveal()
		}
		if !v.Field(i).IsZero() {
			fmt.Fprintf(&b, "%s=%v\n", v.Type().Field(i).Tag.Get("envconfig"), value)
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// take sets what writeSettings wrote.
func (c *Config) take(set map[string]string) error {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("envconfig")
		value, found := set[name]
		if !found {
			continue
		}
		switch field := v.Field(i).Addr().Interface().(type) {
		case *string:
			*field = value
		case *Secret:
			*field = Secret(value)
		default:
			if _, err := fmt.Sscan(value, field); err != nil {
				return fmt.Errorf("%s of the local handbook is %q: %w", name, value, err)
			}
		}
	}
	return nil
}
