package purchase_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
)

const paid = stripe.CheckoutSessionPaymentStatusPaid

// totals has Stripe tell what was paid, with discount and tax.
func totals(total, discount, tax int64) func(*stripe.CheckoutSession) {
	return func(c *stripe.CheckoutSession) {
		c.AmountTotal, c.TotalDetails = total, &stripe.CheckoutSessionTotalDetails{AmountDiscount: discount, AmountTax: tax}
	}
}

// TestTampering changes one thing of a paid session at a time.
func TestTampering(t *testing.T) {
	t.Parallel()

	p := open(t)
	for _, tc := range []struct {
		name   string
		change func(*stripe.CheckoutSession)
		state  string
		reason string
	}{
		{"lower price", func(c *stripe.CheckoutSession) { c.AmountSubtotal, c.AmountTotal = 100, 100 }, purchase.Quarantined, "subtotal is 100, ours is 14900"},
		{"higher price", func(c *stripe.CheckoutSession) { c.AmountSubtotal = 14901 }, purchase.Quarantined, "subtotal"},
		{"other currency", func(c *stripe.CheckoutSession) { c.Currency = "jpy" }, purchase.Quarantined, "currency is jpy"},
		{"live money in a test", func(c *stripe.CheckoutSession) { c.Livemode = true }, purchase.Quarantined, "livemode"},
		{"other module", func(c *stripe.CheckoutSession) { c.Metadata["module"] = "instrument" }, purchase.Quarantined, "module is instrument"},
		{"other buyer", func(c *stripe.CheckoutSession) { c.ClientReferenceID = uuid.NewString() }, purchase.Quarantined, "buyer"},
		{"no buyer", func(c *stripe.CheckoutSession) { c.ClientReferenceID = "" }, purchase.Quarantined, "buyer"},
		{"a checkout we do not have", func(c *stripe.CheckoutSession) { c.Metadata["checkout"] = uuid.NewString() }, purchase.Quarantined, "no checkout"},
		{"a checkout that is none", func(c *stripe.CheckoutSession) { c.Metadata["checkout"] = "'; DROP" }, purchase.Quarantined, "no checkout"},
		{"unknown payment status", func(c *stripe.CheckoutSession) { c.PaymentStatus = "partly" }, purchase.Quarantined, "payment status"},
		{"absurd total", func(c *stripe.CheckoutSession) { c.AmountTotal = 1 << 40 }, purchase.Quarantined, "amount"},
		{"negative total", func(c *stripe.CheckoutSession) { c.AmountTotal = -1 }, purchase.Quarantined, "amount"},
		{"somebody else's product", func(c *stripe.CheckoutSession) { c.Metadata = map[string]string{"sku": "mug"} }, purchase.Ignored, "not sold here"},
		{"another handbook's", func(c *stripe.CheckoutSession) {
			c.Metadata = purchase.Marks(uuid.New(), "bundle", "staging.example")
		}, purchase.Ignored, "sold at staging.example, not here"},
		{"of this handbook before it moved", func(c *stripe.CheckoutSession) { c.Metadata["site"] = "old.example" }, purchase.Settled, ""},
		{"other address", func(c *stripe.CheckoutSession) { c.CustomerEmail = "someone@else.example" }, purchase.Settled, ""},
		{"with a discount", func(c *stripe.CheckoutSession) { c.AmountTotal = 7450 }, purchase.Settled, ""},
		{"with a discount that is told", totals(7450, 7450, 0), purchase.Settled, ""},
		{"with tax on top", totals(16390, 0, 1490), purchase.Settled, ""},
		{"with tax in the price", totals(14900, 0, 1355), purchase.Settled, ""},
		{"with a discount, and tax on top", totals(8195, 7450, 745), purchase.Settled, ""},
		{"with a discount, and tax in the price", totals(7450, 7450, 677), purchase.Settled, ""},
		{"all of it off", totals(0, 14900, 0), purchase.Settled, ""},
		{"less than price and discount", totals(7449, 7450, 0), purchase.Quarantined, "total is 7449"},
		{"less without a discount", totals(14899, 0, 0), purchase.Quarantined, "total is 14899"},
		{"more than price and tax", totals(16391, 0, 1490), purchase.Quarantined, "total is 16391"},
		{"more than the price without tax", totals(15000, 0, 0), purchase.Quarantined, "total is 15000"},
		{"a discount of more than the price", totals(0, 14901, 0), purchase.Quarantined, "total is 0"},
		{"a negative discount", totals(15000, -100, 0), purchase.Quarantined, "amount -100"},
		{"negative tax", totals(14900, 0, -1), purchase.Quarantined, "amount -1"},
		{"nothing but tax", totals(0, 14900, 100), purchase.Quarantined, "tax of 100"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := sell(t.Context(), p, "bundle", 14900)
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.settle(t.Context(), purchase.FromSession(s.session(paid, tc.change), noon))
			if err != nil || out.State != tc.state || !strings.Contains(out.Reason, tc.reason) {
				t.Errorf("%+v, %v", out, err)
			}
			if opened := s.opens(t) != ""; opened != (tc.state == purchase.Settled) {
				t.Errorf("opens %q", s.opens(t))
			}
			if rows, err := s.rows(t.Context()); tc.state != purchase.Settled && (err != nil || rows != "open -") {
				t.Errorf("it left %q, %v", rows, err)
			}
		})
	}
}

// TestAfterTheSale tells what contradicts a sale that is settled.
func TestAfterTheSale(t *testing.T) {
	t.Parallel()

	p := open(t)
	for _, tc := range []struct {
		name   string
		report func(s *sale) purchase.Report
		state  string
	}{
		{"a second session for one checkout", func(s *sale) purchase.Report {
			return purchase.FromSession(s.session(paid, func(c *stripe.CheckoutSession) { c.ID = "cs_other" }), noon)
		}, purchase.Quarantined},
		{"a second payment for one checkout", func(s *sale) purchase.Report {
			return purchase.FromSession(s.session(paid, func(c *stripe.CheckoutSession) { c.PaymentIntent.ID = "pi_other" }), noon)
		}, purchase.Quarantined},
		{"a refund of another payment", func(s *sale) purchase.Report {
			return purchase.FromCharge(s.charge(14900, func(c *stripe.Charge) { c.PaymentIntent.ID = "pi_other" }), noon)
		}, purchase.Quarantined},
		{"a refund of somebody else's product", func(s *sale) purchase.Report {
			return purchase.FromCharge(s.charge(14900, func(c *stripe.Charge) { c.Metadata = nil }), noon)
		}, purchase.Ignored},
		{"a charge without a payment intent", func(s *sale) purchase.Report {
			return purchase.FromCharge(s.charge(14900, func(c *stripe.Charge) { c.PaymentIntent = nil }), noon)
		}, purchase.Ignored},
		{"a charge that says refunded, but not how much", func(s *sale) purchase.Report {
			return purchase.FromCharge(s.charge(900, func(c *stripe.Charge) { c.Refunded = true }), noon)
		}, purchase.Settled},
		{"a charge of which nothing was given back", func(s *sale) purchase.Report {
			return purchase.FromCharge(s.charge(0), noon)
		}, purchase.Settled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := sell(t.Context(), p, "bundle", 14900)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.settle(t.Context(), s.report("paid")); err != nil {
				t.Fatal(err)
			}
			out, err := s.settle(t.Context(), tc.report(s))
			if err != nil || out.State != tc.state || s.opens(t) != "bundle instrument private_commercial" {
				t.Errorf("%+v, %v; opens %q", out, err, s.opens(t))
			}
		})
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()

	p := open(t)
	modules := []string{"private_commercial", "instrument", "bundle"}
	for _, tc := range []struct {
		name, grants, want string
	}{
		{"nothing", "", ""},
		{"one", "instrument", "instrument"},
		{"the bundle", "bundle", "private_commercial instrument bundle"},
		{"all that is in the bundle", "instrument private_commercial", "private_commercial instrument bundle"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ctx, user := t.Context(), uuid.New()
			_, err := p.DB.Exec(ctx, `INSERT INTO users (id, email) VALUES ($1, $2)`, user, user.String()+"@example.com")
			if err != nil {
				t.Fatal(err)
			}
			for key := range strings.FieldsSeq(tc.grants) {
				if _, err := p.DB.Exec(ctx, `INSERT INTO grants (id, user_id, module_key) VALUES ($1, $2, $3)`, uuid.New(), user, key); err != nil {
					t.Fatal(err)
				}
			}
			// Revoked and past grants open nothing.
			_, err = p.DB.Exec(ctx, `
				INSERT INTO grants (id, user_id, module_key, revoked_at, expires_at) VALUES
					(gen_random_uuid(), $1, 'bundle', now(), NULL), (gen_random_uuid(), $1, 'bundle', NULL, now())`, user)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, key := range modules {
				owns, err := purchase.Owns(ctx, p.DB, user, key)
				if err != nil {
					t.Fatal(err)
				}
				if owns {
					got = append(got, key)
				}
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("owns %q, want %q", got, tc.want)
			}
		})
	}
}
