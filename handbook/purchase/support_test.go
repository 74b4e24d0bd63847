package purchase_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"

	"pilothandbook/handbook/purchase"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

// sale is a checkout of somebody, and what Stripe can tell about it.
type sale struct {
	p        *platform.Platform
	user     uuid.UUID
	checkout uuid.UUID
	module   string
	price    int64
}

func open(t testing.TB) *platform.Platform {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	return p
}

// sell writes a checkout of a buyer of its own.
func sell(ctx context.Context, p *platform.Platform, module string, price int64) (*sale, error) {
	s := &sale{p: p, user: uuid.New(), checkout: uuid.New(), module: module, price: price}
	if _, err := p.DB.Exec(ctx, `INSERT INTO users (id, email) VALUES ($1, $2)`, s.user, s.user.String()+"@example.com"); err != nil {
		return nil, err
	}
	return s, s.begin(ctx)
}

func (s *sale) begin(ctx context.Context) error {
	_, err := s.p.DB.Exec(ctx, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at)
		VALUES ($1, $2, $3, $4, 'usd', false, '{}', now() + interval '1 day')`, s.checkout, s.user, s.module, s.price)
	return err
}

func (s *sale) id(prefix string) string { return prefix + "_" + s.checkout.String() }

func (s *sale) session(status stripe.CheckoutSessionPaymentStatus, change ...func(*stripe.CheckoutSession)) *stripe.CheckoutSession {
	c := &stripe.CheckoutSession{
		ID: s.id("cs"), Object: "checkout.session", Status: stripe.CheckoutSessionStatusComplete, PaymentStatus: status,
		AmountSubtotal: s.price, AmountTotal: s.price, Currency: "usd", ClientReferenceID: s.user.String(),
		Metadata: purchase.Marks(s.checkout, s.module, ""), PaymentIntent: &stripe.PaymentIntent{ID: s.id("pi")},
	}
	for _, f := range change {
		f(c)
	}
	return c
}

// free is a session of which nothing was to pay, so that there is no payment
// intent.
func (s *sale) free() *stripe.CheckoutSession {
	return s.session(stripe.CheckoutSessionPaymentStatusNoPaymentRequired, func(c *stripe.CheckoutSession) {
		c.AmountTotal, c.PaymentIntent = 0, nil
	})
}

func (s *sale) charge(back int64, change ...func(*stripe.Charge)) *stripe.Charge {
	c := &stripe.Charge{
		ID: s.id("ch"), Object: "charge", Amount: s.price, AmountRefunded: back, Refunded: back == s.price, Currency: "usd",
		Metadata: purchase.Marks(s.checkout, s.module, ""), PaymentIntent: &stripe.PaymentIntent{ID: s.id("pi")},
	}
	for _, f := range change {
		f(c)
	}
	return c
}

// dispute is what a bank asks, in its own currency.
func (s *sale) dispute(id string, status stripe.DisputeStatus, seconds int) purchase.Report {
	r, err := purchase.FromDispute(&stripe.Dispute{
		ID: id + s.checkout.String(), Object: "dispute", Amount: s.price, Currency: "eur", Status: status,
		PaymentIntent: &stripe.PaymentIntent{ID: s.id("pi")},
	}, at(seconds))
	if err != nil {
		panic(err)
	}
	return r
}

func (s *sale) settle(ctx context.Context, r purchase.Report) (out purchase.Outcome, err error) {
	err = db.Tx(ctx, s.p.DB, func(tx pgx.Tx) error {
		out, err = purchase.Settle(ctx, tx, r)
		return err
	})
	return out, err
}

// rows returns all that the sale has led to, without ids.
func (s *sale) rows(ctx context.Context) (string, error) {
	var rows string
	err := s.p.DB.QueryRow(ctx, `
		SELECT concat_ws(E'\n',
			(SELECT state || ' ' || coalesce(left(stripe_session_id, 3), '-') FROM checkouts WHERE id = $1),
			(SELECT string_agg(concat_ws(' ', 'fact', kind, amount, at AT TIME ZONE 'UTC'), E'\n' ORDER BY kind, amount, at) FROM payment_facts WHERE checkout_id = $1),
			(SELECT string_agg(concat_ws(' ', 'purchase', module_type, amount, currency, status, purchased_at AT TIME ZONE 'UTC'), E'\n') FROM purchases WHERE user_id = $2),
			(SELECT string_agg(concat_ws(' ', 'grant', module_key, created_at AT TIME ZONE 'UTC', coalesce((revoked_at AT TIME ZONE 'UTC')::text, 'open')), E'\n' ORDER BY id) FROM grants WHERE user_id = $2),
			(SELECT string_agg(concat_ws(' ', 'ledger', kind, module_type, amount, currency, at AT TIME ZONE 'UTC'), E'\n' ORDER BY kind DESC) FROM ledger WHERE stripe_payment_id IN ($3, $4)))`,
		s.checkout, s.user, s.id("pi"), s.id("cs")).Scan(&rows)
	return rows, err
}

// told returns how often the buyer is told of a purchase.
func (s *sale) told(ctx context.Context) (n int, err error) {
	err = s.p.DB.QueryRow(ctx, `
		SELECT count(*)
		FROM outbox o
		JOIN purchases p ON p.id::text = o.payload->>'purchase'
		WHERE o.kind = 'purchase-confirmation' AND p.user_id = $1`, s.user).Scan(&n)
	return n, err
}

func (s *sale) opens(t testing.TB) string {
	t.Helper()
	var opens string
	err := s.p.DB.QueryRow(t.Context(), `
		SELECT coalesce(string_agg(DISTINCT o, ' ' ORDER BY o), '')
		FROM grants g, opened_by(g.module_key) o
		WHERE g.user_id = $1 AND g.revoked_at IS NULL`, s.user).Scan(&opens)
	if err != nil {
		t.Fatal(err)
	}
	return opens
}

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// report is one thing that Stripe can tell, by name.
func (s *sale) report(name string) purchase.Report {
	switch name {
	case "unpaid":
		return purchase.FromSession(s.session(stripe.CheckoutSessionPaymentStatusUnpaid), at(1))
	case "paid":
		return purchase.FromSession(s.session(stripe.CheckoutSessionPaymentStatusPaid), at(2))
	case "paid, read later":
		return purchase.FromSession(s.session(stripe.CheckoutSessionPaymentStatusPaid), at(9))
	case "part back":
		return purchase.FromCharge(s.charge(900), at(3))
	case "more back":
		return purchase.FromCharge(s.charge(1900), at(4))
	case "all back":
		return purchase.FromCharge(s.charge(s.price), at(5))
	case "failed":
		return purchase.FromFailure(s.session(stripe.CheckoutSessionPaymentStatusUnpaid), at(6))
	case "disputed":
		return s.dispute("dp_1", stripe.DisputeStatusNeedsResponse, 7)
	case "under review":
		return s.dispute("dp_1", stripe.DisputeStatusUnderReview, 8)
	case "won":
		return s.dispute("dp_1", stripe.DisputeStatusWon, 10)
	case "lost":
		return s.dispute("dp_1", stripe.DisputeStatusLost, 11)
	case "disputed again":
		return s.dispute("dp_2", stripe.DisputeStatusNeedsResponse, 12)
	case "won again":
		return s.dispute("dp_2", stripe.DisputeStatusWon, 13)
	case "withdrawn":
		return purchase.Withdrawal(s.id("pi"), "usd", false, s.user, at(16))
	case "free":
		return purchase.FromSession(s.free(), at(2))
	case "free, read later":
		return purchase.FromSession(s.free(), at(9))
	case "free, withdrawn":
		return purchase.Withdrawal(s.id("cs"), "usd", false, s.user, at(17))
	case "free, withdrawn by another":
		return purchase.Withdrawal(s.id("cs"), "usd", false, uuid.Max, at(18))
	case "inquiry":
		return s.dispute("dp_3", stripe.DisputeStatusWarningNeedsResponse, 14)
	case "inquiry closed":
		return s.dispute("dp_3", stripe.DisputeStatusWarningClosed, 15)
	}
	panic(fmt.Sprintf("there is no report %q", name))
}
