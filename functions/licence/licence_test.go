package licence_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"pilothandbook/functions/licence"
	"pilothandbook/handbook/offline"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

type answer struct {
	Module          string
	Key             uuid.UUID
	Wrapped         []byte
	Issued, Expires time.Time
}

// public returns a public key as a device sends it.
func public(t *testing.T, key any) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// any2048 returns another RSA key of 2048 bits at every call, quickly: nobody
// has the private one.
func any2048(t *testing.T) []byte {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 2047))
	if err != nil {
		t.Fatal(err)
	}
	n.SetBit(n.SetBit(n, 2047, 1), 0, 1)
	return public(t, &rsa.PublicKey{N: n, E: 65537})
}

func ask(t *testing.T, p *platform.Platform, who *platformtest.User, module string, key []byte) platformtest.Answer {
	t.Helper()
	r := platformtest.Request(t, who, "POST", "/api/modules/"+module+"/licence", map[string][]byte{"publicKey": key})
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	return platformtest.Send(t, p, licence.Routes(p), r)
}

func TestIssue(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	device, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var first, again answer
	got := ask(t, p, ana, "instrument", public(t, device.Public()))
	got.Into(t, &first)
	want, err := offline.ModuleKey(t.Context(), p.DB, offline.Keyring(p.Config), "instrument")
	if err != nil {
		t.Fatal(err)
	}
	key, err := rsa.DecryptOAEP(sha256.New(), nil, device, first.Wrapped, []byte(first.Key.String()))
	if err != nil || string(key) != string(want.Key[:]) || first.Key != want.ID || first.Module != "instrument" {
		t.Errorf("%+v, %v", first, err)
	}
	if lasts := first.Expires.Sub(first.Issued); lasts != 30*24*time.Hour || got.Header.Get("Cache-Control") != "no-store" || strings.Contains(got.Body, string(key)) {
		t.Errorf("%v, %v", lasts, got.Header)
	}
	ask(t, p, ana, "instrument", public(t, device.Public())).Into(t, &again)
	if again.Expires.Before(first.Expires) || again.Key != first.Key {
		t.Errorf("%+v, then %+v", first, again)
	}
	var list struct {
		Limit   int
		Devices []struct{ Name string }
	}
	platformtest.Call(t, p, licence.Routes(p), ana, "GET", "/api/modules/instrument/licence", nil).Into(t, &list)
	if list.Limit != 10 || len(list.Devices) != 1 || list.Devices[0].Name != "Firefox on Linux" {
		t.Errorf("%+v", list)
	}
	platformtest.Call(t, p, licence.Routes(p), ana, "GET", "/api/modules/private_commercial/licence", nil).Into(t, &list)
	if len(list.Devices) != 0 {
		t.Errorf("of the other module: %+v", list)
	}
}

// TestEnds: a refund ends new licences at once, also in a process that still
// remembers the grant, and a grant that ends sooner ends its licences.
func TestEnds(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	platformtest.Exec(t, p, `UPDATE grants SET expires_at = now() + interval '3 days'`)
	var short answer
	ask(t, p, ana, "instrument", any2048(t)).Into(t, &short)
	if d := short.Expires.Sub(short.Issued); d > 3*24*time.Hour || d < 2*24*time.Hour {
		t.Errorf("the licence lasts %v", d)
	}
	platformtest.Grant(t, p, ana, "bundle")
	ask(t, p, ana, "instrument", any2048(t)).Into(t, &short)
	if d := short.Expires.Sub(short.Issued); d != 30*24*time.Hour {
		t.Errorf("with the bundle it lasts %v", d)
	}
	platformtest.Exec(t, p, `UPDATE grants SET revoked_at = now()`) // elsewhere: this process remembers
	if got := ask(t, p, ana, "instrument", any2048(t)); got.Status != http.StatusPaymentRequired {
		t.Errorf("after the refund: %v", got)
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM licences`); n != "2" {
		t.Errorf("%s licences", n)
	}
}

// TestDevices: an account has ten devices, however they ask, until a licence
// is over.
func TestDevices(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "bundle")
	var asking sync.WaitGroup
	statuses := make([]int, 14)
	for i := range statuses {
		asking.Go(func() {
			module := []string{"instrument", "private_commercial"}[i%2]
			statuses[i] = ask(t, p, ana, module, any2048(t)).Status
		})
	}
	asking.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[http.StatusOK] != 10 || count[http.StatusConflict] != 4 {
		t.Errorf("%v", count)
	}
	refused := ask(t, p, ana, "instrument", any2048(t))
	if want := time.Now().UTC().Add(30 * 24 * time.Hour).Format("2 January 2006"); !strings.Contains(refused.Body, want) {
		t.Errorf("%s does not say %s", refused.Body, want)
	}
	platformtest.Exec(t, p, `UPDATE licences SET expires_at = now() WHERE id = (SELECT max(id::text)::uuid FROM licences)`)
	if got := ask(t, p, ana, "instrument", any2048(t)); got.Status != http.StatusOK {
		t.Errorf("once one is over: %v", got)
	}
	ben := platformtest.Learner(t, p, "ben@example.com")
	platformtest.Grant(t, p, ben, "instrument")
	if got := ask(t, p, ben, "instrument", any2048(t)); got.Status != http.StatusOK {
		t.Errorf("somebody else: %v", got)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long := new(big.Int).Lsh(big.NewInt(1), 2047)
	for name, key := range map[string][]byte{
		"none": nil, "no key": []byte("key"), "elliptic": public(t, elliptical.Public()),
		"1024 bits":      public(t, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}),
		"8192 bits":      public(t, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8191), E: 65537}),
		"exponent 3":     public(t, &rsa.PublicKey{N: long, E: 3}),
		"something more": append(any2048(t), 0),
	} {
		if got := ask(t, p, ana, "instrument", key); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "publicKey") {
			t.Errorf("%s: %v", name, got)
		}
	}
	for body, want := range map[string]int{
		fmt.Sprintf(`{"publicKey":%q}`, strings.Repeat("A", 5000)): http.StatusRequestEntityTooLarge,
		`{"publicKey":"%%%"}`:              http.StatusBadRequest,
		`{"publicKey":"","user":"other"}`:  http.StatusBadRequest,
		`{"publicKey":"","days":"100000"}`: http.StatusBadRequest,
	} {
		if got := platformtest.Call(t, p, licence.Routes(p), ana, "POST", "/api/modules/instrument/licence", json.RawMessage(body)); got.Status != want {
			t.Errorf("%.40s: %v", body, got)
		}
	}
	if got := ask(t, p, ana, "nope", any2048(t)); got.Status != http.StatusNotFound {
		t.Errorf("no such module: %d", got.Status)
	}
	if got := ask(t, p, ana, "private_commercial", any2048(t)); got.Status != http.StatusPaymentRequired {
		t.Errorf("not bought: %d", got.Status)
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM licences`); n != "0" {
		t.Errorf("%s licences", n)
	}
}
