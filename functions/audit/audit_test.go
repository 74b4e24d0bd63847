package audit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/functions/audit"
	records "pilothandbook/handbook/audit"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func write(t *testing.T, p *platform.Platform, all ...records.Entry) {
	t.Helper()
	for _, e := range all {
		if err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error { return records.Write(t.Context(), tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, p *platform.Platform, who *platformtest.User, path string) (text string, links []string) {
	t.Helper()
	a, doc := platformtest.Page(t, p, audit.Routes(p), who, path)
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return strings.Join(strings.Fields(doc.Find(".rows, .empty").Text()), " "), platformtest.Links(doc)
}

func TestPage(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	if text, _ := read(t, p, operator, "/admin/audit"); !strings.Contains(text, "Nothing was done yet") {
		t.Errorf("an empty record says %q", text)
	}
	gone := uuid.New()
	write(t, p,
		records.Entry{Actor: operator.ID, Action: "role given", Subject: records.User(ana.ID), Detail: map[string]any{"role": "author"}},
		records.Entry{Actor: gone, Action: "account deleted", Subject: records.User(gone)},
		records.Entry{Action: "payment refunded", Subject: records.Payment("pi_1"), Detail: map[string]any{"amount": 9900, "currency": "usd", "refund": uuid.New()}},
	)
	grant := uuid.New()
	platformtest.Sell(t, p)
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO grants (id, user_id, module_key, reason) VALUES ($1, $2, 'instrument', 'won a prize')`, grant, ana.ID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []any{grant, uuid.New(), 7} { // of the others nothing is known any more
		write(t, p, records.Entry{Action: "grant given", Subject: "thing", Detail: map[string]any{"grant": id, "module": "instrument", "until": "2040-02-01T00:00:00Z", "odd_one": nil}})
	}
	text, links := read(t, p, operator, "/admin/audit")
	for _, want := range []string{
		"Role given: ana@example.com, by operator@example.com", "role author",
		"Account deleted: a deleted account, by a deleted account", "Payment refunded: payment pi_1, by the handbook itself", "UTC · $99.00", "UTC · won a prize · Instrument Rating · odd one <nil> · until 1 February 2040, 00:00 UTC",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, grant.String()) || strings.Count(text, "won a prize") != 1 {
		t.Errorf("codes instead of words: %s", text)
	}
	if strings.Index(text, "Payment refunded") > strings.Index(text, "Role given") {
		t.Error("the newest does not come first")
	}
	if !strings.Contains(strings.Join(links, " "), "GET /admin/people/"+ana.ID.String()) {
		t.Errorf("links %q", links)
	}
	for path, want := range map[string]string{
		"person=Ana@example.com":                    "Role given",
		"person=" + gone.String():                   "Account deleted",
		"person=" + operator.ID.String():            "Role given",
		"action=payment+refunded":                   "Payment refunded",
		"person=ana@example.com&action=role+given":  "Role given",
		"action=nothing":                            "Nothing of this kind",
		"person=ana@example.com&action=account+del": "Nothing of this kind",
	} {
		text, _ := read(t, p, operator, "/admin/audit?"+path)
		if !strings.HasPrefix(text, want) || strings.Count(text, ", by ") > 1 {
			t.Errorf("%s: %q", path, text)
		}
	}
	var told struct {
		Entries []struct{ By, Action, Subject, About string }
		Next    string
	}
	platformtest.Call(t, p, audit.Routes(p), operator, "GET", "/api/admin/audit?person=ana@example.com", nil).Into(t, &told)
	if len(told.Entries) != 1 || told.Entries[0].About != "ana@example.com" || told.Entries[0].Subject != "user:"+ana.ID.String() || told.Next != "" {
		t.Errorf("as JSON: %+v", told)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator := platformtest.Operator(t, p)
	for i := range 120 {
		write(t, p, records.Entry{Actor: operator.ID, Action: "step", Subject: "thing", Detail: map[string]any{"n": i}})
	}
	write(t, p, records.Entry{Action: "other", Subject: "thing"})
	path, n, last := "/api/admin/audit?action=step", 0, 120
	for pages := 1; path != ""; pages++ {
		var told struct {
			Entries []struct{ Detail struct{ N int } }
			Next    string
		}
		platformtest.Call(t, p, audit.Routes(p), operator, "GET", path, nil).Into(t, &told)
		for _, e := range told.Entries {
			if e.Detail.N != last-1 {
				t.Fatalf("after %d comes %d", last, e.Detail.N)
			}
			last = e.Detail.N
			n++
		}
		if path = told.Next; pages > 3 {
			t.Fatal("the pages do not end")
		}
	}
	if n != 120 {
		t.Errorf("%d entries", n)
	}
	if _, links := read(t, p, operator, "/admin/audit?action=step"); !strings.Contains(fmt.Sprint(links), "GET /admin/audit?action=step&before=") {
		t.Errorf("no way to the older ones: %q", links)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	operator, ana := platformtest.Operator(t, p), platformtest.Learner(t, p, "ana@example.com")
	author := platformtest.Learner(t, p, "author@example.com")
	if _, err := p.DB.Exec(t.Context(), `UPDATE users SET roles = '{author}' WHERE id = $1`, author.ID); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path string
		who        *platformtest.User
		status     int
	}{
		{"signed out", "/api/admin/audit", nil, 401},
		{"a learner", "/admin/audit", ana, 403},
		{"a learner, as JSON", "/api/admin/audit", ana, 403},
		{"an author", "/admin/audit", author, 403},
		{"no such page", "/admin/audit?before=x", operator, 404},
		{"nobody", "/admin/audit?person=nobody@example.com", operator, 400},
		{"nobody, as JSON", "/api/admin/audit?person=nobody@example.com", operator, 400},
		{"no text", "/admin/audit?person=%00", operator, 400},
		{"no action", "/admin/audit?action=%00%ff", operator, 400},
	} {
		a, doc := platformtest.Page(t, p, audit.Routes(p), tc.who, tc.path)
		if a.Status != tc.status {
			t.Errorf("%s: %d %s", tc.name, a.Status, a.Body)
		}
		if tc.name == "nobody" && doc.Find("#person[aria-invalid]").AttrOr("value", "") != "nobody@example.com" {
			t.Error("what was typed is lost")
		}
	}
}
