package mailbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

const suffix = ".eml"

// folder is where the mails are kept; "" keeps nothing. File names are UUIDs
// of version 7, so that the order of names is that of arrival.
type folder string

func (f folder) path(id string) string { return filepath.Join(string(f), id+suffix) }

// load reads the newest mails back, newest last. Files that are not ours are
// left alone.
func (f folder) load() ([]Mail, error) {
	if f == "" {
		return nil, nil
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, err
	}
	ids, err := f.ids()
	if err != nil {
		return nil, err
	}
	for ; len(ids) > newest; ids = ids[1:] {
		f.remove(ids[0].String())
	}
	var mails []Mail
	for _, id := range ids {
		raw, err := os.ReadFile(f.path(id.String()))
		if errors.Is(err, os.ErrNotExist) {
			continue // thrown away by hand just now
		}
		if err != nil {
			return nil, err
		}
		mails = append(mails, read(id, raw))
	}
	return mails, nil
}

func (f folder) ids() ([]uuid.UUID, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, entry := range entries {
		name, ours := strings.CutSuffix(entry.Name(), suffix)
		id, err := uuid.Parse(name)
		if ours && err == nil && id.String() == name {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// write stores a mail whole or not at all: it has its name only when complete.
// Only the owner can read it, as mails hold links that sign someone in.
func (f folder) write(id uuid.UUID, raw []byte) error {
	if f == "" {
		return nil
	}
	part := filepath.Join(string(f), "incoming.part")
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	if err := os.Rename(part, f.path(id.String())); err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	return nil
}

// remove lets go of a mail. A file that stays is removed at the next start.
func (f folder) remove(id string) {
	if f != "" {
		_ = os.Remove(f.path(id))
	}
}
