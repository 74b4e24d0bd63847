package device

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
)

// Refused is an answer of the handbook that is not what was asked for.
type Refused struct {
	Status int
	Body   string
}

// Error tells the status and what the handbook said.
func (r *Refused) Error() string {
	return fmt.Sprintf("the handbook answers with %d: %s", r.Status, r.Body)
}

func (d *Device) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, d.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: d.Session})
	return r, nil
}

// ask returns the body of an answer with status 200.
func (d *Device) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	r, err := d.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &Refused{resp.StatusCode, string(b)}
	}
	return b, err
}

// fetch makes sure that the folder has a file. What has arrived of it before
// is not asked for again.
func (d *Device) fetch(ctx context.Context, module string, f offline.File) error {
	path, part := d.path(module, "files", f.Sealed.String()), d.path(module, "parts", f.Sealed.String())
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.MkdirAll(filepath.Dir(part), 0o700)); err != nil {
		return err
	}
	if err := d.resume(ctx, module, part, f); err != nil {
		return err
	}
	if err := right(part, f); err != nil {
		return errors.Join(err, os.Remove(part)) // it would never become right
	}
	return move(part, path)
}

// resume fetches what a part lacks of a file.
func (d *Device) resume(ctx context.Context, module, part string, f offline.File) error {
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = d.append(ctx, module, out, f)
	return errors.Join(err, out.Sync(), out.Close())
}

func (d *Device) append(ctx context.Context, module string, out *os.File, f offline.File) error {
	info, err := out.Stat()
	if err != nil || info.Size() >= f.SealedSize {
		return err
	}
	r, err := d.request(ctx, http.MethodGet, "/api/packages/"+module+"/"+f.Sealed.String(), nil)
	if err != nil {
		return err
	}
	if info.Size() > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", info.Size()))
		r.Header.Set("If-Range", `"`+f.Sealed.String()+`"`)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK && info.Size() > 0: // from the beginning after all
		if err := out.Truncate(0); err != nil {
			return err
		}
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent:
		b, _ := io.ReadAll(resp.Body)
		return &Refused{resp.StatusCode, string(b)}
	}
	_, err = io.Copy(out, resp.Body)
	return err
}

// right is seal.ErrDamaged unless a file is what the manifest says.
func right(path string, f offline.File) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, in); err != nil {
		return err
	}
	if offline.Sum(hash.Sum(nil)) != f.Sealed {
		return seal.ErrDamaged
	}
	return nil
}
