package content

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"pilothandbook/handbook/source"
	"pilothandbook/platform/db"
)

// folder is a source as a file system. A file is fetched when it is opened,
// so that memory holds one at a time.
type folder struct {
	ctx   context.Context // of the job: fs.FS has no other way to end a fetch
	db    db.Querier
	files map[string]source.File
	dirs  map[string][]fs.DirEntry
	err   error // why a fetch failed: it is not for the author to mend
}

func newFolder(ctx context.Context, q db.Querier, files []source.File) *folder {
	f := &folder{ctx: ctx, db: q, files: map[string]source.File{}, dirs: map[string][]fs.DirEntry{".": nil}}
	for _, file := range files {
		f.files[file.Path] = file
		f.place(file.Path, entry{name: path.Base(file.Path), size: file.Size})
	}
	for _, entries := range f.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	}
	return f
}

// place puts an entry into its folder, which it makes if need be.
func (f *folder) place(name string, e entry) {
	dir := path.Dir(name)
	if _, known := f.dirs[dir]; !known {
		f.place(dir, entry{name: path.Base(dir), dir: true})
	}
	f.dirs[dir] = append(f.dirs[dir], e)
	if e.dir {
		f.dirs[name] = nil
	}
}

// Open implements fs.FS for files; folders are read by ReadDir.
func (f *folder) Open(name string) (fs.File, error) {
	file, ok := f.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	var body []byte
	if f.err == nil {
		body, f.err = f.fetch(file)
	}
	if f.err != nil { // nor would another be worth the wait
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
	}
	return &opened{entry: entry{name: path.Base(name), size: file.Size}, body: bytes.NewReader(body)}, nil
}

func (f *folder) fetch(file source.File) (body []byte, err error) {
	sum, err := hex.DecodeString(file.SHA256)
	if err != nil {
		return nil, fmt.Errorf("blob %q: %w", file.SHA256, err)
	}
	err = f.db.QueryRow(f.ctx, `
		SELECT body
		FROM blobs
		WHERE sha256 = $1`, sum).Scan(&body)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", file.SHA256, err)
	}
	return body, nil
}

// ReadDir implements fs.ReadDirFS.
func (f *folder) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, ok := f.dirs[name]
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return entries, nil
}

// Stat implements fs.StatFS.
func (f *folder) Stat(name string) (fs.FileInfo, error) {
	if file, ok := f.files[name]; ok {
		return entry{name: path.Base(name), size: file.Size}, nil
	}
	if _, ok := f.dirs[name]; ok {
		return entry{name: path.Base(name), dir: true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// entry is a file or folder as it is listed: its own fs.DirEntry and
// fs.FileInfo.
type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Size() int64                { return e.size }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }

func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// opened is a file that was fetched.
type opened struct {
	entry entry
	body  *bytes.Reader
}

func (o *opened) Stat() (fs.FileInfo, error)       { return o.entry, nil }
func (o *opened) Read(b []byte) (n int, err error) { return o.body.Read(b) }
func (o *opened) Close() error                     { return nil }
