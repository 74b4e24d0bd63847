package people_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/account"
	"pilothandbook/functions/checkout"
	"pilothandbook/functions/people"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// desk is an operator who looks at ana.
type desk struct {
	p       *platform.Platform
	till    *platformtest.Till
	op, ana *platformtest.User
}

func open(t testing.TB) desk {
	t.Helper()
	d := desk{}
	d.p, d.till = platformtest.Shop(t)
	d.op, d.ana = platformtest.Operator(t, d.p), platformtest.Learner(t, d.p, "ana@example.com")
	return d
}

// begin goes to pay and returns where.
func (d desk) begin(t testing.TB, module string) string {
	t.Helper()
	var to struct{ URL string }
	a := platformtest.Call(t, d.p, checkout.Routes(d.p), d.ana, "POST", "/checkout/"+module, platformtest.Agreed())
	if a.Into(t, &to); to.URL == "" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return to.URL
}

func (d desk) deliver(t testing.TB) {
	t.Helper()
	for _, event := range d.till.Events(t, d.p) {
		if a := platformtest.Send(t, d.p, stripehook.Routes(d.p), platformtest.SignedEvent(t, d.p, event)); a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
}

func (d desk) read(t testing.TB, path string) (string, *goquery.Document) {
	t.Helper()
	a, doc := platformtest.Page(t, d.p, people.Routes(d.p), d.op, path)
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), " "), doc
}

func (d desk) person(t testing.TB) (string, *goquery.Document) {
	t.Helper()
	return d.read(t, "/admin/people/"+d.ana.ID.String())
}

// listed returns whom a search lists.
func (d desk) listed(t testing.TB, query string) string {
	t.Helper()
	var got struct{ People []struct{ Email string } }
	a := platformtest.Call(t, d.p, people.Routes(d.p), d.op, "GET", "/api/admin/people?q="+url.QueryEscape(query), nil)
	if a.Into(t, &got); a.Status != http.StatusOK {
		t.Fatalf("%q: %d %s", query, a.Status, a.Body)
	}
	var emails []string
	for _, one := range got.People {
		emails = append(emails, strings.TrimSuffix(one.Email, "@example.com"))
	}
	return strings.Join(emails, " ")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	d := open(t)
	platformtest.Learner(t, d.p, "ben_b@example.com")
	platformtest.Exec(t, d.p, `UPDATE users SET name = 'Ana "Ace" Müller' WHERE id = $1`, d.ana.ID)
	d.till.Pay(t, d.begin(t, "instrument"))
	d.deliver(t)
	for query, want := range map[string]string{
		"":                         "ben_b ana operator",
		"ana@example.com":          "ana",
		" ANA@Example.com\t":       "ana",
		"@example":                 "ben_b ana operator",
		"n_b":                      "ben_b",
		"müller":                   "ana",
		`"ace"`:                    "ana",
		"%":                        "",
		`\`:                        "",
		"nobody":                   "",
		"a\x00na@example.com":      "ana",
		"\xff":                     "ben_b ana operator",
		strings.Repeat("x", 70000): "",
		d.ana.ID.String():          "ana",
		uuid.NewString():           "",
		platformtest.Text(t, d.p, `SELECT id::text FROM checkouts`):                  "ana",
		platformtest.Text(t, d.p, `SELECT stripe_session_id FROM checkouts`):         "ana",
		platformtest.Text(t, d.p, `SELECT stripe_payment_id FROM purchases`):         "ana",
		platformtest.Text(t, d.p, `SELECT id::text FROM purchases`):                  "ana",
		strings.ToUpper(platformtest.Text(t, d.p, `SELECT id::text FROM purchases`)): "ana",
	} {
		if got := d.listed(t, query); got != want {
			t.Errorf("%.60q finds %q, want %q", query, got, want)
		}
	}
	text, doc := d.read(t, "/admin/people?q=Ana+%22Ace%22")
	if doc.Find("#q").AttrOr("value", "") != `Ana "Ace"` || doc.Find(".rows a[href='/admin/people/"+d.ana.ID.String()+"']").Length() != 1 || !strings.Contains(text, "1 purchase") {
		t.Errorf("the page: %s", text)
	}
	if text, _ := d.read(t, "/admin/people?q=nobody"); !strings.Contains(text, "Nobody was found") {
		t.Errorf("nobody: %s", text)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	d := open(t)
	for i := range 120 {
		platformtest.Exec(t, d.p, `INSERT INTO users (id, email) VALUES ($1, $2)`, uuid.Must(uuid.NewV7()), fmt.Sprintf("pilot%d@example.com", i))
	}
	path, n, pages := "/api/admin/people?q=pilot", 0, 0
	for ; path != ""; pages++ {
		var got struct {
			People []struct{ Email string }
			Next   string
		}
		platformtest.Call(t, d.p, people.Routes(d.p), d.op, "GET", path, nil).Into(t, &got)
		for _, one := range got.People {
			if n++; one.Email != fmt.Sprintf("pilot%d@example.com", 120-n) {
				t.Fatalf("%d is %s", n, one.Email)
			}
		}
		path = got.Next
	}
	if n != 120 || pages != 3 {
		t.Errorf("%d people on %d pages", n, pages)
	}
	if _, doc := d.read(t, "/admin/people?q=pilot"); !strings.HasPrefix(doc.Find("a[rel=next]").AttrOr("href", ""), "/admin/people?before=") {
		t.Error("no way to more people")
	}
}

// TestPerson follows a purchase to its end, and reads the page at each step.
func TestPerson(t *testing.T) {
	t.Parallel()
	d := open(t)
	says := func(step string, wants ...string) {
		t.Helper()
		text, _ := d.person(t)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q: %s", step, want, text)
			}
		}
	}
	says("at first", "ana@example.com", "signed in on 1 device", "Instrument Rating Closed They have neither bought it nor been given it.", "They have bought nothing.", "Nothing yet: no payment")
	page := d.begin(t, "bundle")
	says("begun", "Begun and not paid The Whole Handbook, $149.00", "Went to pay for The Whole Handbook. $149.00")
	d.till.Pay(t, page)
	d.deliver(t)
	payment := platformtest.Text(t, d.p, `SELECT stripe_payment_id FROM purchases`)
	says("paid", "Instrument Rating Open Bought with The Whole Handbook on ", "(payment "+payment+")", "The Whole Handbook, $149.00 Paid", "Paid for The Whole Handbook.", "Stripe's message checkout.session.completed came.", "payment "+payment)
	if _, doc := d.person(t); doc.Find("a[href='/admin/purchases/"+platformtest.Text(t, d.p, `SELECT id::text FROM purchases`)+"/refund']").Text() != "Give it back" {
		t.Error("no way to give it back")
	}
	platformtest.Exec(t, d.p, `INSERT INTO refunds (id, stripe_payment_id, user_id, module_type, amount, currency, reason) SELECT gen_random_uuid(), stripe_payment_id, user_id, module_type, amount, currency, 'requested' FROM purchases`)
	says("asked back", "Being given back", "An operator had the payment for The Whole Handbook given back.", "Stripe has not answered yet")
	platformtest.Exec(t, d.p, `UPDATE grants SET revoked_at = now()`)
	says("disputed", "Instrument Rating Closed Bought with The Whole Handbook", "bank disputes the payment, until that is decided")
	d.till.Refund(t, page[strings.LastIndex(page, "/")+1:])
	d.deliver(t)
	says("given back", "Instrument Rating Closed Bought with", "as the payment went back.", "$149.00 Refunded", "Got the payment for The Whole Handbook back.")
	platformtest.Exec(t, d.p, `
		INSERT INTO grants (id, user_id, module_key, reason, expires_at, revoked_at, revoke_reason) VALUES
			(gen_random_uuid(), $1, 'instrument', 'a prize', '2040-01-31 00:00Z', NULL, ''),
			(gen_random_uuid(), $1, 'instrument', 'to try', now() - interval '1 day', NULL, ''),
			(gen_random_uuid(), $1, 'private_commercial', 'a slip', NULL, now(), 'it was for ben')`, d.ana.ID)
	says("given", "Instrument Rating Open Given by an operator on", "until 31 January 2040, 00:00 UTC: a prize", "for a time, which ended on", "to try",
		"Private and Commercial Pilot Closed Given by an operator", "an operator took it back on", "it was for ben", "Instrument Rating was given by an operator.")
	var told struct {
		Modules []struct {
			Module string
			Open   bool
			Why    []string
		}
		Purchases []struct{ Status, Payment string }
		Moments   []struct{ Text, Note string }
		Email     string
		Sessions  int
	}
	platformtest.Call(t, d.p, people.Routes(d.p), d.op, "GET", "/api/admin/people/"+d.ana.ID.String(), nil).Into(t, &told)
	if len(told.Modules) != 2 || !told.Modules[0].Open || told.Modules[1].Open || len(told.Modules[0].Why) != 3 || told.Purchases[0].Status != "refunded" || told.Email != "ana@example.com" || told.Sessions != 1 || len(told.Moments) < 8 {
		t.Errorf("as JSON: %+v", told)
	}
}

// TestTrouble has what an operator must see: what Stripe told and nobody
// believed, mails that were refused, and jobs that were given up.
func TestTrouble(t *testing.T) {
	t.Parallel()
	d := open(t)
	ben := platformtest.Learner(t, d.p, "ben@example.com")
	d.till.Pay(t, d.begin(t, "instrument"))
	platformtest.Exec(t, d.p, `UPDATE checkouts SET amount = 1`)
	d.deliver(t)
	platformtest.Exec(t, d.p, `INSERT INTO mails (id, cause, kind, user_id, address, subject, state) VALUES (gen_random_uuid(), 'welcome:' || $1::uuid, 'welcome-email', $1, 'ana@example.com', 'Welcome aboard', 'failed')`, d.ana.ID)
	platformtest.Exec(t, d.p, `INSERT INTO mails (id, cause, kind, address, subject, state) VALUES (gen_random_uuid(), 'signin:1', 'sign-in-code', 'ana@example.com', 'Your sign-in code', 'sent')`)
	platformtest.Exec(t, d.p, `
		INSERT INTO outbox (id, kind, queue, payload, state, failures, error, finished_at) VALUES
			(gen_random_uuid(), 'welcome-email', 'email-queue', jsonb_build_object('user', $1::uuid), 'dead', 3, '550 no such mailbox', now()),
			(gen_random_uuid(), 'sync-progress', 'content-processing', jsonb_build_object('user', $1::uuid), 'waiting', 1, 'a slow day', NULL),
			(gen_random_uuid(), 'sync-progress', 'content-processing', jsonb_build_object('user', $2::uuid), 'dead', 3, 'of somebody else', now()),
			(gen_random_uuid(), 'odd', 'content-processing', '[1]', 'dead', 3, 'odd', now())`, d.ana.ID, ben.ID)
	text, _ := d.person(t)
	for _, want := range []string{
		"is in quarantine and opened nothing: subtotal is 9900, ours is 1", "handbook replay", "is in quarantine and changed nothing.",
		`The mail "Welcome aboard" was refused for good.`, "to ana@example.com: 550 no such mailbox", `The mail "Your sign-in code" was sent.`,
		"welcome-email Given up", "failed 3 times: 550 no such mailbox", "handbook retry", "sync-progress Tried again", "failed 1 time: a slow day",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, "of somebody else") || strings.Contains(text, "odd") {
		t.Error("the page tells of somebody else's jobs")
	}
	platformtest.Exec(t, d.p, `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, purchased_at) VALUES (gen_random_uuid(), $1, 'pi_9', 'bundle', 14900, 'pending', '2026-03-01')`, d.ana.ID)
	if text, _ := d.person(t); !strings.Contains(text, "Instrument Rating Closed The bank has not sent the payment for The Whole Handbook yet, which was ordered on 1 March 2026.") {
		t.Errorf("a pending purchase: %s", text)
	}
	d.purchasesLead(t)
}

// purchasesLead follows each number of the list to its rows.
func (d desk) purchasesLead(t testing.TB) {
	t.Helper()
	_, list := d.read(t, "/admin/people")
	links := list.Find("a[href$='#purchases']")
	links.Each(func(_ int, a *goquery.Selection) {
		path, _, _ := strings.Cut(a.AttrOr("href", ""), "#")
		_, person := d.read(t, path)
		rows := person.Find("#purchases + ul > li").Length()
		if n, _, _ := strings.Cut(a.Text(), " "); n != strconv.Itoa(rows) || rows == 0 {
			t.Errorf("%s leads to %d rows", a.Text(), rows)
		}
	})
	if links.Length() == 0 {
		t.Error("nobody has a number of purchases")
	}
}

func TestDeleted(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.till.Pay(t, d.begin(t, "instrument"))
	d.deliver(t)
	payment, order, path := platformtest.Text(t, d.p, `SELECT stripe_payment_id FROM purchases`), platformtest.Text(t, d.p, `SELECT id::text FROM checkouts`), "/admin/people/"+d.ana.ID.String()
	if a := platformtest.Send(t, d.p, account.Routes(d.p), platformtest.Form(t, d.ana, "/account/delete", "confirm=ana@example.com")); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	text, doc := d.read(t, path)
	if !strings.Contains(text, "This account was deleted on") || !strings.Contains(text, "Who it was is not known here any more") || !strings.Contains(text, "Account deleted, by a deleted account") || strings.Contains(text, "ana@") || doc.Find("main form").Length() != 0 {
		t.Errorf("the page says %s", text)
	}
	var told struct {
		Deleted string
		Email   string
		Modules []any
	}
	platformtest.Call(t, d.p, people.Routes(d.p), d.op, "GET", "/api"+path, nil).Into(t, &told)
	if told.Deleted == "" || told.Email != "" || told.Modules == nil {
		t.Errorf("as JSON: %+v", told)
	}
	sale := platformtest.Text(t, d.p, `SELECT id::text FROM ledger WHERE kind = 'sale'`)
	for _, query := range []string{payment, order, sale, platformtest.Text(t, d.p, `SELECT stripe_session_id FROM checkouts`)} {
		text, doc := d.read(t, "/admin/people?q="+query)
		if !strings.Contains(text, "Instrument Rating, $99.00") || doc.Find("a[href='/admin/purchases/"+sale+"/refund']").Length() != 1 || strings.Contains(text, "Nobody was found") {
			t.Errorf("%s finds %s", query, text)
		}
	}
	if _, doc := d.read(t, "/admin/people?q="+d.ana.ID.String()); doc.Find(".notice a[href='"+path+"']").Length() != 1 {
		t.Error("the deleted account is not found by its id")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	author := platformtest.Learner(t, d.p, "author@example.com")
	platformtest.Exec(t, d.p, `UPDATE users SET roles = '{author}' WHERE id = $1`, author.ID)
	for _, tc := range []struct {
		name, path string
		who        *platformtest.User
		status     int
	}{
		{"signed out", "", nil, 401},
		{"a learner", "", d.ana, 403},
		{"a learner about herself", "/" + d.ana.ID.String(), d.ana, 403},
		{"an author", "", author, 403},
		{"an author about somebody", "/" + d.ana.ID.String(), author, 403},
		{"nobody", "/" + uuid.NewString(), d.op, 404},
		{"no id", "/x", d.op, 404},
		{"no page", "?before=x", d.op, 404},
		{"an operator", "/" + d.ana.ID.String(), d.op, 200},
		{"an operator about an operator", "/" + d.op.ID.String(), d.op, 200},
	} {
		for _, path := range []string{"/admin/people", "/api/admin/people"} {
			a := platformtest.Call(t, d.p, people.Routes(d.p), tc.who, "GET", path+tc.path, nil)
			if a.Status != tc.status {
				t.Errorf("%s: %s: %d", tc.name, path, a.Status)
			}
		}
	}
	if text, _ := d.read(t, "/admin/people/"+d.op.ID.String()); !strings.Contains(text, "ADMIN_EMAILS") || !strings.Contains(text, "author operator") {
		t.Errorf("an operator by configuration: %s", text)
	}
}
