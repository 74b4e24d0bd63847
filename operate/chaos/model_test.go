package chaos_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pilothandbook/operate/chaos"
)

func payment(change ...func(*chaos.Payment)) chaos.Payment {
	p := chaos.Payment{ID: "pi_1", Buyer: "ana", Module: "instrument", Amount: 9900, State: chaos.Paid}
	for _, c := range change {
		c(&p)
	}
	return p
}

func disputed(outcomes ...chaos.Outcome) func(*chaos.Payment) {
	return func(p *chaos.Payment) {
		for _, o := range outcomes {
			p.Disputes = append(p.Disputes, chaos.Dispute{Amount: p.Amount - p.Refunded, Outcome: o})
		}
	}
}

func refunded(amount int64) func(*chaos.Payment) {
	return func(p *chaos.Payment) { p.Refunded = amount }
}

func in(s chaos.State) func(*chaos.Payment) { return func(p *chaos.Payment) { p.State = s } }

func TestExpect(t *testing.T) {
	t.Parallel()

	const open, told = true, true
	for _, tc := range []struct {
		name       string
		payment    chaos.Payment
		status     string
		open, told bool
		line       chaos.Line
	}{
		{"paid", payment(), "completed", open, told, chaos.Line{Sale: 9900}},
		{"under way", payment(in(chaos.Underway)), "pending", false, false, chaos.Line{}},
		{"failed", payment(in(chaos.Failed)), "", false, false, chaos.Line{}},
		{"partly refunded", payment(refunded(100)), "completed", open, told, chaos.Line{Sale: 9900, Refund: 100}},
		{"refunded", payment(refunded(9900)), "refunded", false, false, chaos.Line{Sale: 9900, Refund: 9900}},
		{"disputed", payment(disputed(chaos.Open)), "completed", false, told, chaos.Line{Sale: 9900}},
		{"won", payment(disputed(chaos.Won)), "completed", open, told, chaos.Line{Sale: 9900}},
		{"lost", payment(disputed(chaos.Lost)), "refunded", false, false, chaos.Line{Sale: 9900, Dispute: 9900}},
		{"partly refunded, then lost", payment(refunded(100), disputed(chaos.Lost)), "refunded", false, false, chaos.Line{Sale: 9900, Refund: 100, Dispute: 9800}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			want := chaos.NewBooks()
			if tc.status != "" {
				want.Purchases["pi_1"] = chaos.Purchase{Buyer: "ana", Module: "instrument", Amount: 9900, Status: tc.status}
			}
			if tc.open {
				want.Grants[chaos.Grant{Buyer: "ana", Module: "instrument", Payment: "pi_1"}] = 1
			}
			if tc.told {
				want.Told["pi_1"] = 1
			}
			if tc.line.Sale > 0 {
				want.Ledger["pi_1"] = tc.line
			}
			if diff := cmp.Diff(want, chaos.Expect([]chaos.Payment{tc.payment}, nil)); diff != "" {
				t.Error(diff)
			}
			gone := chaos.NewBooks()
			gone.Ledger = want.Ledger
			if diff := cmp.Diff(gone, chaos.Expect([]chaos.Payment{tc.payment}, map[string]bool{"ana": true})); diff != "" {
				t.Errorf("of a deleted account: %s", diff)
			}
		})
	}
}

// A gift opens its module to whoever has redeemed it, and outlives its giver.
func TestExpectGift(t *testing.T) {
	t.Parallel()

	gift := func(change ...func(*chaos.Payment)) []chaos.Payment {
		p := payment(change...)
		p.Gift = true
		return []chaos.Payment{p}
	}
	bob := func(p *chaos.Payment) { p.Redeemer = "bob" }
	late := func(p *chaos.Payment) { p.Late = true }
	for _, tc := range []struct {
		name    string
		gift    []chaos.Payment
		deleted string
		code    *chaos.Code
		open    bool
	}{
		{"given to nobody", gift(), "", &chaos.Code{}, false},
		{"redeemed", gift(bob), "", &chaos.Code{Redeemed: true}, true},
		{"redeemed, the giver is gone", gift(bob), "ana", &chaos.Code{Redeemed: true}, true},
		{"redeemed, its reader is gone", gift(bob), "bob", &chaos.Code{Redeemed: true}, false},
		{"refunded", gift(refunded(9900)), "", &chaos.Code{Voided: true}, false},
		{"redeemed and refunded", gift(bob, refunded(9900)), "", &chaos.Code{Redeemed: true, Voided: true}, false},
		{"redeemed and disputed", gift(bob, disputed(chaos.Open)), "", &chaos.Code{Redeemed: true, Voided: true}, false},
		{"redeemed and won", gift(bob, disputed(chaos.Won)), "", &chaos.Code{Redeemed: true}, true},
		{"under way", gift(in(chaos.Underway)), "", nil, false},
		{"paid when the giver was gone", gift(late), "ana", nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b := chaos.Expect(tc.gift, map[string]bool{tc.deleted: true})
			codes, grants := map[string]chaos.Code{}, map[chaos.Grant]int{}
			if tc.code != nil {
				codes["pi_1"] = *tc.code
			}
			if tc.open {
				grants[chaos.Grant{Buyer: "bob", Module: "instrument", Payment: "pi_1"}] = 1
			}
			if diff := cmp.Diff(codes, b.Codes) + cmp.Diff(grants, b.Grants); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()

	want := func() chaos.Books { return chaos.Expect([]chaos.Payment{payment()}, nil) }
	if d := chaos.Differences(want(), want()); len(d) > 0 {
		t.Errorf("equal books differ: %q", d)
	}
	grant := chaos.Grant{Buyer: "ana", Module: "instrument", Payment: "pi_1"}
	for name, spoil := range map[string]func(chaos.Books){
		"no purchase":     func(b chaos.Books) { delete(b.Purchases, "pi_1") },
		"another status":  func(b chaos.Books) { b.Purchases["pi_1"] = chaos.Purchase{Buyer: "ana", Status: "pending"} },
		"another's":       func(b chaos.Books) { b.Purchases["pi_2"] = b.Purchases["pi_1"] },
		"no grant":        func(b chaos.Books) { delete(b.Grants, grant) },
		"two grants":      func(b chaos.Books) { b.Grants[grant] = 2 },
		"a stranger's":    func(b chaos.Books) { b.Grants[chaos.Grant{Buyer: "bob"}] = 1 },
		"no line":         func(b chaos.Books) { delete(b.Ledger, "pi_1") },
		"another amount":  func(b chaos.Books) { b.Ledger["pi_1"] = chaos.Line{Sale: 1} },
		"not told":        func(b chaos.Books) { delete(b.Told, "pi_1") },
		"told twice":      func(b chaos.Books) { b.Told["pi_1"] = 2 },
		"a code of none":  func(b chaos.Books) { b.Codes["pi_1"] = chaos.Code{} },
		"told of no sale": func(b chaos.Books) { b.Told["pi_2"] = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := want()
			spoil(got)
			if d := chaos.Differences(want(), got); len(d) != 1 {
				t.Errorf("got %q, want one difference", d)
			}
		})
	}
}

func TestInjustices(t *testing.T) {
	t.Parallel()

	second := func(change ...func(*chaos.Payment)) chaos.Payment {
		p := payment(change...)
		p.ID = "pi_2"
		return p
	}
	whole := func(amount int64) func(*chaos.Payment) {
		return func(p *chaos.Payment) { p.Module, p.Amount = chaos.Whole, amount }
	}
	back := func(reason string) func(*chaos.Payment) {
		return func(p *chaos.Payment) { p.Reason, p.Refunded = reason, p.Amount }
	}
	late := func(p *chaos.Payment) { p.Late = true }
	gift := func(redeemer string) func(*chaos.Payment) {
		return func(p *chaos.Payment) { p.Gift, p.Redeemer = true, redeemer }
	}
	ana := map[string]bool{"ana": true}
	for _, tc := range []struct {
		name     string
		payments []chaos.Payment
		deleted  map[string]bool
		want     int
	}{
		{"one", []chaos.Payment{payment()}, nil, 0},
		{"the same twice", []chaos.Payment{payment(), second()}, nil, 2},
		{"the same twice, one given back", []chaos.Payment{payment(), second(back(chaos.Duplicate))}, nil, 0},
		{"both given back", []chaos.Payment{payment(back(chaos.Duplicate)), second(back(chaos.Duplicate))}, nil, 2},
		{"the kept one refunded later", []chaos.Payment{payment(refunded(9900)), second(back(chaos.Duplicate))}, nil, 0},
		{"the only one given back", []chaos.Payment{payment(back(chaos.Duplicate)), second(in(chaos.Failed))}, nil, 1},
		{"a part, and the whole", []chaos.Payment{payment(), second(whole(14900))}, nil, 1},
		{"a part, and what was left", []chaos.Payment{payment(), second(whole(5000))}, nil, 0},
		{"the whole given back for a part", []chaos.Payment{payment(), second(whole(14900), back(chaos.Duplicate))}, nil, 1},
		{"another one is disputed", []chaos.Payment{payment(), second(disputed(chaos.Open))}, nil, 0},
		{"given back to nobody who is there", []chaos.Payment{payment(back(chaos.Orphaned))}, nil, 1},
		{"given back to nobody", []chaos.Payment{payment(back(chaos.Orphaned), late)}, ana, 0},
		{"kept from nobody", []chaos.Payment{payment(late)}, ana, 1},
		{"bought before", []chaos.Payment{payment()}, ana, 0},
		{"two gifts", []chaos.Payment{payment(gift("")), second(gift(""))}, nil, 0},
		{"a gift to somebody else, and one's own", []chaos.Payment{payment(gift("bob")), second()}, nil, 0},
		{"a gift redeemed, and paid for", []chaos.Payment{payment(gift("ana")), second()}, nil, 1},
		{"a gift redeemed, and what was paid given back", []chaos.Payment{payment(gift("ana")), second(back(chaos.Duplicate))}, nil, 0},
		{"a gift given back for what was paid", []chaos.Payment{payment(gift("ana"), back(chaos.Duplicate)), second()}, nil, 1},
		{"given back in part", []chaos.Payment{payment(back(chaos.Duplicate), refunded(1)), second(refunded(9900))}, nil, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			if got := chaos.Injustices(tc.payments, tc.deleted); len(got) != tc.want {
				t.Errorf("got %q, want %d", got, tc.want)
			}
		})
	}
}
