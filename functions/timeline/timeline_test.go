package timeline_test

import (
	"net/http"
	"strings"
	"testing"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/stripehook"
	"pilothandbook/functions/timeline"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

func TestStory(t *testing.T) {
	t.Parallel()

	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	routes := timeline.Routes(p)
	_, page := platformtest.Page(t, p, routes, ana, "/access")
	if got := page.Find(".empty").Length(); got != 2 {
		t.Errorf("%d empty parts, want 2", got)
	}
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), ana, "POST", "/checkout/instrument", platformtest.Agreed()).Into(t, &to)
	till.Pay(t, to.URL)
	till.Refund(t, to.URL[strings.LastIndex(to.URL, "/")+1:])
	for _, event := range till.Events(t, p) {
		platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event))
	}
	for _, s := range []string{
		`INSERT INTO grants (id, user_id, module_key, reason) SELECT gen_random_uuid(), id, 'bundle', 'a prize' FROM users WHERE email = 'ana@example.com'`,
		`INSERT INTO mails (id, cause, kind, user_id, address, subject, state, sent_at) SELECT gen_random_uuid(), 'x', 'purchase-confirmation', id, email, 'Your purchase', 'sent', now() FROM users WHERE email = 'ana@example.com'`,
	} {
		if _, err := p.DB.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	_, page = platformtest.Page(t, p, routes, ana, "/access")
	text := strings.Join(strings.Fields(page.Find("main").Text()), " ")
	for _, want := range []string{
		"You went to pay for Instrument Rating.", "You paid for Instrument Rating.", "You got your payment for Instrument Rating back.", "$99.00",
		"Instrument Rating was opened, as you bought it.", "Instrument Rating, as far as this payment had opened it, was closed.",
		"The Whole Handbook was given to you.", `We sent you the mail "Your purchase".`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Stripe") {
		t.Errorf("readers are told of messages:\n%s", text)
	}
	if links := strings.Join(platformtest.Links(page), " "); !strings.Contains(links, "GET /modules/instrument") || strings.Contains(links, "/modules/bundle") {
		t.Errorf("links %s", links)
	}
	platformtest.Grant(t, p, ben, "instrument")
	if _, err := p.DB.Exec(t.Context(), `UPDATE grants SET expires_at = '2096-11-25' WHERE user_id = $1`, ben.ID); err != nil {
		t.Fatal(err)
	}
	if _, page := platformtest.Page(t, p, routes, ben, "/access"); !strings.Contains(page.Find(".badge").Text(), "Until 24 November 2096") {
		t.Errorf("the end is not told: %s", page.Find("main").Text())
	}
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM grants WHERE user_id = $1`, ben.ID); err != nil {
		t.Fatal(err)
	}
	got := platformtest.Call(t, p, routes, ben, "GET", "/api/access", nil)
	if got.Body != "{\"opens\":[],\"moments\":[]}\n" {
		t.Errorf("ben sees %s", got.Body)
	}
	if got := platformtest.Call(t, p, routes, nil, "GET", "/api/access", nil); got.Status != http.StatusUnauthorized {
		t.Errorf("signed out: status %d", got.Status)
	}
}
