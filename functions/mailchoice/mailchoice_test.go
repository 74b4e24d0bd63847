package mailchoice_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pilothandbook/functions/mailchoice"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func wants(t *testing.T, p *platform.Platform, who *platformtest.User) bool {
	t.Helper()
	wanted, err := account.Wants(t.Context(), p.DB, who.ID, account.ContentUpdates)
	if err != nil {
		t.Fatal(err)
	}
	return wanted
}

func post(t *testing.T, p *platform.Platform, who *platformtest.User, path string, form url.Values) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, mailchoice.Routes(p), platformtest.Form(t, who, path, form.Encode()))
}

func TestChoose(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	unknown := platformtest.Stray(platformtest.Form(t, ana, "/account/mail", "unknown=yes"))
	if a := platformtest.Send(t, p, mailchoice.Routes(p), unknown); a.Status != http.StatusSeeOther || wants(t, p, ana) {
		t.Errorf("a list that there is not: %d", a.Status)
	}
	for _, tc := range []struct {
		name string
		form url.Values
		want bool
	}{
		{"asked for", url.Values{"content-updates": {"yes"}}, true},
		{"again", url.Values{"content-updates": {"yes"}}, true},
		{"ended", url.Values{}, false},
	} {
		a := post(t, p, ana, "/account/mail", tc.form)
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/account/mail?saved" || wants(t, p, ana) != tc.want || wants(t, p, bob) {
			t.Errorf("%s: %d to %q", tc.name, a.Status, a.Header.Get("Location"))
		}
		a, doc := platformtest.Page(t, p, mailchoice.Routes(p), ana, "/account/mail?saved")
		box := doc.Find("input[type=checkbox][name=content-updates]")
		if _, checked := box.Attr("checked"); a.Status != http.StatusOK || box.Length() != 1 || checked != tc.want || doc.Find("p.good").Length() != 1 {
			t.Errorf("%s: the page shows %t", tc.name, checked)
		}
	}
	if a := post(t, p, nil, "/account/mail", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", a.Status)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	for _, who := range []*platformtest.User{ana, bob} {
		if err := account.Choose(t.Context(), p.DB, who.ID, account.ContentUpdates, true); err != nil {
			t.Fatal(err)
		}
	}
	path := "/mailchoice/" + account.UnsubscribeToken(p.Config.AuthSecret.Reveal(), ana.ID, account.ContentUpdates)
	for range 3 { // a scanner, and its friends
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := platformtest.Request(t, nil, method, path, nil)
			r.Header.Set("Accept", "text/html")
			if a := platformtest.Send(t, p, mailchoice.Routes(p), r); a.Status != http.StatusOK || !wants(t, p, ana) {
				t.Fatalf("%s: %d, and it may have ended the mails", method, a.Status)
			}
		}
	}
	form := func(doc string) url.Values {
		v := url.Values{}
		f := platformtest.Parse(t, doc).Find("form[method=post][action='" + path + "']")
		if input := f.Find("input"); input.Length() == 1 {
			v.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
		}
		return v
	}
	a, _ := platformtest.Page(t, p, mailchoice.Routes(p), nil, path)
	for _, tc := range []struct {
		does string
		says string
		want bool
	}{{"ends", "no more mails", false}, {"undoes", "again", true}, {"ends once more", "no more mails", false}} {
		a = post(t, p, nil, path, form(a.Body))
		if a.Status != http.StatusOK || !strings.Contains(platformtest.Parse(t, a.Body).Find(".good").Text(), tc.says) || wants(t, p, ana) != tc.want {
			t.Errorf("%s: %d %s", tc.does, a.Status, a.Body)
		}
	}
	if !wants(t, p, bob) {
		t.Error("somebody else's mails are ended")
	}
	// The link of a deleted account does no harm.
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, ana.ID); err != nil {
		t.Fatal(err)
	}
	if a := post(t, p, nil, path, nil); a.Status != http.StatusOK {
		t.Errorf("of a deleted account: %d", a.Status)
	}
}

// What mail providers send: no cookie, no origin, in either encoding of forms.
func TestOneClick(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	path := "/mailchoice/" + account.UnsubscribeToken(p.Config.AuthSecret.Reveal(), ana.ID, account.ContentUpdates)
	for _, tc := range []struct{ name, kind, body, site string }{
		{"urlencoded", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", ""},
		{"multipart", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n", ""},
		{"nothing", "", "", ""},
		{"from another site", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", "cross-site"},
	} {
		if err := account.Choose(t.Context(), p.DB, ana.ID, account.ContentUpdates, true); err != nil {
			t.Fatal(err)
		}
		r := platformtest.Request(t, nil, http.MethodPost, path, tc.body)
		r.Header.Set("Content-Type", tc.kind)
		status := http.StatusOK
		if tc.site != "" {
			r.Header.Set("Sec-Fetch-Site", tc.site)
			status = http.StatusForbidden
		}
		a := platformtest.Send(t, p, mailchoice.Routes(p), r)
		if a.Status != status || wants(t, p, ana) != (tc.site != "") || len(a.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s: %d %s", tc.name, a.Status, a.Body)
		}
		if status == http.StatusOK && strings.TrimSpace(a.Body) != `{"list":"content-updates","wanted":false}` {
			t.Errorf("%s: answers %s", tc.name, a.Body)
		}
	}
}

func TestForgedLink(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	if err := account.Choose(t.Context(), p.DB, ana.ID, account.ContentUpdates, true); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"x", account.UnsubscribeToken("another secret", ana.ID, account.ContentUpdates)} {
		a, _ := platformtest.Page(t, p, mailchoice.Routes(p), nil, "/mailchoice/"+token)
		b := post(t, p, nil, "/mailchoice/"+token, url.Values{"List-Unsubscribe": {"One-Click"}})
		if a.Status != http.StatusNotFound || b.Status != http.StatusNotFound || !wants(t, p, ana) || !strings.Contains(b.Body, "choose your mails in your account") {
			t.Errorf("%q: %d and %d", token, a.Status, b.Status)
		}
	}
}
