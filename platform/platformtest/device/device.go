// Package device is a reader's device: it keeps offline packages in a folder
// and reads them without network. Tests hold the handbook to what such a
// device needs.
//
//	FOLDER/key                      the device's private key
//	FOLDER/MODULE/manifest.json     the package that counts; it is put there when all that it needs is
//	FOLDER/MODULE/licences/ID.json  the module's key of that id, for this device
//	FOLDER/MODULE/files/SHA256      sealed files that were found right
//	FOLDER/MODULE/parts/SHA256      what has arrived of others
package device

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pilothandbook/handbook/offline"
)

// Device is a device of a reader. It may be killed at any moment: the next
// one on the same folder goes on.
type Device struct {
	Folder  string
	URL     string // of the handbook
	Session string // the secret that signs the reader in
	Now     func() time.Time

	key *rsa.PrivateKey
}

// Open returns the device of a folder, and makes its key at the first time.
func Open(folder, url, session string) (*Device, error) {
	d := &Device{Folder: folder, URL: url, Session: session, Now: time.Now}
	path := filepath.Join(folder, "key")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if d.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
		return d, place(path, x509.MarshalPKCS1PrivateKey(d.key))
	}
	if err != nil {
		return nil, err
	}
	d.key, err = x509.ParsePKCS1PrivateKey(b)
	return d, err
}

func (d *Device) path(parts ...string) string {
	return filepath.Join(append([]string{d.Folder}, parts...)...)
}

// place writes a file so that it is there whole, or not at all.
func place(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return move(path+".new", path)
}

// move renames a file that was synced, and syncs its new folder.
func move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Manifest returns the package of a module that counts; fs.ErrNotExist is in
// the error's chain when there is none.
func (d *Device) Manifest(module string) (m offline.Manifest, err error) {
	b, err := os.ReadFile(d.path(module, "manifest.json"))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(b, &m)
}

// Update brings a module's package up to date: it fetches the files that the
// folder lacks and a licence, and then puts the new manifest in the place of
// the old. Until then the old package is whole. It is a *Refused when the
// handbook does not give what was asked for.
func (d *Device) Update(ctx context.Context, module string) error {
	body, err := d.ask(ctx, http.MethodGet, "/api/modules/"+module+"/manifest", nil)
	if err != nil {
		return err
	}
	var m offline.Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return fmt.Errorf("manifest of %q: %w", module, err)
	}
	for _, f := range m.Files {
		if err := d.fetch(ctx, module, f); err != nil {
			return fmt.Errorf("%s of %q: %w", f.Path, module, err)
		}
	}
	if err := d.Renew(ctx, module); err != nil {
		return err
	}
	if err := place(d.path(module, "manifest.json"), body); err != nil {
		return err
	}
	return d.tidy(m)
}

// tidy removes the files of former packages.
func (d *Device) tidy(m offline.Manifest) error {
	entries, err := os.ReadDir(d.path(m.Module, "files"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		named := func(f offline.File) bool { return f.Sealed.String() == e.Name() }
		if !slices.ContainsFunc(m.Files, named) {
			if err := os.Remove(d.path(m.Module, "files", e.Name())); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(d.path(m.Module, "parts"))
}

// Repair looks at every file of a package, fetches those anew that are not
// what the manifest says, and returns their paths.
func (d *Device) Repair(ctx context.Context, module string) (mended []string, err error) {
	m, err := d.Manifest(module)
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		path := d.path(module, "files", f.Sealed.String())
		if right(path, f) == nil {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return mended, err
		}
		if err := d.fetch(ctx, module, f); err != nil {
			return mended, fmt.Errorf("%s of %q: %w", f.Path, module, err)
		}
		mended = append(mended, f.Path)
	}
	return mended, nil
}
