package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// Key is the secret of a module, or of a keyring. It never prints itself.
type Key [32]byte

// NewKey returns a random key.
func NewKey() (k Key) {
	_, _ = rand.Read(k[:]) // never fails
	return k
}

// String masks the key.
func (Key) String() string { return "[key]" }

// GoString masks %#v.
func (Key) GoString() string { return "seal.Key{[key]}" }

// MarshalText masks JSON and text encodings.
func (Key) MarshalText() ([]byte, error) { return []byte("[key]"), nil }

// cipher returns AES-256-GCM under the key.
func (k Key) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// purpose keeps the keys of files apart from whatever else a module's key may
// be used for one day.
const purpose = "pilothandbook file "

// derive returns the key of a file by the SHA-256 of its content.
func (k Key) derive(content [sha256.Size]byte) (file Key, err error) {
	b, err := hkdf.Key(sha256.New, k[:], nil, purpose+string(content[:]), len(file))
	if err != nil {
		return file, fmt.Errorf("key of file %x: %w", content, err)
	}
	return Key(b), nil
}
