//go:build chaos

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"pilothandbook/author"
	"pilothandbook/handbook/account"
	"pilothandbook/platform/local/mailbox"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
)

// sales sell a module to somebody new each time, who has it once and gets a mail
// of it in the end.
type sales struct {
	*victim
	buyers map[int]*platformtest.User
	came   map[string][]mailbox.Mail // confirmations, by address
}

func newSales(v *victim) deed {
	platformtest.Shelf(v.t, v.p)
	return &sales{v, map[int]*platformtest.User{}, map[string][]mailbox.Mail{}}
}

func (s *sales) leastCalls() int { return 20 }

func (s *sales) address(n int) string { return fmt.Sprintf("buyer%d@example.com", n) }

// begin has somebody pay. Who gets no answer tries again.
func (s *sales) begin(n int) {
	s.t.Helper()
	who := platformtest.Learner(s.t, s.p, s.address(n))
	s.buyers[n] = who
	var session string
	eventually(s.t, s.address(n)+" comes to the till", func() bool {
		if session = s.checkout(who); session == "" && s.fuse.isBlown() && !answers(s.d.base, "/api/health") {
			s.restart()
		}
		return session != ""
	})
	if err := s.d.till.Do(session, pay.Pay); err != nil {
		s.t.Fatal(err)
	}
}

var tillSession = regexp.MustCompile(`cs_test_\w+`)

// checkout returns the session to pay, "" when there is no answer.
func (s *sales) checkout(who *platformtest.User) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.d.base+"/checkout/instrument", strings.NewReader(url.Values{"consent": {"yes"}}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept", "text/html")
	r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: who.Secret})
	c := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	return tillSession.FindString(res.Header.Get("Location"))
}

// over reports whether the buyer has got a mail. The mailbox keeps its newest only.
func (s *sales) over(n int) bool {
	for _, m := range s.d.mails.All() {
		if strings.Contains(m.Subject, "Instrument Rating") && !slices.ContainsFunc(s.came[m.To], func(c mailbox.Mail) bool { return c.ID == m.ID }) {
			s.came[m.To] = append(s.came[m.To], m)
		}
	}
	return len(s.came[s.address(n)]) > 0
}

func (s *sales) check(n int) {
	s.t.Helper()
	got := platformtest.Text(s.t, s.p, `
		SELECT concat_ws(' ', (SELECT string_agg(status::text, ',') FROM purchases WHERE user_id = $1 AND status <> 'pending'),
			(SELECT count(*) FROM grants WHERE user_id = $1 AND revoked_at IS NULL))`, s.buyers[n].ID)
	if got != "completed 1" {
		s.t.Errorf("buyer %d has %s", n, got)
	}
	came := s.came[s.address(n)]
	other := func(m mailbox.Mail) bool { return m.MessageID != came[0].MessageID }
	if most := map[string]int{"web": 1, "worker": 2}[s.service]; len(came) > most || slices.ContainsFunc(came, other) {
		s.t.Errorf("buyer %d got %d mails, want %d of one Message-ID at most", n, len(came), most)
	}
}

// publications publish a version each time, which is whole in the end: as the
// first is, which no crash met.
type publications struct {
	*victim
	token string

	mu   sync.Mutex
	told map[int]error // what the author was told in the end
}

func newPublications(v *victim) deed {
	return &publications{victim: v, token: platformtest.AuthorToken(v.t, v.p), told: map[int]error{}}
}

func (e *publications) leastCalls() int { return 20 }

func (e *publications) version(n int) string { return fmt.Sprintf("1.%d.0", n) }

// begin has an author publish, who tries again where it breaks off.
func (e *publications) begin(n int) {
	e.t.Helper()
	dir := e.folder(n)
	go func() {
		var err error
		for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second / 10) {
			said := &bytes.Buffer{}
			if err = author.Publish(e.t.Context(), author.Options{URL: e.d.base, Token: e.token, Activate: true, Out: said}, dir); err == nil {
				break
			}
			err = errors.Join(err, errors.New(said.String()))
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.told[n] = err
	}()
}

// folder returns the folder of a module with two lessons and a figure, none of
// which the handbook has.
func (e *publications) folder(n int) string {
	e.t.Helper()
	dir := filepath.Join(e.t.TempDir(), "module")
	if err := author.New(&bytes.Buffer{}, dir, "instrument"); err != nil {
		e.t.Fatal(err)
	}
	rewrite := func(file string, words ...string) {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			e.t.Fatal(err)
		}
		after := strings.NewReplacer(words...).Replace(string(text))
		if after == string(text) {
			e.t.Fatalf("%s has none of %q", file, words)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(after), 0o600); err != nil {
			e.t.Fatal(err)
		}
	}
	rewrite("module.yaml", "0.1.0", e.version(n))
	rewrite("lessons/crosswind.mdx", "You are cleared", fmt.Sprintf("Try %d: you are cleared", n))
	rewrite("media/crosswind.svg", "</svg>", fmt.Sprintf("<title>%d</title></svg>", n))
	return dir
}

// over reports whether the author was told, and the version can be searched and
// read without network.
func (e *publications) over(n int) bool {
	e.mu.Lock()
	_, told := e.told[n]
	e.mu.Unlock()
	return told && platformtest.Text(e.t, e.p, `
		SELECT (count(*) >= 2 AND bool_and(j.state = 'done'))::text
		FROM content_versions v
		JOIN outbox j ON j.payload->>'version' = v.id::text
		WHERE v.version = $1`, e.version(n)) == "true"
}

func (e *publications) check(n int) {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.told[n]; err != nil {
		e.t.Errorf("the author of %s is told: %v", e.version(n), err)
	}
	if got, want := e.made(n), e.made(0); got != want {
		e.t.Errorf("%s is made of %s; without a crash, of %s", e.version(n), got, want)
	}
}

// made counts the parts of a version, of which the last three are made by jobs of
// their own.
func (e *publications) made(n int) string {
	return platformtest.Text(e.t, e.p, `
		SELECT string_agg(concat_ws(' ', revision,
			(SELECT count(*) FROM lessons WHERE version_id = v.id), 'lessons',
			(SELECT count(*) FROM media WHERE version_id = v.id), 'media',
			(SELECT count(*) FROM sections WHERE version_id = v.id), 'sections',
			(SELECT count(*) FROM packages WHERE version_id = v.id), 'package with',
			(SELECT count(*) FROM package_files WHERE version_id = v.id), 'files'), ', ')
		FROM content_versions v WHERE version = $1`, e.version(n))
}
