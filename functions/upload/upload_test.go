package upload_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/upload"
	"pilothandbook/handbook/source"
	"pilothandbook/handbook/version"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
	"pilothandbook/platform/web"
)

// answer has the fields of all answers to an upload.
type answer struct {
	Missing   []string        `json:"missing"`
	Job       uuid.UUID       `json:"job"`
	URL       string          `json:"url"`
	Version   version.Version `json:"version"`
	Unchanged bool            `json:"unchanged"`
}

// announced is an upload of instrument 1.0.0 with these contents.
func announced(contents ...string) map[string]any {
	var files []source.File
	for i, c := range contents {
		files = append(files, file(fmt.Sprintf("lessons/%d.mdx", i), c))
	}
	return map[string]any{"module": "instrument", "version": "1.0.0", "files": files, "activate": false}
}

func file(path, content string) source.File {
	sum := sha256.Sum256([]byte(content))
	return source.File{Path: path, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

func post(t *testing.T, p *platform.Platform, body any, status int) (a answer) {
	t.Helper()
	got := platformtest.Call(t, p, upload.Routes(p), platformtest.Operator(t, p), "POST", "/api/uploads", body)
	if got.Status != status {
		t.Fatalf("status %d, want %d: %s", got.Status, status, got.Body)
	}
	got.Into(t, &a)
	return a
}

func store(t *testing.T, p *platform.Platform, contents ...string) {
	t.Helper()
	for _, c := range contents {
		sum := sha256.Sum256([]byte(c))
		if _, err := p.DB.Exec(t.Context(), `INSERT INTO blobs (sha256, size, body) VALUES ($1, $2, $3)`, sum[:], len(c), []byte(c)); err != nil {
			t.Fatal(err)
		}
	}
}

// publish makes a version of an upload, as the worker does.
func publish(t *testing.T, p *platform.Platform, contents ...string) (v version.Version) {
	t.Helper()
	s := source.Source{Module: "instrument", Version: "1.0.0", Files: announced(contents...)["files"].([]source.File)}
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		id, err := source.Keep(t.Context(), tx, s, platformtest.Operator(t, p).ID)
		if err != nil {
			return err
		}
		v, err = version.Insert(t.Context(), tx, version.Publication{
			Version:  version.Version{Module: s.Module, Version: s.Version, Title: "Instrument", Checksum: "c"},
			SourceID: id, Digest: s.Digest(), Price: 4900, Currency: "usd",
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func count(t *testing.T, p *platform.Platform, table string) (n int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUpload(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	got := post(t, p, announced("one", "two", "one"), http.StatusOK)
	if len(got.Missing) != 2 {
		t.Errorf("missing are %q, want two", got.Missing)
	}
	store(t, p, "one")
	got = post(t, p, announced("one", "two", "one"), http.StatusOK)
	if len(got.Missing) != 1 || got.Missing[0] != file("", "two").SHA256 {
		t.Errorf("missing are %q, want that of two", got.Missing)
	}
	if n := count(t, p, "sources") + count(t, p, "outbox WHERE kind = 'process-module'"); n != 0 {
		t.Errorf("%d rows for an upload that is not complete", n)
	}
	store(t, p, "two")
	got = post(t, p, announced("one", "two", "one"), http.StatusAccepted)
	if got.URL != "/api/uploads/"+got.Job.String() {
		t.Errorf("the URL is %q, the job %s", got.URL, got.Job)
	}
	again := post(t, p, announced("one", "two", "one"), http.StatusAccepted)
	if sources, jobs := count(t, p, "sources"), count(t, p, "outbox WHERE kind = 'process-module'"); sources != 1 || jobs != 1 || again.Job != got.Job {
		t.Errorf("%d sources and %d jobs, want 1 and 1", sources, jobs)
	}
}

func TestUploadOfWhatIsPublished(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	store(t, p, "one", "two")
	v := publish(t, p, "one")
	got := post(t, p, announced("one"), http.StatusOK)
	if !got.Unchanged || got.Version.ID != v.ID || got.Version.Active {
		t.Errorf("got %+v, want version %s, not active", got, v.ID)
	}
	wish := announced("one")
	wish["activate"] = true
	if got := post(t, p, wish, http.StatusOK); !got.Unchanged || !got.Version.Active {
		t.Errorf("got %+v, want it active", got)
	}
	active, err := version.Active(t.Context(), p.Memory, p.DB, "instrument")
	if err != nil || active.ID != v.ID {
		t.Errorf("active is %v, %v", active, err)
	}
	post(t, p, announced("two"), http.StatusConflict)
	post(t, p, announced("not sent"), http.StatusConflict) // told before anything is sent in vain
	if n := count(t, p, "outbox WHERE kind = 'process-module'"); n != 0 {
		t.Errorf("%d jobs, want none", n)
	}
}

func TestBadUploads(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	store(t, p, "one")
	sum := file("", "one").SHA256
	with := func(path, sum string, size int64) string {
		return fmt.Sprintf(`{"module": "instrument", "version": "1.0.0", "files": [{"path": %q, "sha256": %q, "size": %d}]}`, path, sum, size)
	}
	two := func(a, b string) string {
		return fmt.Sprintf(`{"module": "instrument", "version": "1.0.0", "files": [{"path": %q, "sha256": %q, "size": 3}, {"path": %q, "sha256": %q, "size": 3}]}`, a, sum, b, sum)
	}
	for _, tc := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"no JSON", `files`, 400, "not valid JSON"},
		{"unknown field", `{"modul": "instrument"}`, 400, `no field \"modul\"`},
		{"no module", `{}`, 400, "key of a module"},
		{"no version", `{"module": "instrument"}`, 400, "not a version"},
		{"no files", `{"module": "instrument", "version": "1.0.0"}`, 400, "no files"},
		{"climbing path", with("../module.yaml", sum, 3), 400, "not a path"},
		{"climbing path inside", with("lessons/../../x.mdx", sum, 3), 400, "not a path"},
		{"absolute path", with("/module.yaml", sum, 3), 400, "not a path"},
		{"backslash", with(`lessons\x.mdx`, sum, 3), 400, "not a path"},
		{"Windows drive", with(`C:/x.mdx`, sum, 3), 400, "not a path"},
		{"empty path", with("", sum, 3), 400, "not a path"},
		{"the folder itself", with(".", sum, 3), 400, "not a path"},
		{"control character", with("a\nb", sum, 3), 400, "not a path"},
		{"long path", with(strings.Repeat("x", 201), sum, 3), 400, "not a path"},
		{"short digest", with("module.yaml", sum[1:], 3), 400, "64 lower-case"},
		{"capital digest", with("module.yaml", strings.ToUpper(sum), 3), 400, "64 lower-case"},
		{"negative size", with("module.yaml", sum, -1), 400, "bytes"},
		{"large file", with("module.yaml", sum, 20<<20+1), 400, "bytes"},
		{"another size than the blob", with("module.yaml", sum, 4), 400, "has 3 bytes here, not 4"},
		{"twice", two("module.yaml", "module.yaml"), 400, "listed twice"},
		{"file and folder", two("media", "media/x.svg"), 400, "as a file and as a folder"},
		{"too many files", many(5_001, 0), 400, "5001 files"},
		{"too much together", many(11, 20<<20), 413, "over 200 MiB"},
	} {
		r := platformtest.Request(t, platformtest.Operator(t, p), "POST", "/api/uploads", tc.body)
		r.Header.Set("Content-Type", "application/json")
		got := platformtest.Send(t, p, upload.Routes(p), r)
		if got.Status != tc.status || !strings.Contains(got.Body, tc.want) {
			t.Errorf("%s: %d %s, want %d and %q", tc.name, got.Status, got.Body, tc.status, tc.want)
		}
	}
	if n := count(t, p, "sources") + count(t, p, "outbox WHERE kind = 'process-module'"); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// many is an upload of n files of this size.
func many(n int, size int64) string {
	files := make([]string, n)
	for i := range files {
		files[i] = fmt.Sprintf(`{"path":"media/figure-with-a-name-of-usual-length-%d.svg","sha256":"%064x","size":%d}`, i, i, size)
	}
	return `{"module":"instrument","version":"1.0.0","files":[` + strings.Join(files, ",") + `]}`
}

func TestAsManyFilesAsMayBe(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	const usual, longest = "media/figure-with-a-name-of-usual-length-", 200
	body := strings.ReplaceAll(many(5_000, 1), usual, "media/"+strings.Repeat("x", longest-len("media/9999.svg"))) // four digits at most
	if len(body) <= web.MaxBody {
		t.Fatalf("the body has %d bytes, and tests nothing", len(body))
	}
	r := platformtest.Request(t, platformtest.Operator(t, p), "POST", "/api/uploads", body)
	r.Header.Set("Content-Type", "application/json")
	var a answer
	got := platformtest.Send(t, p, upload.Routes(p), r)
	if got.Into(t, &a); got.Status != http.StatusOK || len(a.Missing) != 5_000 {
		t.Errorf("status %d, %d files are missing; want 5000", got.Status, len(a.Missing))
	}
}

func TestFollow(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	store(t, p, "one")
	url := post(t, p, announced("one"), http.StatusAccepted).URL
	for _, tc := range []struct{ name, change, want string }{
		{"new", `state = 'waiting'`, "Waiting for a worker."},
		{"begun", `state = 'running'`, "At work."},
		{"half done", `progress = '2 of 4 lessons'`, "At work: 2 of 4 lessons."},
		{"failed once", `state = 'waiting', error = 'no connection'`, "The last attempt failed; another one follows."},
		{"dead", `state = 'dead', error = 'module.yaml:1:1: wrong'`, "No version was made, and nothing was changed."},
		{"done", `state = 'done', result = '{"processed": true}'`, "The version is made."},
	} {
		if _, err := p.DB.Exec(t.Context(), `UPDATE outbox SET `+tc.change); err != nil {
			t.Fatal(err)
		}
		got := platformtest.Call(t, p, upload.Routes(p), platformtest.Operator(t, p), "GET", url, nil)
		var s struct{ Text string }
		if got.Into(t, &s); got.Status != http.StatusOK || s.Text != tc.want {
			t.Errorf("%s: %d %s, want %q", tc.name, got.Status, got.Body, tc.want)
		}
	}
}

func TestFollowUnknown(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	other := uuid.New()
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO outbox (id, kind, queue, payload) VALUES ($1, 'welcome-email', 'email-queue', '{}')`, other); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"x", uuid.NewString(), other.String()} {
		got := platformtest.Call(t, p, upload.Routes(p), platformtest.Operator(t, p), "GET", "/api/uploads/"+id, nil)
		if got.Status != http.StatusNotFound {
			t.Errorf("%s: status %d: %s", id, got.Status, got.Body)
		}
	}
}

func TestOnlyAuthorsUpload(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, tc := range []struct {
		method, path string
		who          *platformtest.User
		status       int
	}{
		{"POST", "/api/uploads", nil, http.StatusUnauthorized},
		{"POST", "/api/uploads", ana, http.StatusForbidden},
		{"GET", "/api/uploads/" + uuid.NewString(), nil, http.StatusUnauthorized},
		{"GET", "/api/uploads/" + uuid.NewString(), ana, http.StatusForbidden},
	} {
		if got := platformtest.Call(t, p, upload.Routes(p), tc.who, tc.method, tc.path, nil); got.Status != tc.status {
			t.Errorf("%s %s: status %d, want %d", tc.method, tc.path, got.Status, tc.status)
		}
	}
}
