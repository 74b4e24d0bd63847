package mails_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/mails"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// desk is an operator who looks at ana's mails: a welcome that was sent, a
// receipt that was refused, one under way, and codes.
type desk struct {
	p       *platform.Platform
	op, ana *platformtest.User
	path    string
}

const (
	welcome   = "01900000-0000-7000-8000-000000000001"
	receipt   = "01900000-0000-7000-8000-000000000002"
	under     = "01900000-0000-7000-8000-000000000003"
	code      = "01900000-0000-7000-8000-000000000004"
	change    = "01900000-0000-7000-8000-000000000005"
	benefit   = "01900000-0000-7000-8000-000000000006" // of somebody else
	farewell  = "01900000-0000-7000-8000-000000000007" // to the address that ana had before
	somewhere = "ana@before.example"
)

func open(t *testing.T) desk {
	t.Helper()
	p := platformtest.New(t)
	d := desk{p: p, op: platformtest.Operator(t, p), ana: platformtest.Learner(t, p, "ana@example.com")}
	ben := platformtest.Learner(t, p, "ben@example.com")
	platformtest.Exec(t, p, `
		INSERT INTO mails (id, cause, kind, user_id, address, subject, state, sent_at) VALUES
			('`+welcome+`', 'welcome:' || $1::uuid, 'welcome-email', $1, '`+somewhere+`', 'Welcome aboard', 'sent', now()),
			('`+receipt+`', 'purchase:' || gen_random_uuid(), 'purchase-confirmation', $1, 'ana@example.com', 'Your purchase', 'failed', NULL),
			('`+under+`', 'grant-given:' || gen_random_uuid(), 'grant-given', $1, 'ana@example.com', 'Opened to you', 'pending', NULL),
			('`+code+`', 'signin:1', 'sign-in-code', NULL, 'ana@example.com', 'Your sign-in code', 'sent', now()),
			('`+change+`', 'email-change:1', 'email-change-code', $1, 'ana@example.com', 'Confirm your new address', 'sent', now()),
			('`+farewell+`', 'email-changed:1', 'email-changed', $1, '`+somewhere+`', 'Your account has a new address', 'sent', now()),
			('`+benefit+`', 'welcome:' || $2::uuid, 'welcome-email', $2, 'ben@example.com', 'Welcome, Ben', 'sent', now())`, d.ana.ID, ben.ID)
	platformtest.Exec(t, p, `DELETE FROM outbox`)
	d.path = "/admin/people/" + d.ana.ID.String() + "/mails"
	return d
}

func (d desk) read(t *testing.T) (string, *goquery.Document) {
	t.Helper()
	a, doc := platformtest.Page(t, d.p, mails.Routes(d.p), d.op, d.path)
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), " "), doc
}

func (d desk) send(t *testing.T, mail, act, reason string) platformtest.Answer {
	t.Helper()
	values := url.Values{"act": {act}, "reason": {reason}}.Encode()
	return platformtest.Send(t, d.p, mails.Routes(d.p), platformtest.Form(t, d.op, d.path+"/"+mail, values))
}

// count returns how many acts, jobs and entries of the record there are.
func (d desk) count(t *testing.T) string {
	t.Helper()
	return platformtest.Text(t, d.p, `SELECT concat_ws(' ', (SELECT count(*) FROM resends), (SELECT count(*) FROM outbox WHERE kind = 'resend-mail'), (SELECT count(*) FROM audit_log))`)
}

func TestPage(t *testing.T) {
	t.Parallel()
	d := open(t)
	text, doc := d.read(t)
	for _, want := range []string{
		"Mails to ana@example.com", "Welcome aboard Sent", "to " + somewhere, "Your purchase Refused", "Opened to you On its way",
		"It is still being tried. If that was given up, have its job tried again at /admin/jobs.", "Your sign-in code Sent", "it is dead by now. They ask for another one", "begin the change of their address once more", "A mail of this kind is sent only once.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, "Ben") || doc.Find("main form").Length() != 2 {
		t.Errorf("%d forms: %s", doc.Find("main form").Length(), text)
	}
	platformtest.Exec(t, d.p, `UPDATE sessions SET verified_at = now() - interval '1 hour'`)
	if _, doc := d.read(t); doc.Find("main form").Length() != 0 || doc.Find("a[href^='/account/confirm']").Length() != 1 {
		t.Error("who signed in long ago is not asked to show that it is them")
	}
	if a := d.send(t, welcome, uuid.NewString(), "lost"); !strings.HasPrefix(a.Header.Get("Location"), "/account/confirm?next=") {
		t.Errorf("after an hour: %d", a.Status)
	}
	platformtest.Exec(t, d.p, `DELETE FROM mails`)
	if text, _ := d.read(t); !strings.Contains(text, "They were sent no mail yet.") {
		t.Errorf("without mails: %s", text)
	}
}

func TestResend(t *testing.T) {
	t.Parallel()
	d := open(t)
	_, doc := d.read(t)
	act := doc.Find("form[action='"+d.path+"/"+welcome+"'] input[name=act]").AttrOr("value", "")
	answers := make([]platformtest.Answer, 2)
	var clicks sync.WaitGroup
	for i := range answers { // a double click
		clicks.Go(func() { answers[i] = d.send(t, welcome, act, "  it was\n lost <b>") })
	}
	clicks.Wait()
	for _, a := range append(answers, d.send(t, welcome, act, "another reason")) {
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != d.path+"?saved" {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if n := d.count(t); n != "1 1 1" {
		t.Errorf("acts, jobs, entries: %s", n)
	}
	if got, want := platformtest.Text(t, d.p, `SELECT payload::text FROM outbox`), `{"user": "`+d.ana.ID.String()+`", "resend": "`+act+`"}`; got != want {
		t.Errorf("the job is %s, want %s", got, want)
	}
	got := platformtest.Text(t, d.p, `SELECT concat_ws(' ', actor = $1, action, subject = 'user:' || $2::uuid, detail ->> 'kind', detail ->> 'mail', detail ->> 'resend') FROM audit_log`, d.op.ID, d.ana.ID)
	if want := "t mail resent t welcome-email " + welcome + " " + act; got != want {
		t.Errorf("the record says %s, want %s", got, want)
	}
	if text, _ := d.read(t); !strings.Contains(text, "Sent again on") || !strings.Contains(text, "UTC: it was lost <b> On its way") {
		t.Errorf("under way: %s", text)
	}
	platformtest.Exec(t, d.p, `INSERT INTO mails (id, cause, kind, user_id, address, subject, state) SELECT gen_random_uuid(), 'resend:' || id, 'welcome-email', user_id, 'ana@example.com', 'Welcome aboard', 'sent' FROM resends`)
	if text, doc := d.read(t); !strings.Contains(text, "UTC, to ana@example.com: it was lost <b> Sent") || doc.Find("ul.rows > li").Length() != 6 {
		t.Errorf("sent: %s", text)
	}
	platformtest.Exec(t, d.p, `UPDATE resends SET due = false`)
	if text, _ := d.read(t); !strings.Contains(text, "Nothing to tell any more, so nothing was sent") {
		t.Errorf("in vain: %s", text)
	}
	if a := d.send(t, welcome, uuid.NewString(), "and once more"); a.Status != http.StatusSeeOther || d.count(t) != "2 2 2" {
		t.Errorf("another act: %d, %s", a.Status, d.count(t))
	}
	mail := platformtest.Text(t, d.p, `SELECT id::text FROM mails WHERE cause LIKE 'resend:%'`)
	if a := d.send(t, mail, uuid.NewString(), "what was sent again"); a.Status != http.StatusConflict {
		t.Errorf("what was sent again: %d", a.Status)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, tc := range []struct {
		name, mail, act, reason, says string
		status                        int
	}{
		{"no reason", welcome, uuid.NewString(), "  ", "Please say why", 400},
		{"too long a reason", welcome, uuid.NewString(), strings.Repeat("é", 301), "300 characters at most", 400},
		{"no text", welcome, uuid.NewString(), "a\x00b", "cannot be seen", 400},
		{"no act", welcome, "", "it was lost", "not complete", 400},
		{"an odd act", welcome, "1", "it was lost", "not complete", 400},
		{"a code", code, uuid.NewString(), "it was lost", "no such mail to this person", 404},
		{"a code of a change", change, uuid.NewString(), "it was lost", "dead by now", 409},
		{"to a former address", farewell, uuid.NewString(), "it was lost", "only once", 409},
		{"one under way", under, uuid.NewString(), "it was lost", "still being tried", 409},
		{"somebody else's", benefit, uuid.NewString(), "it was lost", "no such mail to this person", 404},
		{"none", "x", uuid.NewString(), "it was lost", "no such mail to this person", 404},
	} {
		a := d.send(t, tc.mail, tc.act, tc.reason)
		if a.Status != tc.status || !strings.Contains(a.Body, tc.says) || d.count(t) != "0 0 0" {
			t.Errorf("%s: %d, %s", tc.name, a.Status, d.count(t))
		}
		field := platformtest.Parse(t, a.Body).Find("details[open] input[name=reason]")
		if tc.status == 400 && field.AttrOr("value", "") != strings.ReplaceAll(tc.reason, "\x00", "\uFFFD") {
			t.Errorf("%s: the form has %q", tc.name, field.AttrOr("value", ""))
		}
	}
	platformtest.Exec(t, d.p, `DELETE FROM users WHERE id = $1`, d.ana.ID)
	if a := d.send(t, welcome, uuid.NewString(), "it was lost"); a.Status != http.StatusNotFound {
		t.Errorf("to a deleted account: %d", a.Status)
	}
	if a, _ := platformtest.Page(t, d.p, mails.Routes(d.p), d.op, d.path); a.Status != http.StatusNotFound || !strings.Contains(a.Body, "or not any more") {
		t.Errorf("mails of a deleted account: %d", a.Status)
	}
}
