package grants_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/grants"
	"pilothandbook/functions/lesson"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// desk is an operator at work on somebody's grants.
type desk struct {
	p         *platform.Platform
	op, ana   *platformtest.User
	path      string
	reads     string // a lesson that must be opened
	readsNext string // one of another module
}

func open(t testing.TB) desk {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	d := desk{p: p, op: platformtest.Operator(t, p), ana: platformtest.Learner(t, p, "ana@example.com")}
	d.path = "/admin/people/" + d.ana.ID.String() + "/grants"
	d.reads, d.readsNext = "/modules/instrument/lessons/vor-and-hsi", "/modules/private_commercial/lessons/weight-and-balance"
	return d
}

func (d desk) post(t testing.TB, who *platformtest.User, path string, pairs ...string) platformtest.Answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return platformtest.Send(t, d.p, grants.Routes(d.p), platformtest.Form(t, who, path, form.Encode()))
}

func (d desk) page(t testing.TB) *goquery.Document {
	t.Helper()
	a, doc := platformtest.Page(t, d.p, grants.Routes(d.p), d.op, d.path)
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return doc
}

// may reports whether ana may read a lesson that must be bought.
func (d desk) may(t testing.TB, path string) bool {
	t.Helper()
	a, _ := platformtest.Page(t, d.p, lesson.Routes(d.p), d.ana, path)
	if a.Status != http.StatusOK && a.Status != http.StatusPaymentRequired {
		t.Fatalf("%s: %d", path, a.Status)
	}
	return strings.Contains(a.Body, platformtest.Canary)
}

const record = `SELECT coalesce(string_agg(concat_ws(' ', a.action, detail - 'grant', CASE WHEN detail->>'grant' = g.id::text THEN 'of the grant' END), '; ' ORDER BY a.id), '')
	FROM audit_log a
	LEFT JOIN grants g ON g.id::text = detail->>'grant'
	WHERE actor = (SELECT id FROM users WHERE email = 'operator@example.com') AND subject = 'user:' || (SELECT id FROM users WHERE email = 'ana@example.com')`

func TestGiveAndRevoke(t *testing.T) {
	t.Parallel()
	d := open(t)
	if text := d.page(t).Find(".empty").Text(); !strings.Contains(text, "Nothing was ever opened") {
		t.Errorf("without grants the page says %q", text)
	}
	if d.may(t, d.reads) {
		t.Fatal("open before it was given")
	}
	a := d.post(t, d.op, d.path, "module", "bundle", "reason", "  won a\tprize ", "until", "")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != d.path+"?saved=given" {
		t.Fatalf("give: %d %s", a.Status, a.Body)
	}
	if !d.may(t, d.reads) || !d.may(t, d.readsNext) {
		t.Error("not open once it is given")
	}
	if got := platformtest.Text(t, d.p, `SELECT concat_ws(' ', module_key, reason, coalesce(expires_at::text, 'for ever')) FROM grants`); got != "bundle won a prize for ever" {
		t.Errorf("grant: %s", got)
	}
	if a := d.post(t, d.op, d.path, "module", "bundle", "reason", "again"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "opened this module to them already") {
		t.Errorf("a second one: %d", a.Status)
	}
	form := d.page(t).Find(".rows form")
	if form.Length() != 1 {
		t.Fatalf("%d forms", form.Length())
	}
	if a := d.post(t, d.op, form.AttrOr("action", ""), "reason", " "); a.Status != http.StatusBadRequest || platformtest.Parse(t, a.Body).Find(".rows [aria-invalid]").Length() != 1 {
		t.Errorf("without a reason: %d", a.Status)
	}
	a = d.post(t, d.op, form.AttrOr("action", ""), "reason", "the prize was lost")
	if a.Status != http.StatusSeeOther {
		t.Fatalf("revoke: %d %s", a.Status, a.Body)
	}
	if d.may(t, d.reads) || d.may(t, d.readsNext) {
		t.Error("still open once it is taken back")
	}
	if a := d.post(t, d.op, form.AttrOr("action", ""), "reason", "again"); a.Status != http.StatusConflict {
		t.Errorf("taken back twice: %d", a.Status)
	}
	if text := d.page(t).Find(".rows").Text(); !strings.Contains(text, "won a prize") || !strings.Contains(text, "the prize was lost") {
		t.Errorf("the page does not say why: %s", text)
	}
	if got := platformtest.Text(t, d.p, record); got != `grant given {"module": "bundle"} of the grant; grant revoked {"module": "bundle"} of the grant` {
		t.Errorf("record: %s", got)
	}
	if dump := platformtest.Text(t, d.p, `SELECT string_agg(detail::text, '') FROM audit_log`); strings.Contains(dump, "prize") {
		t.Error("the record holds what somebody typed")
	}
}

func TestForATime(t *testing.T) {
	t.Parallel()
	d := open(t)
	last := time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly)
	if a := d.post(t, d.op, d.path, "module", "instrument", "reason", "to try", "until", last); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := platformtest.Text(t, d.p, `SELECT ((expires_at AT TIME ZONE 'UTC') - interval '1 day')::date::text FROM grants`); got != last {
		t.Errorf("it ends with %s, not %s", got, last)
	}
	if !d.may(t, d.reads) || d.may(t, d.readsNext) {
		t.Error("not open, or more than was given")
	}
	if got := platformtest.Text(t, d.p, `SELECT ((detail->>'until')::timestamptz = expires_at)::text FROM audit_log, grants WHERE action = 'grant given'`); got != "true" {
		t.Error("the record does not tell until when")
	}
	platformtest.Exec(t, d.p, `UPDATE grants SET expires_at = now()`)
	d.ana = platformtest.Learner(t, d.p, "ana@example.com") // on another device, where nobody remembers
	if d.may(t, d.reads) {
		t.Error("open when it is over")
	}
	if doc := d.page(t); doc.Find(".rows form").Length() != 0 || !strings.Contains(doc.Find(".rows").Text(), "It ended with") {
		t.Error("what is over looks open")
	}
	if a := d.post(t, d.op, d.path+"/"+platformtest.Text(t, d.p, `SELECT id::text FROM grants`), "reason", "x"); a.Status != http.StatusConflict {
		t.Errorf("what is over is taken back: %d", a.Status)
	}
	if a := d.post(t, d.op, d.path, "module", "instrument", "reason", "once more"); a.Status != http.StatusSeeOther {
		t.Errorf("what is over is not given again: %d", a.Status)
	}
}

// Two clicks at once give one grant.
func TestGiveTwice(t *testing.T) {
	t.Parallel()
	d := open(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if a := d.post(t, d.op, d.path, "module", "instrument", "reason", "x"); a.Status != http.StatusSeeOther && a.Status != http.StatusConflict {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	if got := platformtest.Text(t, d.p, `SELECT concat_ws(' ', (SELECT count(*) FROM grants), (SELECT count(*) FROM audit_log WHERE action LIKE 'grant %'))`); got != "1 1" {
		t.Errorf("grants and entries: %s", got)
	}
}

// What was paid for is not taken back here, by whomever it was paid.
func TestPaidFor(t *testing.T) {
	t.Parallel()
	d := open(t)
	platformtest.Exec(t, d.p, `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status) VALUES (gen_random_uuid(), $1, 'pi_1', 'instrument', 5900, 'completed')`, d.ana.ID)
	platformtest.Exec(t, d.p, `INSERT INTO grants (id, user_id, module_key, purchase_id, reason) SELECT gen_random_uuid(), user_id, module_type, id, 'bought' FROM purchases`)
	platformtest.Exec(t, d.p, `INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at) VALUES (gen_random_uuid(), 'pi_2', 'private_commercial', 'AAAAAAAA', now())`)
	platformtest.Exec(t, d.p, `INSERT INTO ledger (id, at, kind, module_type, amount, currency, stripe_payment_id) VALUES (gen_random_uuid(), now(), 'sale', 'private_commercial', 7900, 'usd', 'pi_2')`)
	platformtest.Exec(t, d.p, `INSERT INTO grants (id, user_id, module_key, gift_id, reason) SELECT gen_random_uuid(), $1, module_key, id, 'gift' FROM gifts`, d.ana.ID)
	doc := d.page(t)
	links := strings.Join(platformtest.Links(doc), " ")
	for _, id := range []string{platformtest.Text(t, d.p, `SELECT id::text FROM purchases`), platformtest.Text(t, d.p, `SELECT id::text FROM ledger`)} {
		if !strings.Contains(links, "GET /admin/purchases/"+id+"/refund") {
			t.Errorf("no way to give the payment back: %s", links)
		}
	}
	if doc.Find(".rows form").Length() != 0 {
		t.Error("what was paid for can be taken back")
	}
	for _, how := range []string{"purchase_id", "gift_id"} {
		id := platformtest.Text(t, d.p, `SELECT id::text FROM grants WHERE `+how+` IS NOT NULL`)
		if a := d.post(t, d.op, d.path+"/"+id, "reason", "x"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "give the payment back") {
			t.Errorf("%s: %d", how, a.Status)
		}
	}
	if got := platformtest.Text(t, d.p, `SELECT concat_ws(' ', (SELECT count(*) FROM grants WHERE revoked_at IS NULL), (SELECT count(*) FROM audit_log WHERE action LIKE 'grant %'))`); got != "2 0" {
		t.Errorf("open, recorded: %s", got)
	}
	if a := d.post(t, d.op, d.path, "module", "instrument", "reason", "as a spare"); a.Status != http.StatusSeeOther {
		t.Errorf("beside a purchase: %d", a.Status)
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, tc := range []struct{ name, module, reason, until, field string }{
		{"no module", "", "x", "", "module"},
		{"an unknown module", "cookery", "x", "", "module"},
		{"no reason", "instrument", " \t", "", "reason"},
		{"a long reason", "instrument", strings.Repeat("ä", 301), "", "reason"},
		{"no text", "instrument", "a\x00b", "", "reason"},
		{"not UTF-8", "instrument", "a\xff", "", "reason"},
		{"no day", "instrument", "x", "next year", "until"},
		{"a day that is not", "instrument", "x", "2030-02-30", "until"},
		{"yesterday", "instrument", "x", time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), "until"},
		{"today", "instrument", "x", time.Now().UTC().Format(time.DateOnly), "until"},
	} {
		a := d.post(t, d.op, d.path, "module", tc.module, "reason", tc.reason, "until", tc.until)
		doc := platformtest.Parse(t, a.Body)
		if a.Status != http.StatusBadRequest || doc.Find("[aria-invalid]").Length() != 1 || doc.Find("#"+tc.field+"[aria-invalid]").Length() != 1 || doc.Find(".error").Text() == "" {
			t.Errorf("%s: %d", tc.name, a.Status)
		}
		if invisible := tc.name == "no text" || tc.name == "not UTF-8"; strings.Contains(doc.Find(".error").Text(), "cannot be seen") != invisible {
			t.Errorf("%s: it says %q", tc.name, doc.Find(".error").Text())
		}
		if doc.Find("#until").AttrOr("value", "") != tc.until || tc.name == "no day" && doc.Find("option[selected]").AttrOr("value", "") != tc.module {
			t.Errorf("%s: what was typed is lost", tc.name)
		}
	}
	if got := platformtest.Text(t, d.p, `SELECT concat_ws(' ', (SELECT count(*) FROM grants), (SELECT count(*) FROM audit_log WHERE action LIKE 'grant %'))`); got != "0 0" {
		t.Errorf("grants and entries: %s", got)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	author := platformtest.Learner(t, d.p, "author@example.com")
	platformtest.Exec(t, d.p, `UPDATE users SET roles = '{author}' WHERE id = $1`, author.ID)
	d.post(t, d.op, d.path, "module", "instrument", "reason", "x")
	grant := platformtest.Text(t, d.p, `SELECT id::text FROM grants`)
	other := "/admin/people/" + author.ID.String() + "/grants/"
	for _, tc := range []struct {
		name, path string
		who        *platformtest.User
		status     int
	}{
		{"signed out", d.path, nil, 401},
		{"a learner", d.path, d.ana, 403},
		{"an author", d.path, author, 403},
		{"a learner takes back", d.path + "/" + grant, d.ana, 403},
		{"an author takes back", d.path + "/" + grant, author, 403},
		{"nobody", "/admin/people/" + uuid.NewString() + "/grants", d.op, 404},
		{"no id", "/admin/people/x/grants", d.op, 404},
		{"no grant", d.path + "/" + uuid.NewString(), d.op, 404},
		{"no grant's id", d.path + "/x", d.op, 404},
		{"somebody else's grant", other + grant, d.op, 404},
	} {
		if a := d.post(t, tc.who, tc.path, "module", "private_commercial", "reason", "x"); a.Status != tc.status {
			t.Errorf("%s: %d, want %d: %s", tc.name, a.Status, tc.status, a.Body)
		}
	}
	platformtest.Exec(t, d.p, `UPDATE sessions SET verified_at = now() - interval '16 minutes'`)
	for _, path := range []string{d.path, d.path + "/" + grant} {
		a := d.post(t, d.op, path, "module", "private_commercial", "reason", "x")
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
			t.Errorf("signed in a while ago: %d to %q", a.Status, a.Header.Get("Location"))
		}
	}
	doc := d.page(t)
	if doc.Find("main form").Length() != 0 || doc.Find("main a[href^='/account/confirm?next=']").Length() != 1 {
		t.Error("a stale session is offered what it may not do")
	}
	if got := platformtest.Text(t, d.p, `SELECT concat_ws(' ', (SELECT count(*) FROM grants WHERE revoked_at IS NULL), (SELECT count(*) FROM audit_log WHERE action LIKE 'grant %'))`); got != "1 1" {
		t.Errorf("grants and entries: %s", got)
	}
}
