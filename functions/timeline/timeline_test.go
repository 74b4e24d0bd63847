package timeline_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

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

// TestOneSecond: of what happened in the same second the cause is told first.
func TestOneSecond(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	platformtest.Shelf(t, p)
	ana := platformtest.Learner(t, p, "ana@example.com")
	for _, s := range []string{
		`INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, state, params, expires_at, created_at)
		 SELECT gen_random_uuid(), id, 'instrument', 5900, 'usd', false, 'complete', '{}', now(), '2026-03-01 12:00:00.9Z' FROM users`,
		`INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, checkout_id) SELECT gen_random_uuid(), user_id, 'pi_1', module_type, amount, 'refunded', id FROM checkouts`,
		`INSERT INTO payment_facts SELECT 'pi_1', kind, 'of_1', amount, currency, '2026-03-01 12:00:00Z', id FROM checkouts, unnest('{paid,refunded}'::text[]) kind`,
		`INSERT INTO payment_facts SELECT 'pi_1', 'disputed', 'dp_1', amount, currency, '2026-03-02 12:00:00Z', id FROM checkouts`,
		`INSERT INTO payment_facts SELECT 'pi_1', 'dispute_won', 'dp_1', amount, currency, '2026-03-03 12:00:00Z', id FROM checkouts`,
		`INSERT INTO grants (id, user_id, module_key, purchase_id, created_at, revoked_at) SELECT gen_random_uuid(), user_id, module_type, id, '2026-03-01 12:00:00Z', '2026-03-01 12:00:00Z' FROM purchases`,
		`INSERT INTO refunds (id, user_id, stripe_payment_id, module_type, amount, currency, reason, created_at) SELECT gen_random_uuid(), user_id, 'pi_1', module_type, amount, 'usd', 'requested', '2026-03-01 12:00:00.5Z' FROM purchases`,
	} {
		platformtest.Exec(t, p, s)
	}
	_, page := platformtest.Page(t, p, timeline.Routes(p), ana, "/access")
	told := []string{}
	page.Find(".rows p:not(.small)").Each(func(_ int, s *goquery.Selection) { told = append(told, s.Text()) })
	want := `You went to pay for Instrument Rating.
You paid for Instrument Rating.
Instrument Rating was opened, as you bought it.
We began to give your payment for Instrument Rating back.
You got your payment for Instrument Rating back.
Instrument Rating, as far as this payment had opened it, was closed.
Your bank asked for the payment for Instrument Rating back: what it had opened was closed until the bank decides.
Your bank decided that the payment for Instrument Rating stands: what it had opened was opened again.`
	if got := strings.Join(told, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
