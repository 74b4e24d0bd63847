// Package author is what authors run on their own machine: it checks a
// module's folder, sends it to a handbook, and shows or activates versions
// there. It speaks to the handbook by its API alone.
package author

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pilothandbook/handbook/manuscript"
)

// Options say where to publish, and how.
type Options struct {
	URL      string // of the handbook
	Token    string // the author's
	Activate bool   // let readers have the version at once
	Check    bool   // look for faults only
	Out      io.Writer
}

// Publish checks a module's folder and makes a version of it on the handbook.
// While the folder has faults nothing is sent. What the handbook has already
// is not sent again, so that a publication which broke off goes on.
func Publish(ctx context.Context, o Options, dir string) error {
	m, err := check(o.Out, dir)
	if err != nil || o.Check {
		return err
	}
	c, err := dial(o)
	if err != nil {
		return err
	}
	p := publication{client: c, dir: dir, m: m, o: o}
	a, err := p.offer(ctx)
	if err != nil {
		return err
	}
	if a.Unchanged {
		p.report("Nothing new", a.Version.Checksum, a.Version.ID, a.Version.Active)
		return nil
	}
	done, err := c.follow(ctx, o.Out, a.URL)
	if err != nil {
		return err
	}
	p.report("Published", done.Checksum, done.ID, done.Active)
	return nil
}

// check reads a folder and prints its faults.
func check(out io.Writer, dir string) (*manuscript.Manuscript, error) {
	if st, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) || err == nil && !st.IsDir() {
		return nil, fmt.Errorf("there is no folder %s; name the folder that module.yaml is in", dir)
	} else if err != nil {
		return nil, err
	}
	m, faults := manuscript.Read(os.DirFS(dir))
	for _, f := range faults {
		f.File = filepath.Join(dir, filepath.FromSlash(f.File))
		fmt.Fprintln(out, f)
	}
	if n := len(faults); n > 0 {
		return nil, fmt.Errorf("%s has %s; nothing was sent", dir, count(n, "fault"))
	}
	var size int64
	for _, f := range m.Files {
		size += f.Size
	}
	fmt.Fprintf(out, "%s %s: %s, %s, %s, no faults.\n", m.Key, m.Version, count(len(m.Lessons), "lesson"), count(len(m.Files), "file"), bytesOf(size))
	return m, nil
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// bytesOf writes a size as people read it.
func bytesOf(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
