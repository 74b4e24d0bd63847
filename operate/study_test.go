package operate_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pilothandbook/functions/file"
	"pilothandbook/functions/licence"
	"pilothandbook/functions/manifest"
	"pilothandbook/handbook/seal"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
	"pilothandbook/router"
)

// study is a handbook whose modules are fetched and opened by readers all the
// time, while its CONTENT_ENCRYPTION_KEY changes.
type study struct {
	*platform.Platform
	url     string
	modules []string

	deployed sync.RWMutex // a request is answered by one deployment from beginning to end
	handler  http.Handler

	opened  [3]atomic.Int64 // packages, by each reader
	stop    chan struct{}
	reading sync.WaitGroup
}

// patience is how many licences a reader gets in an hour at most.
const patience = 50

func newStudy(t *testing.T, modules int) *study {
	t.Helper()
	s := &study{Platform: platformtest.New(t), stop: make(chan struct{})}
	platformtest.Exec(t, s.Platform, `ALTER TABLE modules DROP CONSTRAINT modules_key_check`) // three modules have hardly a midway
	for i := range modules {
		key := fmt.Sprintf("module-%02d", i)
		platformtest.Publish(t, s.Platform, platformtest.Volume(key, "A Module", 100, fmt.Sprintf("lesson-%02d", i)))
		platformtest.Pack(t, s.Platform, key)
		s.modules = append(s.modules, key)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.deployed.RLock()
		defer s.deployed.RUnlock()
		s.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.deploy(t, platformtest.ContentKey)
	for i := range s.opened {
		s.reading.Go(func() { s.read(t, i, s.people(t, i), t.TempDir()) })
	}
	t.Cleanup(s.end)
	return s
}

// end lets the readers rest.
func (s *study) end() {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.reading.Wait()
}

// with returns a platform of the same handbook with other keys.
func (s *study) with(t *testing.T, keys string) *platform.Platform {
	t.Helper()
	cfg := *s.Config
	cfg.ContentEncryptionKey = config.Secret(keys)
	return platformtest.Open(t, &cfg)
}

// deploy has a process with other keys answer from now on, once the one before
// has answered what it was asked.
func (s *study) deploy(t *testing.T, keys string) {
	t.Helper()
	s.serve(s.with(t, keys))
}

func (s *study) serve(p *platform.Platform) {
	next := router.New(p, slices.Concat(manifest.Routes(p), file.Routes(p), licence.Routes(p))...)
	s.deployed.Lock()
	defer s.deployed.Unlock()
	s.handler = next
}

// people returns the accounts that a reader uses one after the other.
func (s *study) people(t *testing.T, reader int) (all []*platformtest.User) {
	t.Helper()
	for i := range 40 {
		all = append(all, s.reader(t, fmt.Sprintf("reader%d-%d@example.com", reader, i)))
	}
	return all
}

// reader returns somebody who may read all modules.
func (s *study) reader(t *testing.T, email string) *platformtest.User {
	t.Helper()
	who := platformtest.Learner(t, s.Platform, email)
	platformtest.Exec(t, s.Platform, `INSERT INTO grants (id, user_id, module_key) SELECT gen_random_uuid(), $1, key FROM modules`, who.ID)
	return who
}

// read fetches and opens packages, until it shall stop or one cannot be read.
func (s *study) read(t *testing.T, reader int, people []*platformtest.User, folder string) {
	for _, who := range people {
		d, err := device.Open(folder, s.url, who.Secret)
		if err != nil {
			t.Error(err)
			return
		}
		for range patience {
			select {
			case <-s.stop:
				return
			default:
			}
			if err := fetchAfresh(t, d, s.modules[rand.IntN(len(s.modules))]); err != nil {
				t.Error(err)
				return
			}
			s.opened[reader].Add(1)
		}
	}
}

// fetchAfresh has a device that knows nothing of a module fetch, open and read
// its package.
func fetchAfresh(t *testing.T, d *device.Device, module string) error {
	if err := os.RemoveAll(filepath.Join(d.Folder, module)); err != nil {
		return err
	}
	if err := d.Update(t.Context(), module); err != nil {
		return err
	}
	m, err := d.Manifest(module)
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		if _, err := d.Read(module, f.Path); err != nil {
			return err
		}
	}
	return nil
}

// total returns how many packages were opened.
func (s *study) total() (n int64) {
	for i := range s.opened {
		n += s.opened[i].Load()
	}
	return n
}

// goOn waits until every reader has begun and ended another package.
func (s *study) goOn(t *testing.T) {
	t.Helper()
	var want [len(s.opened)]int64
	for i := range s.opened {
		want[i] = s.opened[i].Load() + 2
	}
	for i := range want {
		for deadline := time.Now().Add(time.Minute); s.opened[i].Load() < want[i]; time.Sleep(5 * time.Millisecond) {
			if t.Failed() || time.Now().After(deadline) {
				t.Fatalf("reader %d does not go on", i)
			}
		}
	}
}

// newKey returns a key of CONTENT_ENCRYPTION_KEY.
func newKey(id string) string {
	k := seal.NewKey()
	return fmt.Sprintf("%s:%s", id, encode(k[:]))
}
