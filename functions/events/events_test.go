package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"pilothandbook/functions/events"
	"pilothandbook/handbook/progress"
	"pilothandbook/platform"
	"pilothandbook/platform/cache"
	"pilothandbook/platform/platformtest"
	"pilothandbook/router"
)

const at = "2026-01-02T10:00:00.000Z"

// publish makes a module with one lesson that nobody owns.
func publish(t testing.TB, p *platform.Platform) {
	t.Helper()
	platformtest.Sell(t, p)
	_, err := p.DB.Exec(t.Context(), `
		WITH i AS (
			INSERT INTO lesson_ids VALUES ('lift', 'instrument')
		)
		INSERT INTO lessons (version_id, lesson_id, module_key, position, title, dated, words, html)
		SELECT id, 'lift', 'instrument', 1, 'Lift', '2026-01-01', 100, ''
		FROM content_versions
		WHERE module_id = 'instrument'`)
	if err != nil {
		t.Fatal(err)
	}
}

func event(id, kind string) string {
	return fmt.Sprintf(`{"id":%q,"lesson":"lift","kind":%q,"at":%q,"active_ms":0,"zoom":2}`, id, kind, at)
}

func post(t testing.TB, p *platform.Platform, who *platformtest.User, body string) platformtest.Answer {
	t.Helper()
	r := platformtest.Request(t, who, http.MethodPost, "/api/events", body)
	r.Header.Set("Content-Type", "application/json")
	return platformtest.Send(t, p, events.Routes(p), r)
}

// A bad event never refuses its batch, and answers come in order.
func TestTake(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	publish(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	one, two := uuid.NewString(), uuid.NewString()
	post(t, p, ana, `{"device":"d","events":[`+event(one, "open")+`]}`)
	answer := post(t, p, ana, `{"device":"d","sent":1,"events":[`+strings.Join([]string{
		event(two, "finish"), `"nonsense"`, event(one, "open"), event(one, "finish"),
	}, ",")+`]}`)
	var got struct{ Results []progress.Result }
	answer.Into(t, &got)
	want := []progress.Result{
		{ID: two, Result: "stored"},
		{Result: "invalid", Error: got.Results[1].Error},
		{ID: one, Result: "known"},
		{ID: one, Result: "conflict", Error: "another event has this id"},
	}
	if diff := cmp.Diff(want, got.Results); answer.Status != http.StatusOK || diff != "" {
		t.Errorf("status %d: %s", answer.Status, diff)
	}
	kept, ok := cache.Get[progress.Module](t.Context(), p.Cache, cache.Progress, ana.ID.String()+":instrument")
	if !ok || kept.Percent != 100 {
		t.Errorf("the cache has %+v, %v", kept, ok)
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, tc := range []struct {
		name, body string
		status     int
		field      string
	}{
		{"nothing to tell", `{"device":"d","events":[]}`, http.StatusOK, ""},
		{"no device", `{"events":[]}`, http.StatusOK, ""},
		{"no events", `{"device":"d"}`, http.StatusBadRequest, "events"},
		{"events are no list", `{"device":"d","events":{}}`, http.StatusBadRequest, "events"},
		{"the device is no text", `{"device":7,"events":[]}`, http.StatusBadRequest, "device"},
		{"a long device", `{"device":"` + strings.Repeat("d", 101) + `","events":[]}`, http.StatusBadRequest, "device"},
		{"500 events", `{"events":[` + strings.Repeat("1,", 499) + `1]}`, http.StatusOK, ""},
		{"501 events", `{"events":[` + strings.Repeat("1,", 500) + `1]}`, http.StatusBadRequest, "events"},
		{"a list", `[]`, http.StatusBadRequest, ""},
		{"not JSON", `{"events":`, http.StatusBadRequest, ""},
		{"too large", `{"events":["` + strings.Repeat("x", 1<<20) + `"]}`, http.StatusRequestEntityTooLarge, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got := post(t, p, ana, tc.body)
			var refusal struct{ Error, Field string }
			got.Into(t, &refusal)
			if got.Status != tc.status || refusal.Field != tc.field || (tc.status != http.StatusOK) != (refusal.Error != "") {
				t.Errorf("got %d %s, want %d about %q", got.Status, got.Body, tc.status, tc.field)
			}
		})
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	if got := post(t, p, nil, `{"events":[]}`); got.Status != http.StatusUnauthorized {
		t.Errorf("signed out: got %d", got.Status)
	}
	ana := platformtest.Learner(t, p, "ana@example.com")
	r := platformtest.Request(t, ana, http.MethodPost, "/api/events", `{"events":[]}`)
	r.Header.Set("Content-Type", "text/plain")
	if got := platformtest.Send(t, p, events.Routes(p), r); got.Status != http.StatusBadRequest {
		t.Errorf("plain text: got %d", got.Status)
	}
	r = platformtest.Request(t, ana, http.MethodPost, "/api/events", json.RawMessage(`{"events":[]}`))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := platformtest.Send(t, p, events.Routes(p), r); got.Status != http.StatusForbidden {
		t.Errorf("another site: got %d", got.Status)
	}
}

// BenchmarkIntake takes in events through the router, each answered after its
// commit.
// TestLimit takes what a device kept while it was offline for a year, and then
// says when it would take more.
func TestLimit(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	n := 0
	got := post(t, p, ana, `{"events":[]}`)
	for ; got.Status == http.StatusOK && n < 2_000; n++ {
		got = post(t, p, ana, `{"events":[]}`)
	}
	if n < 300 || got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("after %d batches: %d, Retry-After %q", n, got.Status, got.Header.Get("Retry-After"))
	}
	if got := post(t, p, ben, `{"events":[]}`); got.Status != http.StatusOK {
		t.Errorf("somebody else: %d", got.Status)
	}
}

func BenchmarkIntake(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("events=%d", size), func(b *testing.B) {
			p := platformtest.New(b)
			publish(b, p)
			ana := platformtest.Learner(b, p, "ana@example.com")
			h := router.New(p, events.Routes(p)...)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				r := intake(b, ana, size)
				w := httptest.NewRecorder()
				b.StartTimer()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// intake makes a request with new events of a minute's reading.
func intake(b *testing.B, who *platformtest.User, size int) *http.Request {
	all := make([]string, size)
	for n := range all {
		all[n] = fmt.Sprintf(`{"id":%q,"lesson":"lift","kind":"read","at":"2026-01-02T10:00:%02d.000Z","active_ms":1000}`, uuid.NewString(), n%60)
	}
	r := platformtest.Request(b, who, http.MethodPost, "/api/events", `{"device":"d","events":[`+strings.Join(all, ",")+`]}`)
	r.Header.Set("Content-Type", "application/json")
	return r.WithContext(context.WithoutCancel(r.Context()))
}
