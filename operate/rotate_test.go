package operate_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"pilothandbook/handbook/offline"
	"pilothandbook/handbook/seal"
	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
)

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// TestRotateKey exchanges the key that wraps, twice, and then lacks the one
// that counts.
func TestRotateKey(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	platformtest.Pack(t, p, "instrument")
	before, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(p.Config), "instrument")
	if err != nil {
		t.Fatal(err)
	}
	next := *p.Config
	next.ContentEncryptionKey = config.Secret(newKey("next") + "," + platformtest.ContentKey)
	q := platformtest.Open(t, &next)
	for _, want := range []string{"the key of instrument is wrapped by \"next\", no longer by \"tests\"\n1 keys wrapped anew", "0 keys wrapped anew; 1 are wrapped by \"next\"\nthe key \"tests\" is needed no more"} {
		var out strings.Builder
		if err := operate.RotateKey(t.Context(), q, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s%v", &out, err)
		}
		if after, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(&next), "instrument"); err != nil || after != before {
			t.Errorf("the key is another: %v", err)
		}
	}
	if got, want := platformtest.Text(t, p, records), `key wrapped anew module:instrument {"by": "handbook rotate-key", "to": "next", "from": "tests"}`; got != want {
		t.Errorf("the record has %s", got)
	}
	err = operate.RotateKey(t.Context(), p, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), `the key "next" is not in CONTENT_ENCRYPTION_KEY`) || !strings.Contains(err.Error(), "rotate-key --lost") {
		t.Errorf("without the key: %v", err)
	}
}

// rotating is the variable that makes this program handbook rotate-key: it
// holds the database and the keys.
const rotating = "HANDBOOK_TEST_ROTATING"

func rotate(asked string) {
	var url, keys string
	_, err := fmt.Sscan(asked, &url, &keys)
	if err == nil {
		cfg := &config.Config{DatabaseURL: config.Secret(url), DatabaseMaxConns: 1, ContentEncryptionKey: config.Secret(keys)}
		var p *platform.Platform
		if p, err = platform.Open(cfg, config.Command, slog.New(slog.DiscardHandler)); err == nil {
			err = operate.RotateKey(context.Background(), p, os.Stdout)
		}
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// TestRotateUnderLoad exchanges the key five times while readers fetch and open
// packages, and kills each exchange midway before it is done again. Nothing is
// ever undecryptable, the old key can be dropped, and with the one that is
// needed dropped nothing is sent.
func TestRotateUnderLoad(t *testing.T) {
	t.Parallel()

	s := newStudy(t, 40)
	platformtest.Exec(t, s.Platform, `
		CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$`)
	platformtest.Exec(t, s.Platform, `CREATE TRIGGER dawdle BEFORE UPDATE ON module_keys FOR EACH ROW EXECUTE FUNCTION dawdle()`) // so that there is a midway
	before := s.keys(t, platformtest.ContentKey)
	current := platformtest.ContentKey
	for i := range 5 {
		id := fmt.Sprintf("key-%d", i+1)
		next := newKey(id)
		s.deploy(t, next+","+current)
		s.killMidway(t, id, next+","+current)
		s.goOn(t)
		if i == 2 { // who was wrong about the new key can go back
			if err := operate.RotateKey(t.Context(), s.with(t, current+","+next), &strings.Builder{}); err != nil {
				t.Fatal(err)
			}
			s.goOn(t)
		}
		var out strings.Builder
		if err := operate.RotateKey(t.Context(), s.with(t, next+","+current), &out); err != nil || !strings.Contains(out.String(), "is needed no more") {
			t.Fatalf("%s%v", &out, err)
		}
		s.deploy(t, next) // the old one is dropped
		s.goOn(t)
		for module, key := range s.keys(t, next) {
			if key != before[module] {
				t.Errorf("%s has another key", module)
			}
		}
		current = next
	}
	s.end()
	t.Logf("%d packages were fetched and opened meanwhile", s.total())
	s.wantClosed(t)
}

// keys returns the keys of all modules.
func (s *study) keys(t *testing.T, ring string) map[string]offline.Key {
	t.Helper()
	p, all := s.with(t, ring), map[string]offline.Key{}
	for _, module := range s.modules {
		k, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(p.Config), module)
		if err != nil {
			t.Fatal(err)
		}
		all[module] = k
	}
	return all
}

// killMidway has another process exchange the key, and kills it with SIGKILL
// when some modules have the new one.
func (s *study) killMidway(t *testing.T, id, keys string) {
	t.Helper()
	c, err := os.StartProcess(os.Args[0], []string{os.Args[0], "-test.run=^$"}, &os.ProcAttr{ // TestMain asks for the variable
		Env:   append(os.Environ(), fmt.Sprintf("%s=%s %s", rotating, s.Config.DatabaseURL.Reveal(), keys)),
		Files: []*os.File{nil, os.Stdout, os.Stderr},
	})
	if err != nil {
		t.Fatal(err)
	}
	done := func() int {
		by, err := offline.WrappedBy(t.Context(), s.DB)
		if err != nil {
			t.Fatal(err)
		}
		return len(by[id])
	}
	for most, deadline := 1+rand.IntN(len(s.modules)/2), time.Now().Add(time.Minute); done() < most && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	_ = c.Kill()
	if state, err := c.Wait(); err != nil || state.ExitCode() != -1 {
		t.Fatalf("it was not killed: %v, %v", state, err)
	}
	if n := done(); n == 0 || n == len(s.modules) {
		t.Fatalf("%d of %d keys were exchanged, which is not midway", n, len(s.modules))
	}
}

// wantClosed drops the key that is needed: no file and no licence is given, and
// whoever can mend it is told which key it is.
func (s *study) wantClosed(t *testing.T) {
	t.Helper()
	other := newKey("other")
	s.deploy(t, other)
	d, err := device.Open(t.TempDir(), s.url, s.reader(t, "last@example.com").Secret)
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"files": d.Update(t.Context(), s.modules[0]), "a licence": d.Renew(t.Context(), s.modules[0])} {
		refused, ok := errors.AsType[*device.Refused](err)
		if !ok || refused.Status != http.StatusServiceUnavailable || !strings.Contains(refused.Body, "Read online, and try again later") {
			t.Errorf("%s: %v", what, err)
		}
	}
	err = operate.RotateKey(t.Context(), s.with(t, other), &strings.Builder{})
	if err == nil || strings.Count(err.Error(), `the key "key-5" is not in CONTENT_ENCRYPTION_KEY`) != len(s.modules) {
		t.Errorf("the exchange: %v", err)
	}
}

// TestReplaceLost loses the key that wraps for good: modules get new keys and
// packages, those that are not lost keep theirs, and devices read again.
func TestReplaceLost(t *testing.T) {
	t.Parallel()

	s := newStudy(t, 2)
	s.goOn(t)
	s.end()
	kept := s.keys(t, platformtest.ContentKey)[s.modules[1]]
	ring := offline.Keyring(s.Config)
	w, err := seal.NewKeyring(seal.WrappingKey{ID: "gone", Key: seal.NewKey()}).Wrap(seal.NewKey(), s.modules[0])
	if err != nil {
		t.Fatal(err)
	}
	platformtest.Exec(t, s.Platform, `UPDATE module_keys SET wrapped_by = $2, wrapped = $3 WHERE module_key = $1`, s.modules[0], w.By, w.Body)
	d, err := device.Open(t.TempDir(), s.url, s.reader(t, "last@example.com").Secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Update(t.Context(), s.modules[0]); err == nil {
		t.Fatal("a package whose key is lost was fetched")
	}
	if _, err := offline.Replace(t.Context(), s.DB, seal.NewKeyring(), s.modules[0], "test"); err == nil {
		t.Error("a key was given up without one to wrap another by")
	}
	for _, want := range []string{"module-00: 1 packages are made again under a new key, and devices fetch them again\n1 keys were lost\n", "0 keys were lost\n"} {
		var out strings.Builder
		if err := operate.ReplaceLost(t.Context(), s.Platform, &out); err != nil || out.String() != want {
			t.Errorf("%s%v", &out, err)
		}
	}
	if n := platformtest.Text(t, s.Platform, `
		SELECT count(*)::text
		FROM outbox o
		JOIN content_versions v ON v.id::text = o.payload ->> 'version'
		WHERE o.kind = 'generate-offline-package' AND v.module_id = 'module-00'`); n != "1" {
		t.Errorf("%s jobs make the package", n)
	}
	if got, want := platformtest.Text(t, s.Platform, records), `lost key replaced module:module-00 {"by": "handbook rotate-key --lost", "packages": 1}`; got != want {
		t.Errorf("the record has %s", got)
	}
	platformtest.Pack(t, s.Platform, s.modules[0]) // as the job does
	for _, module := range s.modules {
		if err := fetchAfresh(t, d, module); err != nil {
			t.Errorf("%s: %v", module, err)
		}
	}
	if k, err := offline.ModuleKey(t.Context(), s.DB, ring, s.modules[1]); err != nil || k != kept {
		t.Errorf("a key that was not lost is another: %v", err)
	}
}
