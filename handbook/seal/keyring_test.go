package seal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pilothandbook/handbook/seal"
)

func TestKeyring(t *testing.T) {
	t.Parallel()
	old, next := seal.WrappingKey{ID: "old", Key: seal.NewKey()}, seal.WrappingKey{ID: "next", Key: seal.NewKey()}
	secret := seal.NewKey()
	wrapped, err := seal.NewKeyring(old).Wrap(secret, "instrument")
	if err != nil || wrapped.By != "old" || bytes.Contains(wrapped.Body, secret[:]) {
		t.Fatal(wrapped, err)
	}
	for _, ring := range []*seal.Keyring{seal.NewKeyring(old), seal.NewKeyring(next, old)} {
		if k, err := ring.Unwrap(wrapped, "instrument"); err != nil || k != secret {
			t.Error(err)
		}
		if _, err := ring.Unwrap(wrapped, "private_commercial"); err == nil {
			t.Error("the key of one module is that of another")
		}
	}
	_, err = seal.NewKeyring(next).Unwrap(wrapped, "instrument")
	if unknown, ok := errors.AsType[*seal.UnknownKey](err); !ok || unknown.ID != "old" || !strings.Contains(err.Error(), `the key "old" is not in CONTENT_ENCRYPTION_KEY`) {
		t.Error(err)
	}
	impostor := seal.WrappingKey{ID: "old", Key: seal.NewKey()}
	if _, err := seal.NewKeyring(impostor).Unwrap(wrapped, "instrument"); err == nil || !strings.Contains(err.Error(), "another one has its id") {
		t.Error(err)
	}
	for i := range wrapped.Body {
		damaged := seal.Wrapped{By: "old", Body: bytes.Clone(wrapped.Body)}
		damaged.Body[i] ^= 1
		if _, err := seal.NewKeyring(old).Unwrap(damaged, "instrument"); err == nil {
			t.Errorf("byte %d", i)
		}
	}
	if _, err := seal.NewKeyring(old).Unwrap(seal.Wrapped{By: "old", Body: []byte("short")}, "instrument"); err == nil {
		t.Error("a short one is unwrapped")
	}
	again, err := seal.NewKeyring(next, old).Wrap(secret, "instrument")
	if err != nil || again.By != "next" {
		t.Error(again.By, err)
	}
	none := seal.NewKeyring()
	if _, err := none.Wrap(secret, "instrument"); err == nil || none.Current() != "" || none.Knows("old") || !seal.NewKeyring(next, old).Knows("old") {
		t.Error("an empty keyring has a key")
	}
}
