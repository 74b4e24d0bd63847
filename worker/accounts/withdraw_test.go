package accounts_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/functions/checkout"
	"pilothandbook/functions/orders"
	"pilothandbook/functions/redeem"
	"pilothandbook/functions/stripehook"
	"pilothandbook/handbook/attention"
	"pilothandbook/handbook/job"
	"pilothandbook/platform"
	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/platformtest"
	"pilothandbook/worker/accounts"
)

func begin(t *testing.T, p *platform.Platform, who *platformtest.User, module string, wish any) (page, session string) {
	t.Helper()
	var to struct{ URL string }
	platformtest.Call(t, p, checkout.Routes(p), who, "POST", "/checkout/"+module, wish).Into(t, &to)
	return to.URL, to.URL[strings.LastIndex(to.URL, "/")+1:]
}

func tell(t *testing.T, p *platform.Platform, till *platformtest.Till) {
	t.Helper()
	for _, event := range till.Events(t, p) {
		if a := platformtest.Send(t, p, stripehook.Routes(p), platformtest.SignedEvent(t, p, event)); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
}

// closing returns the sessions that are to be closed.
func closing(t *testing.T, p *platform.Platform) []job.CloseCheckout {
	t.Helper()
	rows, err := p.DB.Query(t.Context(), `SELECT payload FROM outbox WHERE kind = 'close-checkout'`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[job.CloseCheckout])
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func underpaid(t *testing.T, p *platform.Platform) int {
	t.Helper()
	items, err := attention.List(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if i.Name == attention.Underpaid {
			return i.Count
		}
	}
	return -1
}

// TestWithdraw gives a module back while the page of a bundle is open that is
// cheaper for it: the page closes. Who pays before has bought it, and an
// operator is told.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	for _, gift := range []bool{false, true} {
		for _, faster := range []bool{false, true} {
			t.Run(fmt.Sprintf("gift %v, faster %v", gift, faster), func(t *testing.T) {
				t.Parallel()
				p, till := platformtest.Shop(t)
				ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
				part := sell(t, p, till, ana, ben, gift)
				other, _ := begin(t, p, ana, "bundle", platformtest.Agreed())
				bundle, session := begin(t, p, ben, "bundle", platformtest.Agreed())
				till.Refund(t, part)
				tell(t, p, till)
				jobs := closing(t, p)
				if len(jobs) != 1 || jobs[0].Session != session {
					t.Fatalf("to be closed: %v, want %s", jobs, session)
				}
				if faster {
					till.Pay(t, bundle)
				}
				if err := (accounts.Jobs{DB: p.DB, Stripe: p.Stripe}).CloseCheckout(t.Context(), jobs[0]); err != nil {
					t.Fatal(err)
				}
				tell(t, p, till)
				var stands string
				if err := p.DB.QueryRow(t.Context(), `
					SELECT concat_ws(' ', (SELECT state FROM checkouts WHERE stripe_session_id = $1),
						(SELECT count(*) FROM grants WHERE user_id = $2 AND revoked_at IS NULL),
						(SELECT count(*) FROM checkouts WHERE user_id = $3 AND state = 'open'))`, session, ben.ID, ana.ID).Scan(&stands); err != nil {
					t.Fatal(err)
				}
				want, told := "expired 0 1", 0
				if faster {
					want, told = "complete 1 1", 1
				}
				if got := underpaid(t, p); stands != want || got != told {
					t.Errorf("stands %q, want %q; underpaid %d, want %d; the other page is %s", stands, want, got, told, other)
				}
			})
		}
	}
}

// TestPartlyBack gives most of a module's price back, which leaves it open: the
// page of a bundle that is cheaper by all of it closes all the same.
func TestPartlyBack(t *testing.T) {
	t.Parallel()
	for _, faster := range []bool{false, true} {
		t.Run(fmt.Sprintf("faster %v", faster), func(t *testing.T) {
			t.Parallel()
			p, till := platformtest.Shop(t)
			ben := platformtest.Learner(t, p, "ben@example.com")
			sell(t, p, till, nil, ben, false)
			bundle, session := begin(t, p, ben, "bundle", platformtest.Agreed())
			if _, err := p.Stripe.Refunds.New(&stripe.RefundParams{
				PaymentIntent: stripe.String(platformtest.Text(t, p, `SELECT stripe_payment_id FROM purchases`)), Amount: stripe.Int64(9800),
			}); err != nil {
				t.Fatal(err)
			}
			tell(t, p, till)
			jobs := closing(t, p)
			if len(jobs) != 1 || jobs[0].Session != session {
				t.Fatalf("to be closed: %v, want %s", jobs, session)
			}
			want, told := "expired", 0
			if faster {
				want, told = "complete", 1
				till.Pay(t, bundle)
			}
			if err := (accounts.Jobs{DB: p.DB, Stripe: p.Stripe}).CloseCheckout(t.Context(), jobs[0]); err != nil {
				t.Fatal(err)
			}
			tell(t, p, till)
			state := platformtest.Text(t, p, `SELECT state FROM checkouts WHERE stripe_session_id = $1`, session)
			if got := underpaid(t, p); state != want || got != told {
				t.Errorf("the page is %s, want %s; underpaid %d, want %d", state, want, got, told)
			}
		})
	}
}

// TestPageInTheMaking gives a module back while Stripe makes the page that is
// cheaper for it: the buyer gets another one, at the price of today.
func TestPageInTheMaking(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	ben := platformtest.Learner(t, p, "ben@example.com")
	part := sell(t, p, till, nil, ben, false)
	back := func(r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/checkout/sessions") {
			till.Meanwhile.Store(nil)
			till.Refund(t, part)
			tell(t, p, till)
		}
	}
	till.Meanwhile.Store(&back)
	begin(t, p, ben, "bundle", platformtest.Agreed())
	if got := platformtest.Text(t, p, `SELECT string_agg(amount || ' ' || state, ', ' ORDER BY id) FROM checkouts WHERE module_type = 'bundle'`); got != "5000 expired, 14900 open" {
		t.Errorf("pages: %s", got)
	}
}

// TestCreditOnItsWayBack pays a module and gets it as a gift, too: while the
// payment is on its way back it makes nothing cheaper, and closes the page where
// it did.
func TestCreditOnItsWayBack(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	platformtest.Promote(t, p, "FREE", 100)
	gift, session := begin(t, p, ana, "instrument", platformtest.AsGift())
	till.Enter(t, gift, "FREE")
	till.Pay(t, gift)
	tell(t, p, till)
	own, _ := begin(t, p, ben, "instrument", platformtest.Agreed())
	till.Pay(t, own)
	redeems(t, p, ana, ben, session) // before anybody here knows
	tell(t, p, till)
	if got := platformtest.Text(t, p, `SELECT string_agg(reason, ' ') FROM refunds`); got != "duplicate" {
		t.Fatalf("to be given back: %q", got)
	}
	begin(t, p, ben, "bundle", platformtest.Agreed())
	if got := platformtest.Text(t, p, `SELECT amount::text FROM checkouts WHERE module_type = 'bundle'`); got != "14900" {
		t.Errorf("the bundle costs %s", got)
	}
}

// TestGiftWonBack: whose gift was in question, and who bought the module
// meanwhile, gets that payment back when the gift counts again.
func TestGiftWonBack(t *testing.T) {
	t.Parallel()
	p, till := platformtest.Shop(t)
	ana, ben := platformtest.Learner(t, p, "ana@example.com"), platformtest.Learner(t, p, "ben@example.com")
	gift := sell(t, p, till, ana, ben, true)
	platformtest.Exec(t, p, `UPDATE grants SET created_at = created_at - interval '1 day'`)
	till.Do(t, gift, pay.Dispute)
	tell(t, p, till)
	own, _ := begin(t, p, ben, "instrument", platformtest.Agreed())
	till.Pay(t, own)
	tell(t, p, till)
	bundle, session := begin(t, p, ben, "bundle", platformtest.Agreed())
	till.Do(t, gift, pay.Win)
	tell(t, p, till)
	if got := platformtest.Text(t, p, `SELECT string_agg(reason || ' ' || amount || ' ' || (user_id = $1), ' ') FROM refunds`, ben.ID); got != "duplicate 9900 true" {
		t.Errorf("to be given back: %q", got)
	}
	if jobs := closing(t, p); len(jobs) != 1 || jobs[0].Session != session {
		t.Errorf("to be closed: %v, want %s, at %s", jobs, session, bundle)
	}
}

// sell sells a module to ben, or to ana for ben, and returns the session.
func sell(t *testing.T, p *platform.Platform, till *platformtest.Till, ana, ben *platformtest.User, gift bool) string {
	t.Helper()
	if !gift {
		page, session := begin(t, p, ben, "instrument", platformtest.Agreed())
		till.Pay(t, page)
		tell(t, p, till)
		return session
	}
	page, session := begin(t, p, ana, "instrument", platformtest.AsGift())
	till.Pay(t, page)
	tell(t, p, till)
	redeems(t, p, ana, ben, session)
	return session
}

// redeems has ben enter the code that ana got in a session.
func redeems(t *testing.T, p *platform.Platform, ana, ben *platformtest.User, session string) {
	t.Helper()
	_, doc := platformtest.Page(t, p, orders.Routes(p), ana, platformtest.Text(t, p, `SELECT '/orders/' || id FROM checkouts WHERE stripe_session_id = $1`, session))
	if a := platformtest.Send(t, p, redeem.Routes(p), platformtest.Form(t, ben, "/redeem", url.Values{"code": {doc.Find(".code").Text()}}.Encode())); a.Status >= 400 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
}
