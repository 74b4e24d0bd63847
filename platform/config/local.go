package config

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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
	var faults []error
	if l.AppEnv == "production" || l.NodeEnv == "production" {
		faults = append(faults, errors.New("APP_ENV is production"))
	}
	if l.DatabaseURL != "" {
		faults = append(faults, errors.New("DATABASE_URL is set"))
	}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "RAILWAY_") {
			faults = append(faults, fmt.Errorf("%s is set", name))
		}
	}
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

// localAuthor looks for AuthorFile from the working folder upwards.
func localAuthor() Author {
	dir, err := os.Getwd()
	if err != nil {
		return Author{}
	}
	for {
		if a, err := readAuthor(filepath.Join(dir, LocalFolder, AuthorFile)); err == nil {
			return a
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return Author{}
		}
		dir = parent
	}
}

func readAuthor(path string) (Author, error) {
	f, err := os.Open(path)
	if err != nil {
		return Author{}, err
	}
	defer f.Close()
	var a Author
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch name, value, _ := strings.Cut(lines.Text(), "="); name {
		case "HANDBOOK_URL":
			a.URL = value
		case "HANDBOOK_TOKEN":
			a.Token = Secret(value)
		}
	}
	return a, nil
}

// WriteAuthor leaves an author's settings in folder.
func WriteAuthor(folder string, a Author) error {
	text := fmt.Sprintf("HANDBOOK_URL=%s\nHANDBOOK_TOKEN=%s\n", a.URL, a.Token.Reveal())
	return os.WriteFile(filepath.Join(folder, AuthorFile), []byte(text), 0o600)
}

// ReadAuthor returns the settings left in folder; its error is about the file.
func ReadAuthor(folder string) (Author, error) {
	return readAuthor(filepath.Join(folder, AuthorFile))
}
