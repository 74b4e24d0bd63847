package author

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"pilothandbook/handbook/manuscript"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
)

// atOnce is how many files are sent at once: the way there and back counts
// more than the bytes.
const atOnce = 4

// publication is a folder on its way to the handbook.
type publication struct {
	*client
	o   Options
	dir string
	m   *manuscript.Manuscript
}

// announcement is what is told of a folder.
type announcement struct {
	Module   string        `json:"module"`
	Version  string        `json:"version"`
	Files    []source.File `json:"files"`
	Activate bool          `json:"activate"`
}

// reply is what the handbook says to an announcement: one of the three.
type reply struct {
	Missing []string `json:"missing"`

	Version   version.Version `json:"version"`
	Unchanged bool            `json:"unchanged"`

	URL string `json:"url"` // of the job
}

// offer announces the folder, and sends what is missing, until nothing is.
func (p publication) offer(ctx context.Context) (reply, error) {
	a := announcement{Module: p.m.Key, Version: p.m.Version, Activate: p.o.Activate}
	for _, f := range p.m.Files {
		a.Files = append(a.Files, source.File{Path: f.Path, SHA256: hex.EncodeToString(f.SHA256[:]), Size: f.Size})
	}
	for range tries {
		var r reply
		err := p.ask(ctx, http.MethodPost, "/api/uploads", a, &r)
		if err != nil || len(r.Missing) == 0 {
			return r, err
		}
		if err := p.follows(ctx); err != nil {
			return r, err
		}
		if err := p.upload(ctx, r.Missing); err != nil {
			return r, err
		}
	}
	return reply{}, fmt.Errorf("%s asks again and again for files that it has got; tell its operator", p.url)
}

// follows asks what readers would lose, before anything is sent. The worker
// asks again; a handbook that cannot tell leaves it to that.
func (p publication) follows(ctx context.Context) error {
	var s version.Standing
	err := p.ask(ctx, http.MethodGet, "/api/versions/"+p.m.Key+"/lessons", nil, &s)
	if refused(err) {
		return nil
	}
	if err != nil {
		return err
	}
	faults := p.m.After(s)
	for _, f := range faults {
		f.File = filepath.Join(p.dir, f.File)
		fmt.Fprintln(p.o.Out, f)
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s cannot follow what readers have; nothing was sent", p.dir)
	}
	return nil
}

// upload sends the files with these SHA-256, several at once.
func (p publication) upload(ctx context.Context, sums []string) error {
	files := map[string]string{}
	for _, f := range p.m.Files {
		files[hex.EncodeToString(f.SHA256[:])] = f.Path
	}
	var printing sync.Mutex
	sent := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, sum := range sums {
		g.Go(func() error {
			size, err := p.put(ctx, sum, files[sum])
			if err != nil {
				return err
			}
			printing.Lock()
			defer printing.Unlock()
			sent++
			fmt.Fprintf(p.o.Out, "sent %d of %d: %s, %s\n", sent, len(sums), files[sum], bytesOf(size))
			return nil
		})
	}
	return g.Wait()
}

// put sends one file, if it is still what was checked.
func (p publication) put(ctx context.Context, sum, path string) (size int64, err error) {
	body, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(path)))
	if err != nil {
		return 0, err
	}
	if now := sha256.Sum256(body); hex.EncodeToString(now[:]) != sum {
		return 0, fmt.Errorf("%s changed while the folder was published; publish it again", path)
	}
	var stored struct{}
	err = p.request(ctx, http.MethodPut, "/api/blobs/"+sum, "application/octet-stream", body, &stored)
	return int64(len(body)), err
}

// report tells what came of it, and what to do next.
func (p publication) report(word, checksum string, id uuid.UUID, active bool) {
	fmt.Fprintf(p.o.Out, "%s: %s %s, checksum %s.\n", word, p.m.Key, p.m.Version, checksum)
	fmt.Fprintf(p.o.Out, "All versions: %s/versions/%s\n", p.url, p.m.Key)
	if active {
		fmt.Fprintf(p.o.Out, "It is active. Read it: %s/modules/%s\n", p.url, p.m.Key)
		return
	}
	fmt.Fprintf(p.o.Out, "Preview it: %s/previews/%s\n", p.url, id)
	fmt.Fprintf(p.o.Out, "It is not active. Let readers have it: handbook versions --activate %s %s\n", p.m.Version, p.m.Key)
}

// job is how a handbook tells of one.
type job struct {
	State  string          `json:"state"`
	Text   string          `json:"text"`
	Error  string          `json:"error"`
	Result json.RawMessage `json:"result"`
}

// made is the result of a job that is done.
type made struct {
	ID        uuid.UUID `json:"versionId"`
	Checksum  string    `json:"checksum"`
	Active    bool      `json:"active"`
	Revision  int       `json:"revision"`
	Unchanged bool      `json:"unchanged"`
}

// follow prints how a job comes along, until it has ended.
func (c *client) follow(ctx context.Context, out io.Writer, path string) (made, error) {
	var last string
	for {
		var j job
		if err := c.ask(ctx, http.MethodGet, path, nil, &j); err != nil {
			return made{}, err
		}
		if j.Text != last && j.State != "done" && j.State != "dead" {
			fmt.Fprintln(out, j.Text)
			last = j.Text
		}
		switch j.State {
		case "done":
			var m made
			return m, json.Unmarshal(bytes.TrimSpace(j.Result), &m)
		case "dead":
			fmt.Fprintln(out, j.Error)
			return made{}, errors.New("the module was not published; what is wrong stands above")
		}
		if err := pause(ctx, time.Second/2); err != nil {
			return made{}, err
		}
	}
}
