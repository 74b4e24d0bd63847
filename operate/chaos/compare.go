package chaos

import (
	"fmt"
	"maps"
	"slices"
)

// Differences tells in what books are not as they have to be.
func Differences(want, got Books) []string {
	var all []string
	differ(&all, "purchase of payment", want.Purchases, got.Purchases)
	differ(&all, "open grants", want.Grants, got.Grants)
	differ(&all, "ledger of payment", want.Ledger, got.Ledger)
	differ(&all, "code of payment", want.Codes, got.Codes)
	for payment := range want.Told {
		if n := got.Told[payment]; n != 1 {
			all = append(all, fmt.Sprintf("payment %s: confirmed by %d mails, want 1", payment, n))
		}
	}
	for payment, n := range got.Told {
		if want.Told[payment] == 0 && n > 1 {
			all = append(all, fmt.Sprintf("payment %s, which was given back: confirmed by %d mails, want 1 at most", payment, n))
		}
	}
	slices.Sort(all)
	return all
}

func differ[K comparable, V comparable](all *[]string, what string, want, got map[K]V) {
	for k, w := range want {
		if g, ok := got[k]; !ok {
			*all = append(*all, fmt.Sprintf("%s %v: none, want %+v", what, k, w))
		} else if g != w {
			*all = append(*all, fmt.Sprintf("%s %v: %+v, want %+v", what, k, g, w))
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok {
			*all = append(*all, fmt.Sprintf("%s %v: %+v, want none", what, k, g))
		}
	}
}

// Injustices tells which payments the product should have given back and did
// not, and which it should not have.
func Injustices(payments []Payment, deleted map[string]bool) []string {
	var all []string
	of := map[string][]Payment{}
	for _, p := range payments {
		of[p.holder()] = append(of[p.holder()], p)
	}
	for _, holder := range slices.Sorted(maps.Keys(of)) {
		for _, p := range of[holder] {
			if fault := p.injustice(of[holder], deleted[p.Buyer]); fault != "" {
				all = append(all, fmt.Sprintf("payment %s of %s for %s: %s", p.ID, p.Buyer, p.Module, fault))
			}
		}
	}
	return all
}

func (p Payment) injustice(all []Payment, deleted bool) string {
	covered := slices.ContainsFunc(all, func(o Payment) bool { return o.covers(p) && o.Reason != Duplicate })
	doubled := slices.ContainsFunc(all, func(o Payment) bool {
		return o.covers(p) && o.opens() && (o.Module == p.Module || !o.credited(p.Module))
	})
	switch {
	case p.Late && p.State == Paid && p.Refunded < p.Amount:
		return "it came after the account was deleted, and was kept"
	case !deleted && p.opens() && doubled:
		return "it bought what another one holds open, and was kept"
	case p.Reason == Duplicate && !covered:
		return "it was given back as superfluous, but nothing that covers it was kept"
	case p.Reason == Orphaned && !deleted:
		return "it was given back as nobody's, but its buyer is there"
	case p.Reason != "" && p.Refunded < p.Amount:
		return "it was given back by the product, but not all of it"
	}
	return ""
}
