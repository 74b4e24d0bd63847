package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Held is the error when another process holds the data folder.
type Held struct {
	Data  string
	PID   int       // 0 when not known
	Since time.Time // zero when not known
}

// Error names the data folder, the process and since when.
func (h *Held) Error() string {
	text := fmt.Sprintf("the data folder %s is in use by ", h.Data)
	if h.PID == 0 {
		text += "another process"
	} else {
		text += "process " + strconv.Itoa(h.PID)
	}
	if !h.Since.IsZero() {
		text += " since " + h.Since.Local().Format("2006-01-02 15:04:05")
	}
	return text
}

// hold takes the lock file at path for as long as this process lives, and
// writes into it who we are. The kernel drops the lock of a killed process.
func (s *Server) hold(path, data string) error {
	if err := s.touch(path); err != nil {
		return fmt.Errorf("lock file of %s: %w", data, err)
	}
	// Without O_CREATE: Linux refuses that to root for a file of someone
	// else in a folder like /tmp.
	l := flock.New(path, flock.SetFlag(os.O_RDWR))
	ok, err := l.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	if !ok {
		return heldBy(path, data)
	}
	s.locks = append(s.locks, l)
	note := fmt.Sprintf("%d\n%s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	if err := os.WriteFile(path, []byte(note), 0o644); err != nil {
		return fmt.Errorf("note the holder of %s: %w", data, err)
	}
	return nil
}

// touch creates a file for the account, unless it exists.
func (s *Server) touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return firstOf(f.Close(), s.account.own(path))
}

func heldBy(path, data string) *Held {
	h := &Held{Data: data}
	note, err := os.ReadFile(path)
	if err != nil {
		return h // held all the same
	}
	pid, since, _ := strings.Cut(strings.TrimSpace(string(note)), "\n")
	h.PID, _ = strconv.Atoi(pid)
	h.Since, _ = time.Parse(time.RFC3339, since)
	return h
}
