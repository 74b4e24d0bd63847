package blob_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/blob"
	"pilothandbook/platform/platformtest"
)

func path(body string) string { return fmt.Sprintf("/api/blobs/%x", sha256.Sum256([]byte(body))) }

func TestPut(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	author := platformtest.Operator(t, p)
	large := strings.Repeat("x", 20<<20)
	for _, tc := range []struct {
		name, path, body string
		status           int
	}{
		{"new", path("a figure"), "a figure", http.StatusCreated},
		{"known", path("a figure"), "a figure", http.StatusOK},
		{"empty", path(""), "", http.StatusCreated},
		{"binary", path("\x00\xff\x00"), "\x00\xff\x00", http.StatusCreated},
		{"as large as may be", path(large), large, http.StatusCreated},
		{"too large", path(large + "x"), large + "x", http.StatusRequestEntityTooLarge},
		{"damaged", path("a figure"), "a figurf", http.StatusBadRequest},
		{"no digest", "/api/blobs/figure.svg", "a figure", http.StatusBadRequest},
		{"half a digest", path("a figure")[:43], "a figure", http.StatusBadRequest},
	} {
		got := platformtest.Call(t, p, blob.Routes(p), author, "PUT", tc.path, tc.body)
		if got.Status != tc.status {
			t.Errorf("%s: status %d, want %d: %s", tc.name, got.Status, tc.status, got.Body)
		}
	}
	var count int
	var body []byte
	err := p.DB.QueryRow(t.Context(), `SELECT count(*), (SELECT body FROM blobs WHERE size = 3) FROM blobs`).Scan(&count, &body)
	if err != nil || count != 4 || !bytes.Equal(body, []byte("\x00\xff\x00")) {
		t.Errorf("%d blobs, one of them %q, %v; want 4", count, body, err)
	}
}

// TestNoRoom: where PostgreSQL has no room the file is not stored, which is
// said, and it is stored once there is room again.
func TestNoRoom(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	author := platformtest.Operator(t, p)
	put := func() platformtest.Answer {
		return platformtest.Call(t, p, blob.Routes(p), author, "PUT", path("a figure"), "a figure")
	}
	platformtest.Exec(t, p, `
		CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
	platformtest.Exec(t, p, `CREATE TRIGGER full_disk BEFORE INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	if got := put(); got.Status != http.StatusInsufficientStorage || strings.Contains(got.Body, "could not extend") {
		t.Errorf("status %d: %s", got.Status, got.Body)
	}
	if n := platformtest.Text(t, p, `SELECT count(*)::text FROM blobs`); n != "0" {
		t.Errorf("%s blobs are stored", n)
	}
	platformtest.Exec(t, p, `DROP TRIGGER full_disk ON blobs`)
	if got := put(); got.Status != http.StatusCreated {
		t.Errorf("with room: status %d: %s", got.Status, got.Body)
	}
}

func TestOnlyAuthorsPut(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	token := platformtest.AuthorToken(t, p)
	for _, tc := range []struct {
		name   string
		who    *platformtest.User
		token  string
		status int
	}{
		{"nobody", nil, "", http.StatusUnauthorized},
		{"a learner", platformtest.Learner(t, p, "ana@example.com"), "", http.StatusForbidden},
		{"a wrong token", nil, "hbk_wrong", http.StatusUnauthorized},
		{"an author's token", nil, token, http.StatusCreated},
	} {
		r := platformtest.Request(t, tc.who, "PUT", path("a figure"), "a figure")
		if tc.token != "" {
			r.Header.Set("Authorization", "Bearer "+tc.token)
		}
		if got := platformtest.Send(t, p, blob.Routes(p), r); got.Status != tc.status {
			t.Errorf("%s: status %d, want %d: %s", tc.name, got.Status, tc.status, got.Body)
		}
	}
}
