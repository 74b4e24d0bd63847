package pay_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"pilothandbook/platform/local/pay"
	"pilothandbook/platform/stripeapi"
)

const (
	stripeMock  = "github.com/stripe/stripe-mock@v0.203.0"
	differences = "../../../docs/stripe-differences.md"
)

// mock starts Stripe's own mock, which checks requests against Stripe's
// description of its API and answers with examples.
func mock(t *testing.T) *stripeapi.API {
	t.Helper()

	folder := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", stripeMock)
	install.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-mod=mod "+os.Getenv("GOFLAGS")) // so that what is compiled is not compiled again
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("go install %s (it needs the module proxy once): %v\n%s", stripeMock, err, out)
		}
		t.Fatalf("go install %s: %v\n%s", stripeMock, err, out)
	}
	c := exec.CommandContext(t.Context(), filepath.Join(folder, "stripe-mock"), "-http-addr", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, address, ok := strings.Cut(lines.Text(), "Listening for HTTP at address: "); ok {
			return apiOf("http://"+address, secret)
		}
	}
	t.Fatal("stripe-mock does not listen")
	return nil
}

// answer is one that a call got.
type answer struct {
	status int
	fields map[string]any
}

func read(t *testing.T, r *stripe.APIResponse, err error) answer {
	t.Helper()

	if err != nil {
		return answer{status: refusal(t, err).HTTPStatusCode}
	}
	a := answer{status: r.StatusCode}
	if err := json.Unmarshal(r.RawJSON, &a.fields); err != nil {
		t.Fatal(err)
	}
	return a
}

// exchange is a call that both are asked.
type exchange struct {
	name string
	do   func(*stripeapi.API) (*stripe.APIResponse, error)
}

// ids are those of the stand-in; stripe-mock takes any.
type ids struct {
	session, open, intent, charge, refund, dispute, disputed, customer, coupon, promotion, invoice, event string
}

// TestStripeMock asks both the same and compares status and fields. Every
// difference is in the list in docs/stripe-differences.md, with its reason, and
// nothing else is.
func TestStripeMock(t *testing.T) {
	t.Parallel()

	other := mock(t)
	s := open(t, listen(t))
	listed := listedDifferences(t)
	found := map[string]bool{}
	for _, e := range exchanges(s.everything()) {
		t.Run(e.name, func(t *testing.T) { // one after the other: some need the earlier
			mine, err := e.do(s.api)
			got := read(t, mine, err)
			example, err := e.do(other)
			want := read(t, example, err)
			differ := compare(got.fields, want.fields)
			if got.status != want.status {
				t.Logf("status %d, stripe-mock's %d (%v)", got.status, want.status, err)
				differ = []string{"!" + e.name}
			}
			for _, d := range differ {
				if found[d] = true; !listed[d] {
					t.Errorf("not in the list of differences: %s", d)
				}
			}
		})
	}
	for d := range listed {
		if !found[d] && !t.Failed() {
			t.Errorf("listed, but no difference: %s", d)
		}
	}
}

// compare names the fields that only one has: + is the stand-in's, - is
// stripe-mock's. (! is a call that only one takes.)
func compare(got, want map[string]any) []string {
	var all []string
	kind := want["object"]
	for name := range got {
		if _, ok := want[name]; !ok {
			all = append(all, fmt.Sprintf("+%s.%s", kind, name))
		}
		all = append(all, compareBelow(got[name], want[name])...)
	}
	for name, example := range want {
		if _, ok := got[name]; !ok && example != nil { // a Go client does not tell null from absent
			all = append(all, fmt.Sprintf("-%s.%s", kind, name))
		}
	}
	mine, _ := got["data"].([]any)
	theirs, _ := want["data"].([]any)
	if len(mine) > 0 && len(theirs) > 0 {
		all = append(all, compare(mine[0].(map[string]any), theirs[0].(map[string]any))...)
	}
	slices.Sort(all)
	return all
}

// compareBelow compares what stands in a field, where it is an object of the
// same kind: one that was expanded, or a list.
func compareBelow(got, want any) []string {
	mine, ok1 := got.(map[string]any)
	theirs, ok2 := want.(map[string]any)
	kind, ok3 := theirs["object"].(string)
	if !ok1 || !ok2 || !ok3 || mine["object"] != kind {
		return nil
	}
	return compare(mine, theirs)
}

// listedDifferences reads the rows of the table: | `+kind.a`, `+kind.b` | why |
func listedDifferences(t *testing.T) map[string]bool {
	t.Helper()

	text, err := os.ReadFile(differences)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for row := range strings.Lines(string(text)) {
		cells := strings.Split(row, "|")
		if len(cells) != 4 {
			continue
		}
		for i, name := range strings.Split(cells[1], "`") {
			if i%2 == 1 && strings.ContainsAny(name[:1], "+-!") {
				all[name] = true
			}
		}
		if strings.TrimSpace(cells[2]) == "" {
			t.Errorf("no reason: %s", row)
		}
	}
	return all
}

// everything makes one of each.
func (s *shop) everything() ids {
	s.t.Helper()

	code := s.code("SPRING", &stripe.CouponParams{PercentOff: stripe.Float64(10)})
	sold := s.sold(func(p *stripe.CheckoutSessionParams) {
		p.CustomerCreation = stripe.String("always")
		p.InvoiceCreation = &stripe.CheckoutSessionInvoiceCreationParams{Enabled: stripe.Bool(true)}
	})
	s.perform(sold.ID, pay.Dispute)
	s.perform(sold.ID, pay.Win)
	refund, err := s.api.Refunds.New(&stripe.RefundParams{PaymentIntent: &sold.PaymentIntent.ID, Amount: stripe.Int64(1)})
	if err != nil {
		s.t.Fatal(err)
	}
	won := s.dispute()
	s.perform(s.sold().ID, pay.Dispute)
	return ids{
		session: sold.ID, open: s.create().ID, intent: sold.PaymentIntent.ID, charge: sold.PaymentIntent.LatestCharge.ID,
		refund: refund.ID, dispute: won, disputed: s.dispute(), customer: sold.Customer.ID,
		coupon: code.Coupon.ID, promotion: code.ID, invoice: sold.Invoice.ID, event: s.events(nil)[0].ID,
	}
}

// dispute returns the newest one.
func (s *shop) dispute() string {
	s.t.Helper()

	all := s.api.Disputes.List(nil)
	if !all.Next() {
		s.t.Fatal(all.Err())
	}
	return all.Dispute().ID
}

// asked names the calls by what they answer with.
func asked[T any](calls *[]exchange, name string, do func(*stripeapi.API) (T, error), answer func(T) *stripe.APIResponse) {
	*calls = append(*calls, exchange{name, func(api *stripeapi.API) (*stripe.APIResponse, error) {
		got, err := do(api)
		if err != nil {
			return nil, err
		}
		return answer(got), nil
	}})
}

func exchanges(id ids) []exchange {
	var all []exchange
	session := func(s *stripe.CheckoutSession) *stripe.APIResponse { return s.LastResponse }
	intent := func(p *stripe.PaymentIntent) *stripe.APIResponse { return p.LastResponse }
	charge := func(c *stripe.Charge) *stripe.APIResponse { return c.LastResponse }
	refund := func(r *stripe.Refund) *stripe.APIResponse { return r.LastResponse }
	dispute := func(d *stripe.Dispute) *stripe.APIResponse { return d.LastResponse }
	customer := func(c *stripe.Customer) *stripe.APIResponse { return c.LastResponse }
	coupon := func(c *stripe.Coupon) *stripe.APIResponse { return c.LastResponse }
	promotion := func(p *stripe.PromotionCode) *stripe.APIResponse { return p.LastResponse }
	invoice := func(i *stripe.Invoice) *stripe.APIResponse { return i.LastResponse }
	event := func(e *stripe.Event) *stripe.APIResponse { return e.LastResponse }

	asked(&all, "create session", func(a *stripeapi.API) (*stripe.CheckoutSession, error) { return a.CheckoutSessions.New(order()) }, session)
	asked(&all, "create session with all there is", func(a *stripeapi.API) (*stripe.CheckoutSession, error) {
		return a.CheckoutSessions.New(order(func(p *stripe.CheckoutSessionParams) {
			p.CustomerEmail, p.Customer = nil, &id.customer
			p.Discounts = []*stripe.CheckoutSessionDiscountParams{{PromotionCode: &id.promotion}}
			p.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
			p.InvoiceCreation = &stripe.CheckoutSessionInvoiceCreationParams{Enabled: stripe.Bool(true)}
		}))
	}, session)
	asked(&all, "create session as the shop does", func(a *stripeapi.API) (*stripe.CheckoutSession, error) {
		return a.CheckoutSessions.New(order(func(p *stripe.CheckoutSessionParams) {
			p.ExpiresAt = stripe.Int64(time.Now().Add(time.Hour).Unix())
			p.AllowPromotionCodes = stripe.Bool(true)
			p.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
			p.BillingAddressCollection = stripe.String("required")
		}))
	}, session)
	asked(&all, "create session without mode", func(a *stripeapi.API) (*stripe.CheckoutSession, error) {
		return a.CheckoutSessions.New(order(func(p *stripe.CheckoutSessionParams) { p.Mode = stripe.String("gift") }))
	}, session)
	asked(&all, "session", func(a *stripeapi.API) (*stripe.CheckoutSession, error) {
		return a.CheckoutSessions.Get(id.session, nil)
	}, session)
	asked(&all, "session with its payment", func(a *stripeapi.API) (*stripe.CheckoutSession, error) {
		p := &stripe.CheckoutSessionParams{}
		p.AddExpand("payment_intent.latest_charge")
		return a.CheckoutSessions.Get(id.session, p)
	}, session)
	asked(&all, "expire", func(a *stripeapi.API) (*stripe.CheckoutSession, error) {
		return a.CheckoutSessions.Expire(id.open, nil)
	}, session)
	asked(&all, "payment intent", func(a *stripeapi.API) (*stripe.PaymentIntent, error) { return a.PaymentIntents.Get(id.intent, nil) }, intent)
	asked(&all, "charge", func(a *stripeapi.API) (*stripe.Charge, error) { return a.Charges.Get(id.charge, nil) }, charge)
	asked(&all, "create refund", func(a *stripeapi.API) (*stripe.Refund, error) {
		return a.Refunds.New(&stripe.RefundParams{Charge: &id.charge, Amount: stripe.Int64(5), Reason: stripe.String("requested_by_customer")})
	}, refund)
	asked(&all, "create refund with its charge", func(a *stripeapi.API) (*stripe.Refund, error) {
		p := &stripe.RefundParams{PaymentIntent: &id.intent, Amount: stripe.Int64(5), Reason: stripe.String("duplicate")}
		p.AddExpand("charge")
		return a.Refunds.New(p)
	}, refund)
	asked(&all, "refund for no reason there is", func(a *stripeapi.API) (*stripe.Refund, error) {
		return a.Refunds.New(&stripe.RefundParams{Charge: &id.charge, Reason: stripe.String("rain")})
	}, refund)
	asked(&all, "refund", func(a *stripeapi.API) (*stripe.Refund, error) { return a.Refunds.Get(id.refund, nil) }, refund)
	asked(&all, "dispute", func(a *stripeapi.API) (*stripe.Dispute, error) { return a.Disputes.Get(id.dispute, nil) }, dispute)
	asked(&all, "close dispute", func(a *stripeapi.API) (*stripe.Dispute, error) { return a.Disputes.Close(id.disputed, nil) }, dispute)
	asked(&all, "customer", func(a *stripeapi.API) (*stripe.Customer, error) { return a.Customers.Get(id.customer, nil) }, customer)
	asked(&all, "create customer", func(a *stripeapi.API) (*stripe.Customer, error) {
		return a.Customers.New(&stripe.CustomerParams{Email: stripe.String("ben@example.com"), Name: stripe.String("Ben")})
	}, customer)
	asked(&all, "update customer", func(a *stripeapi.API) (*stripe.Customer, error) {
		return a.Customers.Update(id.customer, &stripe.CustomerParams{Name: stripe.String("Ana"), Metadata: map[string]string{"school": "north"}})
	}, customer)
	asked(&all, "coupon", func(a *stripeapi.API) (*stripe.Coupon, error) { return a.Coupons.Get(id.coupon, nil) }, coupon)
	asked(&all, "create coupon", func(a *stripeapi.API) (*stripe.Coupon, error) {
		return a.Coupons.New(&stripe.CouponParams{AmountOff: stripe.Int64(500), Currency: stripe.String("usd"), Duration: stripe.String("once")})
	}, coupon)
	asked(&all, "promotion code", func(a *stripeapi.API) (*stripe.PromotionCode, error) { return a.PromotionCodes.Get(id.promotion, nil) }, promotion)
	asked(&all, "create promotion code", func(a *stripeapi.API) (*stripe.PromotionCode, error) {
		return a.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &id.coupon, Code: stripe.String("SUMMER")})
	}, promotion)
	asked(&all, "update promotion code", func(a *stripeapi.API) (*stripe.PromotionCode, error) {
		return a.PromotionCodes.Update(id.promotion, &stripe.PromotionCodeParams{Active: stripe.Bool(false)})
	}, promotion)
	asked(&all, "invoice", func(a *stripeapi.API) (*stripe.Invoice, error) { return a.Invoices.Get(id.invoice, nil) }, invoice)
	asked(&all, "event", func(a *stripeapi.API) (*stripe.Event, error) { return a.Events.Get(id.event, nil) }, event)
	asked(&all, "delete customer", func(a *stripeapi.API) (*stripe.Customer, error) { return a.Customers.Del(id.customer, nil) }, customer)
	asked(&all, "delete coupon", func(a *stripeapi.API) (*stripe.Coupon, error) { return a.Coupons.Del(id.coupon, nil) }, coupon)
	return slices.Concat(all, lists(id), listsOfMoney(id))
}

// lists are the calls for many, each with the parameters it takes.
func lists(id ids) []exchange {
	var all []exchange
	asked(&all, "events", func(a *stripeapi.API) (*stripe.EventList, error) {
		p := &stripe.EventListParams{DeliverySuccess: stripe.Bool(false), CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: 1}}
		p.Limit, p.Types = stripe.Int64(3), stripe.StringSlice([]string{"charge.refunded"})
		i := a.Events.List(p)
		return i.EventList(), i.Err()
	}, func(l *stripe.EventList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "sessions", func(a *stripeapi.API) (*stripe.CheckoutSessionList, error) {
		i := a.CheckoutSessions.List(&stripe.CheckoutSessionListParams{PaymentIntent: &id.intent})
		return i.CheckoutSessionList(), i.Err()
	}, func(l *stripe.CheckoutSessionList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "refunds", func(a *stripeapi.API) (*stripe.RefundList, error) {
		i := a.Refunds.List(&stripe.RefundListParams{Charge: &id.charge})
		return i.RefundList(), i.Err()
	}, func(l *stripe.RefundList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "promotion codes", func(a *stripeapi.API) (*stripe.PromotionCodeList, error) {
		i := a.PromotionCodes.List(&stripe.PromotionCodeListParams{Code: stripe.String("SPRING")})
		return i.PromotionCodeList(), i.Err()
	}, func(l *stripe.PromotionCodeList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "disputes", func(a *stripeapi.API) (*stripe.DisputeList, error) {
		i := a.Disputes.List(&stripe.DisputeListParams{Charge: &id.charge})
		return i.DisputeList(), i.Err()
	}, func(l *stripe.DisputeList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "customers", func(a *stripeapi.API) (*stripe.CustomerList, error) {
		i := a.Customers.List(&stripe.CustomerListParams{Email: stripe.String("ben@example.com")})
		return i.CustomerList(), i.Err()
	}, func(l *stripe.CustomerList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "coupons", func(a *stripeapi.API) (*stripe.CouponList, error) {
		i := a.Coupons.List(nil)
		return i.CouponList(), i.Err()
	}, func(l *stripe.CouponList) *stripe.APIResponse { return l.LastResponse })
	return all
}

// listsOfMoney are those of what was sold and paid.
func listsOfMoney(id ids) []exchange {
	var all []exchange
	asked(&all, "line items", func(a *stripeapi.API) (*stripe.LineItemList, error) {
		i := a.CheckoutSessions.ListLineItems(&stripe.CheckoutSessionListLineItemsParams{Session: &id.session})
		return i.LineItemList(), i.Err()
	}, func(l *stripe.LineItemList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "payment intents", func(a *stripeapi.API) (*stripe.PaymentIntentList, error) {
		i := a.PaymentIntents.List(nil)
		return i.PaymentIntentList(), i.Err()
	}, func(l *stripe.PaymentIntentList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "charges", func(a *stripeapi.API) (*stripe.ChargeList, error) {
		i := a.Charges.List(&stripe.ChargeListParams{PaymentIntent: &id.intent})
		return i.ChargeList(), i.Err()
	}, func(l *stripe.ChargeList) *stripe.APIResponse { return l.LastResponse })
	asked(&all, "invoices", func(a *stripeapi.API) (*stripe.InvoiceList, error) {
		i := a.Invoices.List(nil)
		return i.InvoiceList(), i.Err()
	}, func(l *stripe.InvoiceList) *stripe.APIResponse { return l.LastResponse })
	return all
}
