package operate_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pilothandbook/handbook/offline"
	"pilothandbook/operate"
	"pilothandbook/platform"
	"pilothandbook/platform/config"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/platformtest/device"
)

// TestSecretsOfPackages: keys and licences are in no log and in no operator's
// print, whatever goes wrong, where every query is logged too.
func TestSecretsOfPackages(t *testing.T) {
	t.Parallel()

	s := newStudy(t, 1)
	s.goOn(t)
	s.end()
	var said platformtest.Paper
	first, second := platformtest.ContentKey, newKey("next")
	cfg := *s.Config
	cfg.AppEnv, cfg.LogLevel, cfg.StripeAPIBase = "development", "debug", "http://127.0.0.1:1"
	cfg.ContentEncryptionKey = config.Secret(first + "," + second)
	next, lost := cfg, cfg
	next.ContentEncryptionKey = config.Secret(second + "," + first)
	lost.ContentEncryptionKey = config.Secret(newKey("other"))
	p, err := platform.Open(&cfg, config.Web, platform.NewLogger(&said, cfg.LogLevel))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s.serve(p)
	d, err := device.Open(t.TempDir(), s.url, s.reader(t, "ana@example.com").Secret)
	if err != nil {
		t.Fatal(err)
	}
	module := s.modules[0]
	if err := d.Update(t.Context(), module); err != nil {
		t.Fatal(err)
	}
	key, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(p.Config), module)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"module's key": key.Key[:], "licence": licenceOf(t, d.Folder, module)}
	for _, k := range append(cfg.ContentKeys(), lost.ContentKeys()...) {
		secrets["wrapping key "+k.ID] = []byte(k.Key.Reveal())
	}
	for _, harm := range []string{
		`SELECT`, // none
		`ALTER TABLE licences RENAME COLUMN issued_at TO given_at`,
		`ALTER TABLE blobs RENAME COLUMN body TO flesh`,
		`UPDATE module_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)`,
		`ALTER TABLE module_keys RENAME COLUMN wrapped TO packed`,
	} {
		platformtest.Exec(t, s.Platform, harm)
		for what, err := range map[string]error{"fetch": fetchAfresh(t, d, module), "renew": d.Renew(t.Context(), module)} {
			fmt.Fprintln(&said, what, err)
		}
		for _, with := range []*config.Config{&cfg, &next, &lost} {
			q, err := platform.Open(with, config.Command, platform.NewLogger(&said, "debug"))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&said, operate.RotateKey(t.Context(), q, &said))
			_, err = operate.Fsck(t.Context(), q, &said)
			fmt.Fprintln(&said, err)
			fmt.Fprintf(&said, "%v %+v\n", err, with)
			q.Close()
		}
	}
	if _, err := operate.Doctor(t.Context(), &lost, &lost, &said); err != nil {
		t.Error(err)
	}
	text := said.String()
	if found := licences.FindString(text); found != "" {
		t.Errorf("this may be a licence: %s", found)
	}
	for _, want := range []string{"INSERT INTO licences", "is wrapped by", `"status":500`, `licence of \"module-00\" for`, "another one has its id, or the row is damaged"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was to happen, and did not", want)
		}
	}
	for name, secret := range secrets {
		for form, b := range forms(t, secret) {
			if strings.Contains(text, b) {
				t.Errorf("the %s is told as %s", name, form)
			}
		}
	}
}

// licences finds what could be a licence that no device ever got: 256 bytes in
// base64, in hexadecimal, or as a list.
var licences = regexp.MustCompile(`[A-Za-z0-9+/_-]{300,}|([0-9]{1,3}[ ,]+){200,}`)

// licenceOf returns the wrapped key that a device was given.
func licenceOf(t *testing.T, folder, module string) []byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, module, "licences", "*.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v: %v", found, err)
	}
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var l struct{ Wrapped []byte }
	if err := json.Unmarshal(b, &l); err != nil || len(l.Wrapped) == 0 {
		t.Fatal(err)
	}
	return l.Wrapped
}

// forms returns how bytes may come to be printed, in full or by their first
// twelve.
func forms(t *testing.T, secret []byte) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, b := range [][]byte{secret, secret[:12]} {
		list := strings.Trim(fmt.Sprint(b), "[]")
		for form, text := range map[string]string{
			"bytes": string(b), "hexadecimal": hex.EncodeToString(b), "capital hexadecimal": strings.ToUpper(hex.EncodeToString(b)),
			"base64": strings.TrimRight(encode(b), "="), "a list": list, "a list in JSON": strings.ReplaceAll(list, " ", ","), "a quote": strings.Trim(fmt.Sprintf("%q", b), `"`),
		} {
			all[fmt.Sprintf("%s of %d bytes", form, len(b))] = text
		}
	}
	return all
}
