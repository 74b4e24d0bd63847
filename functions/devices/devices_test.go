package devices_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/devices"
	"pilothandbook/handbook/account"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

// device is what the API tells.
type device struct {
	ID      uuid.UUID
	Name    string
	Current bool
}

func list(t *testing.T, p *platform.Platform, who *platformtest.User) (all []device) {
	t.Helper()
	a := platformtest.Call(t, p, devices.Routes(p), who, "GET", "/api/devices", nil)
	if a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	a.Into(t, &all)
	return all
}

func page(t *testing.T, a platformtest.Answer) *goquery.Selection {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != http.StatusOK || doc.Find("main [style], main script").Length() != 0 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	return doc.Find("main")
}

func show(t *testing.T, p *platform.Platform, who *platformtest.User) *goquery.Selection {
	t.Helper()
	return page(t, platformtest.Call(t, p, devices.Routes(p), who, "GET", "/devices", nil))
}

func TestPage(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	phone, laptop := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ana@example.com")
	platformtest.Learner(t, p, "bob@example.com")

	main := show(t, p, phone)
	if rows := main.Find(".rows > li"); rows.Length() != 2 || rows.First().Find(".badge").Text() != "This device" || rows.Last().Find(".badge").Length() != 0 {
		t.Errorf("devices: %s", rows.Text())
	}
	if main.Find(".rows form").Length() != 1 || main.Find("form[action='/signout']").Length() != 1 || main.Find(".rows time[datetime]").Length() != 2 {
		t.Error("the page lacks a button or a time")
	}
	if main.Find("h1").Text() != "Devices" || main.Find("a[href='/account']").Length() != 1 {
		t.Error("the page is not named, or does not lead back to the account")
	}
	if all := list(t, p, laptop); len(all) != 2 || !all[0].Current || all[1].Current || all[0].Name != "Test" || all[0].ID != list(t, p, phone)[1].ID {
		t.Errorf("devices: %+v", all)
	}
	if a := platformtest.Call(t, p, devices.Routes(p), nil, "GET", "/api/devices", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", a.Status)
	}
}

func TestEndOther(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	phone, laptop := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ana@example.com")
	lost := list(t, p, laptop)[0] // and so this process remembers that session
	path, _ := show(t, p, phone).Find(".rows form").Attr("action")
	if path != "/devices/"+lost.ID.String() {
		t.Fatalf("the button leads to %q", path)
	}
	a := platformtest.Send(t, p, devices.Routes(p), platformtest.Form(t, phone, path, ""))
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/devices" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	if a := platformtest.Call(t, p, devices.Routes(p), laptop, "GET", "/api/devices", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("the lost device is still let in: %d", a.Status)
	}
	if n := len(list(t, p, phone)); n != 1 {
		t.Errorf("%d devices, want 1", n)
	}
	a = platformtest.Send(t, p, devices.Routes(p), platformtest.Form(t, phone, path, ""))
	if a.Status != http.StatusNotFound || !strings.Contains(a.Body, "not signed in any more") {
		t.Errorf("again: %d", a.Status)
	}
}

func TestEndThis(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	a := platformtest.Send(t, p, devices.Routes(p), platformtest.Form(t, ana, "/devices/"+list(t, p, ana)[0].ID.String(), ""))
	gone := (&http.Response{Header: a.Header}).Cookies()
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/" || len(gone) != 1 || gone[0].Name != account.SessionCookie || gone[0].MaxAge >= 0 {
		t.Errorf("%d to %q, cookies %v", a.Status, a.Header.Get("Location"), gone)
	}
}

func TestEndForeign(t *testing.T) {
	t.Parallel()
	p := platformtest.New(t)
	ana, bob := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "bob@example.com")
	for _, id := range []string{list(t, p, bob)[0].ID.String(), uuid.NewString(), "nonsense"} {
		a := platformtest.Call(t, p, devices.Routes(p), ana, "POST", "/devices/"+id, nil)
		if a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", id, a.Status)
		}
	}
	if len(list(t, p, bob)) != 1 {
		t.Error("somebody else's device was signed out")
	}
}
