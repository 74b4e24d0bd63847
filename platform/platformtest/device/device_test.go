package device_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
)

// TestUpdate downloads a package, then what changed in the next and nothing
// else.
func TestUpdate(t *testing.T) {
	t.Parallel()

	h, first := open(t)
	d := h.device(t, t.TempDir())
	update(t, d)
	if files, bytes := h.count(); files != len(first.Files) || bytes != first.SealedSize {
		t.Errorf("%d files with %d bytes were fetched, want %d with %d", files, bytes, len(first.Files), first.SealedSize)
	}
	wantReads(t, d, first)
	update(t, d)
	if files, bytes := h.count(); files != 0 || bytes != 0 {
		t.Errorf("%d files with %d bytes were fetched though nothing changed", files, bytes)
	}

	next := h.edition(t)
	files, size := difference(first, next)
	if files != 3 {
		t.Fatalf("%d files changed, want the outline, a lesson and the photograph", files)
	}
	update(t, d)
	wantReads(t, d, next)
	if n, bytes := h.count(); n != files || bytes != size {
		t.Errorf("%d files with %d bytes were fetched, want %d with %d", n, bytes, files, size)
	}
	kept, err := os.ReadDir(filepath.Join(d.Folder, "instrument", "files"))
	if err != nil || len(kept) != len(next.Files) {
		t.Errorf("%d files are kept, want %d: %v", len(kept), len(next.Files), err)
	}
}

// TestResume breaks answers off at any byte: what has arrived is not fetched
// again, and until all has, the old package can be read.
func TestResume(t *testing.T) {
	t.Parallel()

	h, first := open(t)
	d := h.device(t, t.TempDir())
	update(t, d)
	next := h.edition(t)
	_, size := difference(first, next)
	h.count()
	random := seeded(t)
	cuts := 0
	for range 1000 {
		h.breakOff(1+random.Int64N(size/8), nil)
		if err := d.Update(t.Context(), "instrument"); err == nil {
			break
		}
		cuts++
		wantReads(t, d, first)
	}
	wantReads(t, d, next)
	if _, bytes := h.count(); bytes != size || cuts < 8 {
		t.Errorf("after %d cuts %d bytes were sent, want %d after 8 or more", cuts, bytes, size)
	}
}

// TestKilled kills the device again and again, after any number of bytes or at
// any time: a package can always be read whole, the old or the new, and what
// was on the disk is not fetched again.
func TestKilled(t *testing.T) {
	t.Parallel()

	h, first := open(t)
	d := h.device(t, t.TempDir())
	update(t, d)
	next := h.edition(t)
	_, size := difference(first, next)
	random := seeded(t)
	lasts := h.child(t, h.device(t, copied(t, d)), nil) // undisturbed
	kills := 0
	for range 6 {
		d := h.device(t, copied(t, d))
		for i := 0; whole(t, d).Checksum == first.Checksum; i++ {
			h.count()
			held := onDisk(t, d, first, next)
			if i%2 == 0 {
				h.breakOff(1+random.Int64N(size/3), h.kill)
				h.child(t, d, nil)
			} else {
				h.child(t, d, time.After(time.Duration(random.Int64N(int64(lasts)))))
			}
			h.breakOff(-1, nil)
			if _, sent := h.count(); sent > size-held {
				t.Errorf("%d bytes were sent, though %d of %d were on the disk", sent, held, size)
			}
			kills++
		}
		update(t, d) // of what is left to tidy
		wantReads(t, d, next)
		if left := onDisk(t, d, next, first); left > 0 {
			t.Errorf("%d bytes of the old package are left", left)
		}
	}
	t.Logf("killed %d times", kills-6)
	if kills < 2*6 {
		t.Error("it was hardly ever killed")
	}
}

// TestTampered: one changed file is found, refused, and fetched again alone.
func TestTampered(t *testing.T) {
	t.Parallel()

	h, m := open(t)
	d := h.device(t, t.TempDir())
	update(t, d)
	h.count()
	for i, f := range m.Files {
		path := filepath.Join(d.Folder, "instrument", "files", f.Sealed.String())
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[(i*7919)%len(b)] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Read("instrument", f.Path); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s is read though it was changed: %v", f.Path, err)
		}
		if mended, err := d.Repair(t.Context(), "instrument"); err != nil || !slices.Equal(mended, []string{f.Path}) {
			t.Errorf("mended %v, want %s: %v", mended, f.Path, err)
		}
		if files, bytes := h.count(); files != 1 || bytes != f.SealedSize {
			t.Errorf("%s: %d files with %d bytes were fetched", f.Path, files, bytes)
		}
	}
	wantReads(t, d, m)
}

// TestWrongBytes: what arrives and is not what the manifest says is thrown
// away, and never becomes part of a package.
func TestWrongBytes(t *testing.T) {
	t.Parallel()

	h, m := open(t)
	d := h.device(t, t.TempDir())
	h.flip.Store(true)
	if err := d.Update(t.Context(), "instrument"); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("wrong bytes: %v", err)
	}
	if _, err := d.Manifest("instrument"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a package: %v", err)
	}
	h.flip.Store(false)
	update(t, d)
	wantReads(t, d, m)
}

// TestLicence: nothing is read without a licence that counts, and of this
// device.
func TestLicence(t *testing.T) {
	t.Parallel()

	h, _ := open(t)
	d := h.device(t, t.TempDir())
	update(t, d)
	d.Now = func() time.Time { return time.Now().Add(30*24*time.Hour + time.Minute) }
	if _, err := d.Read("instrument", "outline.json"); !errors.Is(err, device.ErrExpired) {
		t.Errorf("after a month: %v", err)
	}
	d.Now = time.Now
	other := t.TempDir()
	if err := os.CopyFS(filepath.Join(other, "instrument"), os.DirFS(filepath.Join(d.Folder, "instrument"))); err != nil {
		t.Fatal(err)
	}
	if _, err := h.device(t, other).Read("instrument", "outline.json"); err == nil || !strings.Contains(err.Error(), "not for this device") {
		t.Errorf("the licence of another device: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(d.Folder, "instrument", "licences")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read("instrument", "outline.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a licence: %v", err)
	}
	if err := d.Renew(t.Context(), "instrument"); err != nil {
		t.Fatal(err)
	}
	if b, err := d.Read("instrument", "outline.json"); err != nil || !bytes.Contains(b, []byte("vor-and-hsi")) {
		t.Errorf("with a new licence: %q, %v", b, err)
	}
}

// TestRevoked: who lost access gets neither files nor a licence, and reads
// what is on the device until its licence is over.
func TestRevoked(t *testing.T) {
	t.Parallel()

	h, first := open(t)
	d := h.device(t, t.TempDir())
	update(t, d)
	h.edition(t)
	h.count()
	h.breakOff(50_000, func() { platformtest.Revoke(t, h.Platform, h.ana, "bundle") })
	for range 2 { // amidst a download, and at the next
		if err := d.Update(t.Context(), "instrument"); err == nil {
			t.Error("the package was updated")
		}
	}
	for what, err := range map[string]error{"update": d.Update(t.Context(), "instrument"), "renew": d.Renew(t.Context(), "instrument")} {
		if refused, ok := errors.AsType[*device.Refused](err); !ok || refused.Status != http.StatusPaymentRequired {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, bytes := h.count(); bytes != 50_000 {
		t.Errorf("%d bytes were sent, want those before the refund", bytes)
	}
	wantReads(t, d, first)
}

// TestReplaced: a package that is replaced while it is fetched can still be
// fetched to its end, and after it the new one.
func TestReplaced(t *testing.T) {
	t.Parallel()

	h, first := open(t)
	d := h.device(t, t.TempDir())
	var next offline.Manifest
	h.before(2, func() { next = h.edition(t) })
	update(t, d)
	if next.Checksum == first.Checksum {
		t.Fatal("the package was not replaced")
	}
	wantReads(t, d, first)
	update(t, d)
	wantReads(t, d, next)
}

// seeded returns random numbers that a failure can be repeated with.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// copied returns a folder with what a device has.
func copied(t *testing.T, d *device.Device) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(d.Folder)); err != nil {
		t.Fatal(err)
	}
	return folder
}

func update(t *testing.T, d *device.Device) {
	t.Helper()
	if err := d.Update(t.Context(), "instrument"); err != nil {
		t.Fatal(err)
	}
}

// whole returns the package that counts, after it has read all of it.
func whole(t *testing.T, d *device.Device) offline.Manifest {
	t.Helper()
	m, err := d.Manifest("instrument")
	if err != nil || len(m.Files) == 0 {
		t.Fatalf("%d files: %v", len(m.Files), err)
	}
	for _, f := range m.Files {
		if b, err := d.Read("instrument", f.Path); err != nil || sha256.Sum256(b) != f.SHA256 {
			t.Errorf("%s: %d bytes, %v", f.Path, len(b), err)
		}
	}
	return m
}

// wantReads makes sure that this package counts, and can be read.
func wantReads(t *testing.T, d *device.Device, want offline.Manifest) {
	t.Helper()
	if got := whole(t, d); got.Checksum != want.Checksum {
		t.Errorf("the device has version %s, want %s", got.Version, want.Version)
	}
}

// difference returns how many files of a package the one before lacks, and
// their sealed bytes.
func difference(before, m offline.Manifest) (files int, size int64) {
	for _, f := range lacking(before, m) {
		files++
		size += f.SealedSize
	}
	return files, size
}

func lacking(before, m offline.Manifest) (files []offline.File) {
	for _, f := range m.Files {
		if !slices.ContainsFunc(before.Files, func(old offline.File) bool { return old.Sealed == f.Sealed }) {
			files = append(files, f)
		}
	}
	return files
}

// onDisk returns how many bytes a device holds already of what is new.
func onDisk(t *testing.T, d *device.Device, before, m offline.Manifest) (bytes int64) {
	t.Helper()
	for _, f := range lacking(before, m) {
		for _, folder := range []string{"files", "parts"} {
			info, err := os.Stat(filepath.Join(d.Folder, "instrument", folder, f.Sealed.String()))
			if err == nil {
				bytes += info.Size()
			} else if !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	return bytes
}
