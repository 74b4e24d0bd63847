package post_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/account"
	"pilothandbook/handbook/job"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

var digits = regexp.MustCompile(`^\d{6}`)

func TestSignInCode(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	id := ask(t, p, "ana@example.com")
	for range 2 { // a second run has nothing left to do
		if err := j.SignInCode(t.Context(), job.SignInCode{Request: id}); err != nil {
			t.Fatal(err)
		}
	}
	all := b.All()
	if len(all) != 1 {
		t.Fatalf("%d mails, want 1", len(all))
	}
	m := all[0]
	code := digits.FindString(m.Subject)
	if m.To != "ana@example.com" || m.Subject != code+" is your sign-in code" || !strings.HasPrefix(m.Text, code+" is your sign-in code.") {
		t.Fatalf("to %q, subject %q, text %q", m.To, m.Subject, m.Text)
	}
	link := linkOf(t, m.HTML)
	if !strings.HasPrefix(link, address+"/signin/"+id.String()+"?link=") || !strings.Contains(m.Text, link) {
		t.Errorf("link %q; text %q", link, m.Text)
	}
	if got := states(t, p); got != "sign-in-code sent Your sign-in code" {
		t.Errorf("mails: %q; the code must not be stored", got)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	_, next, err := account.Redeem(t.Context(), p.DB, p.Config.AuthSecret.Reveal(), id, u.Query().Get("link"), "the browser", "")
	if err != nil || next != "/orders" {
		t.Errorf("the link of the mail: next %q, %v", next, err)
	}
}

func linkOf(t *testing.T, html string) string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("script, img, link").Length() != 0 || doc.Find("html[lang=en]").Length() != 1 {
		t.Error("the mail loads something, or has no language")
	}
	return doc.Find("a").First().AttrOr("href", "")
}

func TestSignInCodeRetry(t *testing.T) {
	t.Parallel()
	p, d := open(t), server(t, busy)
	j := jobs(t, p, d.url)
	id := ask(t, p, "ana@example.com")
	if err := j.SignInCode(t.Context(), job.SignInCode{Request: id}); err == nil {
		t.Fatal("a busy server is no error")
	}
	if err := j.SignInCode(t.Context(), job.SignInCode{Request: id}); err != nil {
		t.Fatal(err)
	}
	heard := d.sources()
	if len(heard) != 2 || messageID(heard[0]) == messageID(heard[1]) {
		t.Fatalf("%d tries with ids %q and %q, want 2 mails of their own", len(heard), messageID(heard[0]), messageID(heard[1]))
	}
	first, second := subjectDigits(heard[0]), subjectDigits(heard[1])
	secret := p.Config.AuthSecret.Reveal()
	if first != second {
		if _, _, err := account.Redeem(t.Context(), p.DB, secret, id, first, "", ""); err == nil {
			t.Error("the code of the failed try signs in")
		}
	}
	if _, _, err := account.Redeem(t.Context(), p.DB, secret, id, second, "", ""); err != nil {
		t.Errorf("the code of the second try: %v", err)
	}
	if got := states(t, p); got != "sign-in-code sent Your sign-in code" {
		t.Errorf("mails: %q", got)
	}
}

func TestSignInCodeOver(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	expired, used, replaced := ask(t, p, "a@example.com"), ask(t, p, "b@example.com"), ask(t, p, "c@example.com")
	platformtest.Exec(t, p, `UPDATE sign_in_requests SET expires_at = now() WHERE id = $1`, expired)
	platformtest.Exec(t, p, `UPDATE sign_in_requests SET used_at = now() WHERE id = $1`, used)
	platformtest.Exec(t, p, `UPDATE sign_in_requests SET replaced_at = now() WHERE id = $1`, replaced)
	for _, id := range []uuid.UUID{expired, used, replaced, uuid.New()} {
		if err := j.SignInCode(t.Context(), job.SignInCode{Request: id}); err != nil {
			t.Error(err)
		}
	}
	if got := len(b.All()); got != 0 {
		t.Errorf("%d codes were mailed for requests that are over", got)
	}
}

// A request that goes with its account, just after the job has read it, leaves
// no address behind.
func TestSignInCodeDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	p, b := open(t), box(t)
	j := jobs(t, p, b.URL())
	id := ask(t, p, "ana@example.com")
	tried := make(chan error, 1)
	err := db.Tx(t.Context(), p.DB, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `LOCK TABLE mails IN SHARE MODE`); err != nil {
			return err
		}
		go func() { tried <- j.SignInCode(t.Context(), job.SignInCode{Request: id}) }()
		waits(t, p)
		_, err := tx.Exec(t.Context(), `DELETE FROM sign_in_requests WHERE id = $1`, id)
		return err
	})
	if err = errors.Join(err, <-tried); err != nil {
		t.Error(err)
	}
	if got := platformtest.Text(t, p, `SELECT concat_ws(' ', kind, state, address) FROM mails`); got != "sign-in-code failed " || len(b.All()) != 0 {
		t.Errorf("mails: %q, %d sent", got, len(b.All()))
	}
}

func messageID(source string) string     { return field(source, "Message-ID") }
func subjectDigits(source string) string { return digits.FindString(field(source, "Subject")) }

func field(source, name string) string {
	for line := range strings.Lines(source) {
		if k, v, _ := strings.Cut(line, ":"); strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
