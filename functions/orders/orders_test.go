package orders_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/stripehook"
	"pilothandbook/platform"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// buying is somebody at Stripe's page.
type buying struct {
	t    testing.TB
	p    *platform.Platform
	till *platformtest.Till
	who  *platformtest.User
	url  string // of Stripe's page
	id   string // of the checkout
}

func buy(t testing.TB, module string) *buying {
	t.Helper()
	b := &buying{t: t}
	b.p, b.till = platformtest.Shop(t)
	b.who = platformtest.Learner(t, b.p, "ana@example.com")
	got := platformtest.Call(t, b.p, checkout.Routes(b.p), b.who, "POST", "/checkout/"+module, platformtest.Agreed())
	var to struct{ URL string }
	got.Into(t, &to)
	b.url = to.URL
	b.id = b.ask(`SELECT id::text FROM checkouts`)
	return b
}

func (b *buying) ask(query string) string {
	b.t.Helper()
	var answer string
	if err := b.p.DB.QueryRow(b.t.Context(), query).Scan(&answer); err != nil {
		b.t.Fatal(err)
	}
	return answer
}

func (b *buying) exec(statement string) {
	b.t.Helper()
	if _, err := b.p.DB.Exec(b.t.Context(), statement); err != nil {
		b.t.Fatal(err)
	}
}

// get returns a page, which must be there.
func (b *buying) get(path string) *goquery.Document {
	b.t.Helper()
	r := platformtest.Request(b.t, b.who, "GET", path, nil)
	r.Header.Set("Accept", "text/html")
	got := platformtest.Send(b.t, b.p, orders.Routes(b.p), r)
	if got.Status != http.StatusOK {
		b.t.Fatalf("%s: status %d: %s", path, got.Status, got.Body)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(got.Body))
	if err != nil {
		b.t.Fatal(err)
	}
	return doc
}

// back returns from Stripe and checks headline, whether the page looks again
// by itself, and where its links and forms lead.
func (b *buying) back(headline string, again bool, leads string) {
	b.t.Helper()
	doc := b.get("/orders/" + b.id + "?paid=1")
	if got := doc.Find("h1").Text(); got != headline {
		b.t.Errorf("headline %q, want %q", got, headline)
	}
	if got := doc.Find(`head meta[http-equiv=refresh][content="3"]`).Length() == 1; got != again {
		b.t.Errorf("%s: looks again: %v", headline, got)
	}
	var to []string
	doc.Find("article a.button, article form").Each(func(_ int, s *goquery.Selection) {
		to = append(to, s.AttrOr("href", s.AttrOr("action", "")))
	})
	if got := strings.Join(to, " "); got != leads {
		b.t.Errorf("%s: leads to %q, want %q", headline, got, leads)
	}
}

// told reports whether the page of the order tells of passkeys.
func (b *buying) told() bool {
	b.t.Helper()
	return b.get("/orders/"+b.id).Find("[data-offer=passkey] a[href='/passkeys']").Length() == 1
}

// Who signed in for the first time in order to buy is told of passkeys when
// that is done, and not before.
func TestTellsOfPasskeys(t *testing.T) {
	t.Parallel()
	b := buy(t, "bundle")
	if b.told() {
		t.Error("passkeys stand in the way of a purchase")
	}
	b.till.Pay(t, b.url)
	if !b.told() {
		t.Error("passkeys are not told of")
	}
	b.exec(`UPDATE users SET passkey_declined_at = now()`)
	if b.told() {
		t.Error("who declined them is told of passkeys")
	}
}

const (
	unfinished = "Your purchase is not finished"
	underWay   = "Your payment is under way"
)

// TestReturn comes back before the webhook, which never comes.
func TestReturn(t *testing.T) {
	t.Parallel()

	b := buy(t, "bundle")
	b.back(unfinished, false, "/modules/bundle")
	b.till.Pay(t, b.url)
	b.till.Down.Store(true)
	b.back(underWay, true, "")
	b.till.Down.Store(false)
	for range 2 {
		b.back("Thank you!", false, "/modules/instrument /modules/private_commercial")
	}
	b.till.Down.Store(true) // not asked any more
	b.exec(`UPDATE users SET name = 'Ana'`)
	b.who = platformtest.Learner(t, b.p, "ana@example.com")
	b.back("Thank you, Ana!", false, "/modules/instrument /modules/private_commercial")
	if got := b.ask(`SELECT concat_ws(' ', (SELECT count(*) FROM purchases), (SELECT count(*) FROM outbox WHERE kind = 'purchase-confirmation'), (SELECT state FROM checkouts))`); got != "1 1 complete" {
		t.Errorf("purchases, confirmations, checkout: %s", got)
	}
	if n := platformtest.Metric(t, b.p, "handbook_webhook_to_access_seconds_count"); n != 1 {
		t.Errorf("%v sales were measured that opened access, want 1", n)
	}
}

// TestReturnAndWebhookAtOnce is the moment every shop gets wrong once.
func TestReturnAndWebhookAtOnce(t *testing.T) {
	t.Parallel()

	b := buy(t, "instrument")
	b.till.Pay(t, b.url)
	event := b.till.Events(t, b.p)[0]
	hook, back := stripehook.Routes(b.p), orders.Routes(b.p)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			r := platformtest.Request(t, b.who, "GET", "/orders/"+b.id, nil)
			routes := back
			if i%2 == 0 {
				r, routes = platformtest.SignedEvent(t, b.p, event), hook
			}
			got := platformtest.Send(t, b.p, routes, r)
			if got.Status != http.StatusOK || i%2 == 1 && !strings.Contains(got.Body, "Thank you") {
				t.Errorf("%s %s: status %d: %s", r.Method, r.URL, got.Status, got.Body)
			}
		})
	}
	all.Wait()
	if got := b.ask(`SELECT concat_ws(' ', (SELECT count(*) FROM purchases), (SELECT count(*) FROM grants), (SELECT count(*) FROM outbox WHERE kind = 'purchase-confirmation'))`); got != "1 1 1" {
		t.Errorf("purchases, grants, confirmations: %s", got)
	}
	if n := platformtest.Metric(t, b.p, "handbook_webhook_to_access_seconds_count"); n != 1 {
		t.Errorf("%v sales were measured that opened access, want 1", n)
	}
}

// TestTooOften: nobody has Stripe asked without end.
func TestTooOften(t *testing.T) {
	t.Parallel()

	p := platformtest.New(t)
	ana := platformtest.Learner(t, p, "ana@example.com")
	routes := orders.Routes(p)
	for _, tc := range []struct {
		path string
		most int
	}{{"", 300}, {"/receipt", 120}} {
		path, tries := "/orders/"+uuid.NewString()+tc.path, 0
		for platformtest.Call(t, p, routes, ana, "GET", path, nil).Status == http.StatusNotFound && tries < tc.most+20 {
			tries++
		}
		if got := platformtest.Call(t, p, routes, ana, "GET", path, nil); got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" || tries < tc.most {
			t.Errorf("%s: %d after %d tries", path, got.Status, tries)
		}
	}
	for _, r := range routes {
		if asks := slices.Contains(r.Needs, "STRIPE_SECRET_KEY"); asks && (r.Limit.Reader.N == 0 || r.Limit.Address.N < r.Limit.Reader.N) {
			t.Errorf("%s has the limit %+v", r.Path, r.Limit)
		}
	}
}

func TestReturnOtherwise(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, headline, leads string
		again                 bool
		change                func(b *buying)
	}{
		{"expired", unfinished, "/modules/instrument", false, func(b *buying) {
			if _, err := b.p.Stripe.CheckoutSessions.Expire(b.ask(`SELECT stripe_session_id FROM checkouts`), nil); err != nil {
				b.t.Fatal(err)
			}
		}},
		{"Stripe never answered", unfinished, "/modules/instrument", false, func(b *buying) {
			b.exec(`UPDATE checkouts SET stripe_session_id = NULL`)
		}},
		{"Stripe knows nothing of it", unfinished, "/modules/instrument", false, func(b *buying) {
			b.exec(`UPDATE checkouts SET stripe_session_id = 'cs_test_gone'`)
		}},
		{"it does not agree with the order", "We need to look at your payment", "", false, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.exec(`UPDATE checkouts SET amount = 10000`)
		}},
		{"pending", underWay, "", true, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.get("/orders/" + b.id)
			b.exec(`UPDATE purchases SET status = 'pending'`)
		}},
		{"disputed, and given otherwise", "Your bank asks for this payment back", "", false, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.get("/orders/" + b.id)
			b.exec(`UPDATE grants SET revoked_at = now()`)
			platformtest.Grant(b.t, b.p, b.who, "bundle")
		}},
		{"disputed", "Your bank asks for this payment back", "", false, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.get("/orders/" + b.id)
			b.exec(`UPDATE grants SET revoked_at = now()`)
		}},
		{"the bank took it back", "Your bank took this payment back", "/modules/instrument", false, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.get("/orders/" + b.id)
			b.exec(`UPDATE purchases SET status = 'refunded'`)
			b.exec(`INSERT INTO payment_facts SELECT stripe_payment_id, 'dispute_lost', 'dp_1', amount, currency, now(), checkout_id FROM purchases`)
		}},
		{"bought before", "You had bought this already", "", false, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.get("/orders/" + b.id)
			b.exec(`INSERT INTO refunds (id, stripe_payment_id, module_type, amount, currency, reason) SELECT gen_random_uuid(), stripe_payment_id, module_type, amount, currency, 'duplicate' FROM purchases`)
		}},
		{"the money did not come", "Your payment did not go through", "/modules/instrument", false, func(b *buying) {
			b.exec(`UPDATE checkouts SET state = 'expired'`)
			b.exec(`INSERT INTO payment_facts SELECT 'pi_1', 'failed', 'cs_1', amount, currency, now(), id FROM checkouts`)
		}},
		{"refunded", "This order was refunded", "/modules/instrument", false, func(b *buying) {
			b.till.Pay(b.t, b.url)
			b.get("/orders/" + b.id)
			b.exec(`UPDATE purchases SET status = 'refunded'`)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := buy(t, "instrument")
			tc.change(b)
			b.back(tc.headline, tc.again, tc.leads)
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()

	b := buy(t, "instrument")
	if got := b.get("/orders").Find(".empty").Text(); !strings.Contains(got, "not bought anything yet") {
		t.Errorf("empty list says %q", got)
	}
	if got := platformtest.Call(t, b.p, orders.Routes(b.p), b.who, "GET", "/api/orders", nil); got.Body != "{\"orders\":[]}\n" {
		t.Errorf("empty list: %s", got.Body)
	}
	b.till.Pay(t, b.url)
	b.get("/orders/" + b.id)
	b.exec(`UPDATE purchases SET purchased_at = '2026-03-01 12:00:00Z'`)
	b.exec(`
		INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, currency, status, purchased_at)
		SELECT gen_random_uuid(), user_id, 'pi_old', 'private_commercial', 7900, 'eur', 'refunded', '2025-12-31 23:59:59Z' FROM purchases`)
	var rows []string
	b.get("/orders").Find("tbody tr").Each(func(_ int, s *goquery.Selection) {
		rows = append(rows, strings.Join(strings.Fields(s.Text()), " "))
	})
	want := "Instrument Rating 1 March 2026 Paid $99.00Receipt|Private and Commercial Pilot 31 December 2025 Refunded 79.00 EUR"
	if got := strings.Join(rows, "|"); got != want {
		t.Errorf("rows %q, want %q", got, want)
	}
	got := platformtest.Call(t, b.p, orders.Routes(b.p), b.who, "GET", "/api/orders", nil)
	wantJSON := `{"orders":[{"checkout":"` + b.id + `","module":"instrument","title":"Instrument Rating","gift":false,"amount":9900,"discount":0,"tax":0,"currency":"usd","status":"completed","at":"2026-03-01T12:00:00Z"},` +
		`{"checkout":null,"module":"private_commercial","title":"Private and Commercial Pilot","gift":false,"amount":7900,"discount":0,"tax":0,"currency":"eur","status":"refunded","at":"2025-12-31T23:59:59Z"}]}` + "\n"
	if got.Body != wantJSON {
		t.Errorf("got  %swant %s", got.Body, wantJSON)
	}
}

// TestListOfOthers has what became of a payment that opens nothing.
func TestListOfOthers(t *testing.T) {
	t.Parallel()

	b := buy(t, "instrument")
	rows := func(what, want string) {
		t.Helper()
		if got := strings.Join(strings.Fields(b.get("/orders").Find("tbody").Text()), " "); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	b.exec(`UPDATE checkouts SET state = 'expired'`)
	b.exec(`INSERT INTO payment_facts SELECT 'pi_1', 'failed', 'cs_1', amount, currency, '2026-02-01 12:00:00Z', id FROM checkouts`)
	rows("failed", "Instrument Rating 1 February 2026 Not paid $99.00Try again")
	if got := b.get("/orders").Find(`tbody a[href="/modules/instrument"]`).Length(); got != 1 {
		t.Errorf("%d ways to try again", got)
	}
	b.exec(`INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status, purchased_at) SELECT gen_random_uuid(), user_id, 'pi_2', module_type, amount, 'completed', '2026-02-03 12:00:00Z' FROM checkouts`)
	rows("bought then", "Instrument Rating 3 February 2026 Paid $99.00 Instrument Rating 1 February 2026 Not paid $99.00")
	b.exec(`DELETE FROM payment_facts`)
	b.exec(`INSERT INTO grants (id, user_id, module_key, purchase_id, revoked_at) SELECT gen_random_uuid(), user_id, module_type, id, now() FROM purchases`)
	rows("disputed", "Instrument Rating 3 February 2026 In question $99.00")
	b.exec(`UPDATE purchases SET status = 'refunded'`)
	b.exec(`INSERT INTO payment_facts SELECT stripe_payment_id, 'dispute_lost', 'dp_1', amount, currency, now(), NULL FROM purchases`)
	rows("lost", "Instrument Rating 3 February 2026 Taken back $99.00")
}

// TestOpenOtherwise: nobody is to buy again what they may read.
func TestOpenOtherwise(t *testing.T) {
	t.Parallel()

	b := buy(t, "bundle")
	b.till.Pay(t, b.url)
	b.get("/orders/" + b.id)
	b.exec(`UPDATE purchases SET status = 'refunded', purchased_at = '2026-03-01 12:00:00Z'`)
	b.exec(`UPDATE grants SET revoked_at = now()`)
	again := func() string { return b.get("/orders/" + b.id).Find(`a.button[href="/modules/bundle"]`).Text() }
	if got := again(); got != "Buy it again" {
		t.Errorf("while it is closed: %q", got)
	}
	platformtest.Grant(t, b.p, b.who, "instrument")
	platformtest.Grant(t, b.p, b.who, "private_commercial")
	if got := again(); !strings.HasPrefix(got, "Read ") {
		t.Errorf("while it is open: %q", got)
	}
	said := strings.Join(strings.Fields(b.get("/orders/"+b.id).Find("main .meta").Text()), " ")
	if want := "Paid on 1 March 2026Payment " + b.ask(`SELECT stripe_payment_id FROM purchases`); said != want {
		t.Errorf("the order says %q, want %q", said, want)
	}
}

// TestFree: who paid nothing is not told of a payment.
func TestFree(t *testing.T) {
	t.Parallel()

	b := buy(t, "instrument")
	b.till.Pay(t, b.url)
	b.get("/orders/" + b.id)
	b.exec(`UPDATE purchases SET amount = 0, discount = 9900`)
	said := b.get("/orders/" + b.id).Find("main").Text()
	if !strings.Contains(said, "It was free with your promotion code") || strings.Contains(said, "$0.00") || strings.Contains(said, "Receipt") {
		t.Errorf("the order says %s", said)
	}
	if said := b.get("/orders").Find("tbody").Text(); !strings.Contains(said, "Free") || strings.Contains(said, "Paid") {
		t.Errorf("the list says %s", said)
	}
}

func TestMineOnly(t *testing.T) {
	t.Parallel()

	b := buy(t, "instrument")
	b.till.Pay(t, b.url)
	b.get("/orders/" + b.id)
	ben := platformtest.Learner(t, b.p, "ben@example.com")
	for _, tc := range []struct {
		name, path string
		who        *platformtest.User
		status     int
	}{
		{"somebody else's", "/orders/" + b.id, ben, http.StatusNotFound},
		{"none", "/orders/" + uuid.NewString(), b.who, http.StatusNotFound},
		{"not an id", "/orders/1", b.who, http.StatusNotFound},
		{"signed out", "/orders/" + b.id, nil, http.StatusUnauthorized},
		{"signed out from the list", "/orders", nil, http.StatusUnauthorized},
		{"signed out from the list as JSON", "/api/orders", nil, http.StatusUnauthorized},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := platformtest.Call(t, b.p, orders.Routes(b.p), tc.who, "GET", tc.path, nil)
			if got.Status != tc.status || strings.Contains(got.Body, "Instrument Rating") {
				t.Errorf("status %d: %s", got.Status, got.Body)
			}
		})
	}
	if got := platformtest.Call(t, b.p, orders.Routes(b.p), ben, "GET", "/api/orders", nil); got.Body != "{\"orders\":[]}\n" {
		t.Errorf("ben's orders: %s", got.Body)
	}
}
