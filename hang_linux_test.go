package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pilothandbook/functions"
	"pilothandbook/platform/config"
	"pilothandbook/platform/local/postgres"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

// sendTo sends a signal to a PostgreSQL and to all its processes.
func sendTo(t *testing.T, s *postgres.Server, sig syscall.Signal) {
	t.Helper()
	first, _, _ := strings.Cut(read(t, filepath.Join(s.Data(), "postmaster.pid")), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	children := strings.Fields(read(t, fmt.Sprintf("/proc/%d/task/%[1]d/children", postmaster)))
	for _, pid := range append(children, strconv.Itoa(postmaster)) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		_ = syscall.Kill(n, sig) // one that has just ended is as good as stopped
	}
}

// TestPostgresHangs stops PostgreSQL without ending it. Whoever asks is told
// soon to try again, what is in memory is served, and nothing is left behind
// when it goes on.
func TestPostgresHangs(t *testing.T) {
	t.Parallel()
	s, _ := ownPostgres(t, 50)
	cfg := platformtest.Config(t)
	cfg.DatabaseURL = config.Secret(s.URL("postgres"))
	p := service(t, cfg, config.Web, 4)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	platformtest.Grant(t, p, ana, "instrument")
	rt := router.New(p, functions.All(p)...)
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := platformtest.Request(t, ana, method, path, nil)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		rt.ServeHTTP(w, r)
		return w
	}
	const lesson = "/modules/instrument/lessons/holding"
	if got := ask("GET", lesson); got.Code != http.StatusOK {
		t.Fatalf("the lesson: %d %s", got.Code, got.Body)
	}
	sendTo(t, s, syscall.SIGSTOP)
	defer sendTo(t, s, syscall.SIGCONT)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := ask("POST", lesson+"/finish"); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
				t.Errorf("finishing: %d %s", got.Code, got.Body)
			}
			if got := ask("GET", lesson); got.Code != http.StatusOK {
				t.Errorf("reading: %d %s", got.Code, got.Body)
			}
		})
	}
	all.Wait()
	sendTo(t, s, syscall.SIGCONT)
	eventually(t, "it works again", func() bool { return ask("POST", lesson+"/finish").Code < 400 })
	eventually(t, "no connection is in use", func() bool { return p.DB.Stat().AcquiredConns() == 0 })
}
