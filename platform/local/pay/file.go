package pay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// load reads the book from file; without one, or the first time, it is empty.
func load(file string) (*book, error) {
	b := newBook()
	if file == "" {
		return b, nil
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pay: read state: %w", err)
	}
	if err := json.Unmarshal(raw, b); err != nil {
		return nil, fmt.Errorf("pay: state in %s cannot be read (remove the file to start afresh): %w", file, err)
	}
	b.index()
	return b, nil
}

// save writes the book to file so that a reader, or a crash, finds either the
// old state or the new one.
func save(file string, b *book) error {
	if file == "" {
		return nil
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("pay: encode state: %w", err)
	}
	folder := filepath.Dir(file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("pay: save state: %w", err)
	}
	temp, err := os.CreateTemp(folder, filepath.Base(file)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("pay: save state: %w", err)
	}
	_, err = temp.Write(raw)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("pay: save state in %s: %w", file, err), os.Remove(temp.Name()))
	}
	return nil
}
