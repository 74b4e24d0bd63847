package pay

import "fmt"

// Promote makes a promotion code that takes percent off, for people to try. A
// code that can be used already stays as it is.
func (s *Stripe) Promote(code string, percent float64) error {
	return s.do(func(b *book) error {
		if b.coded(code) != nil {
			return nil
		}
		c := &coupon{ID: "LOCAL-" + code, Created: b.now.Unix(), Percent: percent, Metadata: map[string]string{}}
		if _, ok := b.Coupons.get(c.ID); !ok {
			b.Coupons.add(c)
		}
		if err := b.publish(&promotion{Code: code, Metadata: map[string]string{}}, c.ID); err != nil {
			return fmt.Errorf("promotion code %s: %w", code, err)
		}
		return nil
	})
}

// codeRow is a promotion code that a buyer can use.
type codeRow struct{ Code, Off string }

func (b *book) codeRows() []codeRow {
	var rows []codeRow
	for _, p := range b.Promotions.newest(rowsShown) {
		c, ok := b.Coupons.get(p.Coupon)
		if !ok || !b.usable(p) {
			continue
		}
		off := money(c.Amount, c.Currency)
		if c.Percent > 0 {
			off = fmt.Sprintf("%g %%", c.Percent)
		}
		rows = append(rows, codeRow{p.Code, off})
	}
	return rows
}
