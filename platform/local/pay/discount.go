package pay

// discount is a coupon taken for a session. The coupon's terms are those of
// the moment it was taken.
type discount struct {
	ID        string `json:"id"`
	Coupon    string `json:"coupon"`
	Promotion string `json:"promotion,omitempty"`
	Amount    int64  `json:"amount"`
	At        int64  `json:"at"`
}

func (d *discount) object(b *book, s *session) object {
	c, _ := b.Coupons.get(d.Coupon)
	return object{
		"id": d.ID, "object": "discount", "checkout_session": s.ID, "coupon": c.object(b, nil),
		"customer": orNull(s.Customer), "promotion_code": orNull(d.Promotion), "start": d.At, "end": nil,
		"invoice": nil, "invoice_item": nil, "subscription": nil,
	}
}

// wish is the discount that a seller asks for when making a session.
type wish struct{ coupon, promotion string }

func (f *form) discounts(s *session) wish {
	const name = "discounts[0]"
	s.AllowCodes = f.yes("allow_promotion_codes")
	w := wish{f.text(name + "[coupon]"), f.text(name + "[promotion_code]")}
	if w != (wish{}) && f.has("allow_promotion_codes") {
		f.refuse(invalid("", "", "You may only specify one of these parameters: allow_promotion_codes, discounts."))
	}
	if w.coupon != "" && w.promotion != "" {
		f.refuse(invalid("", "discounts", "You may only specify one of these parameters: coupon, promotion_code."))
	}
	return w
}

// grant takes a coupon off a session, by itself or by a promotion code.
func (b *book) grant(s *session, w wish) error {
	switch {
	case w.promotion != "":
		p, err := b.Promotions.find(w.promotion, "discounts[0][promotion_code]")
		if err != nil {
			return err
		}
		return b.redeemCode(s, p)
	case w.coupon != "":
		c, err := b.coupon(w.coupon, "discounts[0][coupon]")
		if err != nil {
			return err
		}
		return b.take(s, c, "")
	}
	return nil
}

func (b *book) redeemCode(s *session, p *promotion) error {
	switch {
	case !b.usable(p):
		return invalid("promotion_code_inactive", "", "This promotion code is not active or cannot be used any more.")
	case p.Customer != "" && p.Customer != s.Customer:
		return invalid("promotion_code_customer", "", "This promotion code is for another customer.")
	case s.subtotal() < p.Minimum:
		return invalid("promotion_code_minimum", "", "This promotion code is for purchases of at least %s.", money(p.Minimum, p.Currency))
	}
	c, err := b.coupon(p.Coupon, "")
	if err != nil {
		return err
	}
	return b.take(s, c, p.ID)
}

func (b *book) take(s *session, c *coupon, promotion string) error {
	if !c.valid(b.now.Unix()) {
		return invalid("coupon_expired", "", "Coupon expired: %s", c.ID)
	}
	if c.Amount > 0 && c.Currency != s.Currency {
		return invalid("", "", "The coupon is in %s, the Checkout Session in %s.", c.Currency, s.Currency)
	}
	s.Discount = &discount{
		ID: newID("di_1", 23), Coupon: c.ID, Promotion: promotion,
		Amount: c.off(s.subtotal()), At: b.now.Unix(),
	}
	b.changed = true
	return nil
}

// applyCode is what happens when the buyer types a code.
func (b *book) applyCode(id, code string) error {
	s, err := b.Sessions.find(id, "")
	switch {
	case err != nil:
		return err
	case s.Status != statusOpen || !s.AllowCodes:
		return invalid("", "", "This checkout takes no promotion code.")
	}
	p := b.coded(code)
	if p == nil {
		return invalid("", "code", "There is no promotion code %q. Please go back and try another, or pay without one.", code)
	}
	return b.redeemCode(s, p)
}

// redeemed counts the discount of a session that is complete.
func (b *book) redeemed(s *session) {
	if s.Discount == nil {
		return
	}
	if c, ok := b.Coupons.get(s.Discount.Coupon); ok {
		c.Redeemed++
	}
	if p, ok := b.Promotions.get(s.Discount.Promotion); ok {
		p.Redeemed++
	}
}
