package account_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

func TestPasskeySite(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://handbook.example": "handbook.example", "http://localhost:3000": "localhost", "https://a.b.example:8443/x": "a.b.example",
		"http://127.0.0.1:3000": "", "http://[::1]:3000": "", "": "", "://": "",
	} {
		if got := account.PasskeySite(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// A challenge is answered once, by the browser and user it was given to.
func TestChallenge(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	use := func(challenge, browser string, user uuid.UUID) error {
		_, err := account.UseChallenge(t.Context(), p.DB, challenge, browser, user)
		return err
	}
	if err := account.KeepChallenge(t.Context(), p.DB, "c", "b", ana.ID, []byte(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{use("c", "", ana.ID), use("c", "other", ana.ID), use("c", "b", uuid.Nil), use("c", "b", uuid.New()), use("d", "b", ana.ID)} {
		wantText(t, err, fault.Conflict, "five minutes")
	}
	var won atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if use("c", "b", ana.ID) == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("used %d times", won.Load())
	}
	if err := account.KeepChallenge(t.Context(), p.DB, "late", "b", uuid.Nil, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	platformtest.Exec(t, p, `UPDATE passkey_challenges SET expires_at = now()`)
	wantText(t, use("late", "b", uuid.Nil), fault.Conflict, "five minutes")
}

// The handle is made once, also when two ask at once, and belongs to nobody
// else.
func TestPasskeyHandle(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	handle := func(user uuid.UUID) (h []byte) {
		err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
			o, err := account.FindPasskeyOwner(t.Context(), tx, user)
			if err == nil {
				h = o.Handle
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return h
	}
	handles := make([][]byte, 8)
	var group sync.WaitGroup
	for i := range handles {
		group.Go(func() { handles[i] = handle(ana.ID) })
	}
	group.Wait()
	for _, h := range handles {
		if len(h) != 64 || !bytes.Equal(h, handles[0]) {
			t.Errorf("handles differ: %x and %x", h, handles[0])
		}
	}
	if bytes.Equal(handle(bob.ID), handles[0]) {
		t.Error("two users have one handle")
	}
}
