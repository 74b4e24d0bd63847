package config

import (
	"net/url"
	"reflect"
)

// Secret is a value that must never be printed: logs, errors, %#v and JSON
// show "[secret]". Reveal returns it.
type Secret string

const masked = "[secret]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a mask, or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString masks %#v.
func (s Secret) GoString() string { return `config.Secret("` + s.String() + `")` }

// MarshalText masks JSON and text encodings.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Secrets returns the values that must not be printed, whole and in part: the
// passwords of URLs, and each of those in a list.
func (c *Config) Secrets() []string {
	var all []string
	for _, field := range reflect.ValueOf(*c).Fields() {
		s, ok := field.Interface().(Secret)
		if !ok || s == "" {
			continue
		}
		all = append(all, s.Reveal())
		all = append(all, list(s.Reveal())...)
		if u, err := url.Parse(s.Reveal()); err == nil && u.User != nil {
			password, _ := u.User.Password()
			all = append(all, u.User.String(), password)
		}
	}
	return all
}
