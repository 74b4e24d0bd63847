package redeem_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/module"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/redeem"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// gift buys one and returns its code, as the order shows it, and where it was
// paid.
func gift(t *testing.T, p *platform.Platform, till *platformtest.Till, giver *platformtest.User, what string) (code, session, order string) {
	t.Helper()
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), giver, "POST", "/checkout/"+what, platformtest.AsGift()).Into(t, &to)
	till.Pay(t, to.URL)
	tell(t, p, till)
	session = to.URL[strings.LastIndex(to.URL, "/")+1:]
	if err := p.DB.QueryRow(t.Context(), `SELECT '/orders/' || id FROM checkouts WHERE stripe_session_id = $1`, session).Scan(&order); err != nil {
		t.Fatal(err)
	}
	_, page := platformtest.Page(t, p, orders.Routes(p), giver, order)
	if code = page.Find(".code").Text(); len(code) != 19 || !strings.Contains(page.Find("blockquote").Text(), code) {
		t.Fatalf("code %q on %s", code, page.Find("main").Text())
	}
	return code, session, order
}

func tell(t *testing.T, p *platform.Platform, till *platformtest.Till) {
	t.Helper()
	for _, event := range till.Events(t, p) {
		if got := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event)); got.Status != 200 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
}

func enter(t *testing.T, p *platform.Platform, who *platformtest.User, code string) platformtest.Answer {
	t.Helper()
	return platformtest.Send(t, p, redeem.Routes(p), platformtest.Form(t, who, "/redeem", url.Values{"code": {code}}.Encode()))
}

func headline(t *testing.T, p *platform.Platform, who *platformtest.User, path string) string {
	t.Helper()
	_, page := platformtest.Page(t, p, orders.Routes(p), who, path)
	return page.Find("h1").Text()
}

// TestGift gives, redeems, and takes the money back.
func TestGift(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	platformtest.Grant(t, p, ana, "instrument") // owners may give
	code, session, order := gift(t, p, till, ana, "instrument")
	owned := func(who *platformtest.User) bool {
		t.Helper()
		var got struct{ Owned bool }
		platformtest.Call(t, p, module.Routes(p), who, "GET", "/api/modules/instrument", nil).Into(t, &got)
		return got.Owned
	}
	if owned(ben) {
		t.Fatal("it is open before")
	}
	wrong := enter(t, p, ben, "abcd efgh <b>")
	page := platformtest.Parse(t, wrong.Body)
	if wrong.Status != http.StatusBadRequest || page.Find("#code[aria-invalid]").AttrOr("value", "") != "abcd efgh <b>" || !strings.Contains(page.Find("#code-error").Text(), "this one has 9") {
		t.Errorf("%d %s", wrong.Status, page.Find("main").Text())
	}
	if got := enter(t, p, ana, code); got.Status != http.StatusConflict || !strings.Contains(got.Body, "stays unused") {
		t.Errorf("owned already: %d %s", got.Status, got.Body)
	}
	got := enter(t, p, ben, strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/redeem?opened=instrument" {
		t.Fatalf("%d to %q: %s", got.Status, got.Header.Get("Location"), got.Body)
	}
	_, page = platformtest.Page(t, p, redeem.Routes(p), ben, "/redeem?opened=instrument")
	if page.Find("h1").Text() != "Instrument Rating is yours" || page.Find(`a[href="/modules/instrument"]`).Length() != 1 || !owned(ben) {
		t.Errorf("%s", page.Find("main").Text())
	}
	if got := enter(t, p, ben, code); got.Status != http.StatusOK || !strings.Contains(got.Body, "You redeemed it on") || !strings.Contains(got.Body, "Read Instrument Rating") {
		t.Errorf("a second time: %d %s", got.Status, got.Body)
	}
	cy := platformtest.Learner(t, p, "cy@example.com")
	if got := enter(t, p, cy, code); got.Status != http.StatusConflict || !strings.Contains(got.Body, "redeemed already") {
		t.Errorf("somebody else: %d %s", got.Status, got.Body)
	}
	if _, page := platformtest.Page(t, p, orders.Routes(p), ana, order); !strings.Contains(page.Text(), "It was redeemed on") || strings.Contains(page.Text(), code) {
		t.Errorf("the giver sees %s", page.Find("main").Text())
	}
	till.Refund(t, session)
	tell(t, p, till)
	if owned(ben) || headline(t, p, ana, order) != "This order was refunded" {
		t.Errorf("after the refund it is open: %v, the giver sees %q", owned(ben), headline(t, p, ana, order))
	}
	if _, page := platformtest.Page(t, p, redeem.Routes(p), ben, "/redeem?opened=instrument"); page.Find("h1").Text() != "Redeem a gift" {
		t.Errorf("what was closed is told to be open")
	}
	if got := enter(t, p, ben, code); got.Status != http.StatusOK || !strings.Contains(got.Body, "closed again") || strings.Contains(got.Body, "Read Instrument") {
		t.Errorf("a third time: %d %s", got.Status, got.Body)
	}
}

// TestUnusedGift: what is paid back opens nothing.
func TestUnusedGift(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	code, session, _ := gift(t, p, till, ana, "bundle")
	second, _, _ := gift(t, p, till, ana, "bundle") // as many as one likes
	till.Refund(t, session)
	tell(t, p, till)
	if got := enter(t, p, ben, code); got.Status != http.StatusConflict || !strings.Contains(got.Body, "does not count") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	r := platformtest.Request(t, ana, "POST", "/redeem", "code="+second)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := platformtest.Send(t, p, redeem.Routes(p), r); got.Body != `{"module":"bundle"}`+"\n" {
		t.Errorf("her own: %d %s", got.Status, got.Body)
	}
}

func TestForm(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Sell(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	if got := platformtest.Call(t, p, redeem.Routes(p), nil, "GET", "/redeem", nil); got.Status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", got.Status)
	}
	_, page := platformtest.Page(t, p, redeem.Routes(p), ana, "/redeem?opened=instrument")
	platformtest.Golden(t, "form.txt", platformtest.Gist(page))
	for try := range 25 {
		got := enter(t, p, ana, "AAAA-AAAA-AAAA-AAAA")
		if want := map[bool]int{true: http.StatusTooManyRequests, false: http.StatusBadRequest}[try >= 20]; got.Status != want {
			t.Errorf("try %d: status %d, want %d", try, got.Status, want)
		}
	}
}
