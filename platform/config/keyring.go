package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ContentKey is a key of CONTENT_ENCRYPTION_KEY.
type ContentKey struct {
	ID  string
	Key Secret // 32 bytes as they are
}

// ContentKeys returns the keys of CONTENT_ENCRYPTION_KEY, the current one
// first. Those of a value that Check refuses are left out.
func (c *Config) ContentKeys() []ContentKey {
	keys, _ := c.keyring() // Check has told
	return keys
}

func (c *Config) checkKeyring() error {
	_, err := c.keyring()
	return err
}

// keyID is what a key may be called.
var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

// keyring accepts a plain key, which counts as id 0, or id:base64 pairs.
func (c *Config) keyring() (keys []ContentKey, err error) {
	for _, entry := range list(c.ContentEncryptionKey.Reveal()) {
		id, text, found := strings.Cut(entry, ":")
		if !found {
			id, text = "0", entry
		}
		if !keyID.MatchString(id) { // not repeated: it may be a key that was put in the wrong place
			return nil, errors.New("CONTENT_ENCRYPTION_KEY has a key whose id is not of 1 to 40 letters, digits, dots, dashes and underscores")
		}
		if slices.ContainsFunc(keys, func(k ContentKey) bool { return k.ID == id }) {
			return nil, fmt.Errorf("CONTENT_ENCRYPTION_KEY has two keys with the id %q: give each its own", id)
		}
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(b) != 32 {
			return nil, errors.New("CONTENT_ENCRYPTION_KEY must be 32 bytes in base64 (openssl rand -base64 32), or id:base64 pairs separated by commas")
		}
		if guessable(b) {
			return nil, fmt.Errorf("CONTENT_ENCRYPTION_KEY: the key %q is not random, but text or a pattern; openssl rand -base64 32 makes one that is", id)
		}
		keys = append(keys, ContentKey{id, Secret(b)})
	}
	return keys, nil
}

// guessable reports whether somebody typed 32 bytes or counted them up: few are
// different, all of them are text, or all are in equal steps. None of it
// happens by chance.
func guessable(b []byte) bool {
	seen, printable, steps := map[byte]bool{}, true, true
	for i, c := range b {
		seen[c] = true
		printable = printable && c >= ' ' && c < 0x7f
		steps = steps && (i < 2 || c-b[i-1] == b[1]-b[0])
	}
	return len(seen) < 16 || printable || steps
}
