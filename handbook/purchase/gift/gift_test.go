package gift_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stripe/stripe-go/v76"
	"pgregory.net/rapid"

	"pilothandbook/handbook/purchase"
	"pilothandbook/handbook/purchase/gift"
	"pilothandbook/platform"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
	"pilothandbook/platform/platformtest"
)

func TestMain(m *testing.M) { platformtest.Main(m) }

const secret = "a secret of the tests, 32 bytes or more"

// given is a gift that was paid for, and what Stripe can tell of it.
type given struct {
	p        *platform.Platform
	giver    uuid.UUID
	checkout uuid.UUID
}

type test interface{ Fatal(args ...any) }

func user(t test, p *platform.Platform) uuid.UUID {
	id := uuid.New()
	exec(t, p, `INSERT INTO users (id, email) VALUES ($1, $2)`, id, id.String()+"@example.com")
	return id
}

func exec(t test, p *platform.Platform, sql string, args ...any) {
	if _, err := p.DB.Exec(ctx(t), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func buy(t test, p *platform.Platform) *given {
	g := &given{p, user(t, p), uuid.New()}
	exec(t, p, `
		INSERT INTO checkouts (id, user_id, module_type, amount, currency, livemode, params, expires_at, gift)
		VALUES ($1, $2, 'instrument', 9900, 'usd', false, '{}', now() + interval '1 day', true)`, g.checkout, g.giver)
	return g
}

func (g *given) settle(t test, what string) purchase.Outcome {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pi, marks := &stripe.PaymentIntent{ID: "pi_" + g.checkout.String()}, purchase.Marks(g.checkout, "instrument", "")
	dispute := func(s stripe.DisputeStatus) purchase.Report {
		r, err := purchase.FromDispute(&stripe.Dispute{ID: "dp_" + g.checkout.String(), Amount: 9900, Currency: "usd", Status: s, PaymentIntent: pi}, at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var r purchase.Report
	switch what {
	case "paid":
		r = purchase.FromSession(&stripe.CheckoutSession{
			ID: "cs_" + g.checkout.String(), Status: "complete", PaymentStatus: "paid", AmountSubtotal: 9900, AmountTotal: 9900, Currency: "usd",
			ClientReferenceID: g.giver.String(), Metadata: marks, PaymentIntent: pi,
		}, at)
	case "refunded":
		r = purchase.FromCharge(&stripe.Charge{ID: "ch_" + g.checkout.String(), Amount: 9900, AmountRefunded: 9900, Refunded: true, Currency: "usd", Metadata: marks, PaymentIntent: pi}, at)
	case "disputed":
		r = dispute(stripe.DisputeStatusNeedsResponse)
	case "won":
		r = dispute(stripe.DisputeStatusWon)
	case "lost":
		r = dispute(stripe.DisputeStatusLost)
	}
	var out purchase.Outcome
	err := db.Tx(ctx(t), g.p.DB, func(tx pgx.Tx) (err error) {
		out, err = purchase.Settle(ctx(t), tx, r)
		return err
	})
	if err != nil || out.State != purchase.Settled {
		t.Fatal(what, out, err)
	}
	return out
}

func (g *given) code(t test) string {
	var mark string
	if err := g.p.DB.QueryRow(ctx(t), `SELECT mark FROM gifts WHERE stripe_payment_id = $1`, "pi_"+g.checkout.String()).Scan(&mark); err != nil {
		t.Fatal(err)
	}
	return gift.Code(secret, mark)
}

func redeem(t test, p *platform.Platform, who uuid.UUID, code string) (module string, err error) {
	err = db.Tx(ctx(t), p.DB, func(tx pgx.Tx) (err error) {
		module, err = gift.Redeem(ctx(t), tx, who, secret, code)
		return err
	})
	return module, err
}

func opens(t test, p *platform.Platform, who uuid.UUID) string {
	var all string
	err := p.DB.QueryRow(ctx(t), `
		SELECT coalesce(string_agg(o, ' '), '')
		FROM grants g, opened_by(g.module_key) o
		WHERE g.user_id = $1 AND revoked_at IS NULL`, who).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func open(t *testing.T) *platform.Platform {
	t.Helper()
	p := platformtest.New(t)
	platformtest.Sell(t, p)
	return p
}

func TestRedeem(t *testing.T) {
	t.Parallel()

	p := open(t)
	g := buy(t, p)
	g.settle(t, "paid")
	if got := opens(t, p, g.giver); got != "" {
		t.Errorf("the giver may read %s", got)
	}
	code := g.code(t)
	owner := user(t, p)
	exec(t, p, `INSERT INTO grants (id, user_id, module_key) VALUES (gen_random_uuid(), $1, 'bundle')`, owner)
	waiting := user(t, p)
	exec(t, p, `INSERT INTO purchases (id, user_id, stripe_payment_id, module_type, amount, status) VALUES (gen_random_uuid(), $1, 'pi_w', 'instrument', 9900, 'pending')`, waiting)
	ben := user(t, p)
	for _, tc := range []struct {
		name, code string
		who        uuid.UUID
		kind       fault.Kind
		says       string
	}{
		{"nothing", "", ben, fault.Invalid, "has 16 letters and digits, and this one has none"},
		{"too short", code[:18], ben, fault.Invalid, "has 16 letters and digits, and this one has 15"},
		{"too long", code + "A", ben, fault.Invalid, "has 16 letters and digits, and this one has 17"},
		{"a sign too much", code + "!", ben, fault.Invalid, "do not know"},
		{"one letter wrong", strings.Map(func(r rune) rune { return map[rune]rune{rune(code[0]): 'Z'}[r] }, code[:1]) + code[1:18] + other(code[18]), ben, fault.Invalid, "do not know"},
		{"a proof of no gift", gift.Code(secret, "AAAAAAAA"), ben, fault.Invalid, "do not know"},
		{"under another secret", gift.Code("another", code[:4]+code[5:9]), ben, fault.Invalid, "do not know"},
		{"signs", "!!!!-????-;;;;-\x00\xff''", ben, fault.Invalid, "this one has none"},
		{"owned already", code, owner, fault.Conflict, "stays unused"},
		{"own payment under way", code, waiting, fault.Conflict, "stays unused"},
		{"as people type", " " + strings.ToLower(strings.ReplaceAll(code, "-", " – ")) + "\u00a0", ben, 0, ""},
		{"a second time", code, ben, fault.Conflict, "redeemed already"},
		{"by another", code, owner, fault.Conflict, "redeemed already"},
	} {
		module, err := redeem(t, p, tc.who, tc.code)
		if tc.says == "" {
			if err != nil || module != "instrument" || opens(t, p, tc.who) != "instrument" {
				t.Errorf("%s: %q, %v, opens %q", tc.name, module, err, opens(t, p, tc.who))
			}
			continue
		}
		if f := fault.Of(err); f.Kind != tc.kind || f.Field != "code" || !strings.Contains(f.Text, tc.says) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	exec(t, p, `DELETE FROM users WHERE id = $1`, g.giver)
	if got := opens(t, p, ben); got != "instrument" {
		t.Errorf("without its giver it opens %q", got)
	}
	exec(t, p, `DELETE FROM users WHERE id = $1`, ben)
	if _, err := redeem(t, p, user(t, p), code); !fault.Is(err, fault.Conflict) {
		t.Errorf("it counts again once its reader is gone: %v", err)
	}
}

func other(letter byte) string {
	if letter == 'A' {
		return "B"
	}
	return "A"
}

// TestPaidAfterwards pays an old page for what a gift has opened meanwhile: the
// payment goes back, as it bought nothing.
func TestPaidAfterwards(t *testing.T) {
	t.Parallel()

	p := open(t)
	g, own := buy(t, p), buy(t, p)
	g.settle(t, "paid")
	exec(t, p, `UPDATE checkouts SET gift = false WHERE id = $1`, own.checkout)
	if _, err := redeem(t, p, own.giver, g.code(t)); err != nil {
		t.Fatal(err)
	}
	exec(t, p, `UPDATE grants SET created_at = '2025-12-31'`) // Stripe tells its own day
	own.settle(t, "paid")
	var back string
	if err := p.DB.QueryRow(t.Context(), `SELECT string_agg(stripe_payment_id || ' ' || reason, ', ') FROM refunds`).Scan(&back); err != nil || back != "pi_"+own.checkout.String()+" duplicate" {
		t.Errorf("given back: %q, %v", back, err)
	}
	own.settle(t, "refunded")
	if got := opens(t, p, own.giver); got != "instrument" {
		t.Errorf("it opens %q", got)
	}
}

// TestOnce redeems one code by many at the same moment.
func TestOnce(t *testing.T) {
	t.Parallel()

	p := open(t)
	for range 5 {
		g := buy(t, p)
		g.settle(t, "paid")
		code := g.code(t)
		var all sync.WaitGroup
		given := make(chan uuid.UUID, 16)
		for range 8 {
			who := user(t, p)
			for range 2 {
				all.Go(func() {
					if _, err := redeem(t, p, who, code); err == nil {
						given <- who
					} else if !fault.Is(err, fault.Conflict) {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		if len(given) != 1 || opens(t, p, <-given) != "instrument" {
			t.Errorf("%d got it", len(given))
		}
	}
}

// TestAnyOrder redeems somewhere in what Stripe tells. What stands at the end
// follows from the set of what it told, and from whether the code was redeemed.
func TestAnyOrder(t *testing.T) {
	t.Parallel()

	p := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		told := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"refunded", "disputed", "won", "lost"}), 0, 3, rapid.ID[string]).Draw(rt, "told")
		story := rapid.Permutation(append(told, "paid", "redeem", "paid")).Draw(rt, "story")
		g := buy(rt, p)
		reader, redeemed, paid := user(rt, p), false, false
		for _, what := range story {
			if what != "redeem" {
				paid = paid || what == "paid"
				out := g.settle(rt, what)
				if redeemed && out.User != reader || !redeemed && out.User != uuid.Nil {
					rt.Fatalf("%v: %s concerns %s", story, what, out.User)
				}
				continue
			}
			if paid {
				_, err := redeem(rt, p, reader, g.code(rt))
				redeemed = err == nil
			}
		}
		has := func(what string) bool { return strings.Contains(strings.Join(told, " "), what) }
		closed := has("refunded") || has("lost") || has("disputed") && !has("won")
		var stands string
		err := p.DB.QueryRow(ctx(rt), `
			SELECT concat_ws(' ', voided_at IS NULL, (SELECT string_agg((revoked_at IS NULL)::text, ' ') FROM grants WHERE gift_id = gifts.id))
			FROM gifts
			WHERE stripe_payment_id = $1`, "pi_"+g.checkout.String()).Scan(&stands)
		want := fmt.Sprintf("%c", "tf"[btoi(closed)])
		if redeemed {
			want += fmt.Sprintf(" %v", !closed)
		}
		if err != nil || stands != want {
			rt.Fatalf("%v: %q, %v, want %q", story, stands, err, want)
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
