package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// WrappingKey is a key of a keyring, by its id.
type WrappingKey struct {
	ID  string
	Key Key
}

// Keyring wraps the keys of modules by its first key, and unwraps by all.
type Keyring struct {
	keys []WrappingKey
}

// NewKeyring returns a keyring. An empty one wraps and unwraps nothing.
func NewKeyring(keys ...WrappingKey) *Keyring { return &Keyring{keys} }

// Wrapped is a key that only its keyring can use.
type Wrapped struct {
	By   string // id of the key that wrapped it
	Body []byte // nonce, encrypted key, tag: 60 bytes
}

// UnknownKey says that a key was wrapped by one that the keyring does not have.
type UnknownKey struct{ ID string }

// Error names the key and the variable that should have it.
func (e *UnknownKey) Error() string {
	return fmt.Sprintf("the key %q is not in CONTENT_ENCRYPTION_KEY", e.ID)
}

// Current returns the id of the key that wraps, "" where there is none.
func (r *Keyring) Current() string {
	if len(r.keys) == 0 {
		return ""
	}
	return r.keys[0].ID
}

// Knows reports whether the keyring has a key of this id.
func (r *Keyring) Knows(id string) bool {
	_, err := r.key(id)
	return err == nil
}

func (r *Keyring) key(id string) (Key, error) {
	for _, k := range r.keys {
		if k.ID == id {
			return k.Key, nil
		}
	}
	return Key{}, &UnknownKey{id}
}

// Wrap wraps the key of owner.
func (r *Keyring) Wrap(k Key, owner string) (Wrapped, error) {
	if len(r.keys) == 0 {
		return Wrapped{}, errors.New("CONTENT_ENCRYPTION_KEY is not set")
	}
	first := r.keys[0]
	aead, err := first.Key.cipher()
	if err != nil {
		return Wrapped{}, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return Wrapped{By: first.ID, Body: aead.Seal(nonce, nonce, k[:], about(first.ID, owner))}, nil
}

// Unwrap returns the key of owner. It is an *UnknownKey when the keyring lacks
// the key that wrapped it.
func (r *Keyring) Unwrap(w Wrapped, owner string) (k Key, err error) {
	by, err := r.key(w.By)
	if err != nil {
		return k, fmt.Errorf("key of %q: %w", owner, err)
	}
	aead, err := by.cipher()
	if err != nil {
		return k, err
	}
	size := aead.NonceSize()
	if len(w.Body) != size+len(k)+tag {
		return k, fmt.Errorf("key of %q: %d bytes are no wrapped key", owner, len(w.Body))
	}
	plain, err := aead.Open(nil, w.Body[:size], w.Body[size:], about(w.By, owner))
	if err != nil {
		return k, fmt.Errorf("key of %q was not wrapped by the key %q of CONTENT_ENCRYPTION_KEY: another one has its id, or the row is damaged", owner, w.By)
	}
	return Key(plain), nil
}

// about ties a wrapped key to whose it is and to what wrapped it.
func about(by, owner string) []byte { return fmt.Appendf(nil, "pilothandbook key %q of %q", by, owner) }
