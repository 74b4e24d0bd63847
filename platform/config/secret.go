package config

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
