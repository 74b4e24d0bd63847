package device

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"

	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
)

// licence is the handbook's answer, as it is kept.
type licence struct {
	Module  string    `json:"module"`
	Key     uuid.UUID `json:"key"`
	Wrapped []byte    `json:"wrapped"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
}

// ErrExpired says that the licence is over: the device must go online.
var ErrExpired = errors.New("the licence is over: connect to renew it")

// Renew gets a licence for a module.
func (d *Device) Renew(ctx context.Context, module string) error {
	public, err := x509.MarshalPKIXPublicKey(d.key.Public())
	if err != nil {
		return err
	}
	in, err := json.Marshal(map[string][]byte{"publicKey": public})
	if err != nil {
		return err
	}
	b, err := d.ask(ctx, http.MethodPost, "/api/modules/"+module+"/licence", in)
	if err != nil {
		return err
	}
	var l licence
	if err := json.Unmarshal(b, &l); err != nil {
		return fmt.Errorf("licence of %q: %w", module, err)
	}
	return place(d.licence(module, l.Key), b)
}

// licence returns where the licence for a key is kept. A module has another
// key only where the handbook lost the one before.
func (d *Device) licence(module string, key uuid.UUID) string {
	return d.path(module, "licences", key.String()+".json")
}

// Read returns the content of a file of the package that counts. It needs no
// network. It is ErrExpired when the licence is over, fs.ErrNotExist when there
// is no licence or no such file, seal.ErrDamaged when a file was changed.
func (d *Device) Read(module, path string) ([]byte, error) {
	m, err := d.Manifest(module)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(m.Files, func(f offline.File) bool { return f.Path == path })
	if i < 0 {
		return nil, fmt.Errorf("%s of %q: %w", path, module, fs.ErrNotExist)
	}
	key, err := d.unlock(m)
	if err != nil {
		return nil, err
	}
	return d.decrypt(key, module, m.Files[i])
}

func (d *Device) decrypt(key seal.Key, module string, f offline.File) ([]byte, error) {
	sealed, err := os.Open(d.path(module, "files", f.Sealed.String()))
	if err != nil {
		return nil, err
	}
	defer sealed.Close()
	s, err := key.File(f.SHA256, f.Size)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	if err := s.Open(&content, sealed); err != nil {
		return nil, fmt.Errorf("%s of %q: %w", f.Path, module, err)
	}
	return content.Bytes(), nil
}

// unlock returns the module's key as long as the licence for it counts.
func (d *Device) unlock(m offline.Manifest) (key seal.Key, err error) {
	b, err := os.ReadFile(d.licence(m.Module, m.Key))
	if err != nil {
		return key, fmt.Errorf("licence of %q: %w", m.Module, err)
	}
	var l licence
	if err := json.Unmarshal(b, &l); err != nil {
		return key, fmt.Errorf("licence of %q: %w", m.Module, err)
	}
	if !d.Now().Before(l.Expires) {
		return key, ErrExpired
	}
	plain, err := rsa.DecryptOAEP(sha256.New(), nil, d.key, l.Wrapped, []byte(l.Key.String()))
	if err != nil || len(plain) != len(key) {
		return key, fmt.Errorf("the licence of %q is not for this device", m.Module)
	}
	return seal.Key(plain), nil
}
