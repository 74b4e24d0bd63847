package pay

import (
	"math"
	"strings"
)

// coupon is a rebate; a promotion code is what a buyer types to get it.
type coupon struct {
	ID       string            `json:"id"`
	Created  int64             `json:"created"`
	Name     string            `json:"name,omitempty"`
	Percent  float64           `json:"percent,omitempty"` // this, or Amount
	Amount   int64             `json:"amount,omitempty"`
	Currency string            `json:"currency,omitempty"` // of Amount
	Max      int64             `json:"max,omitempty"`      // redemptions; 0 is any number
	RedeemBy int64             `json:"redeem_by,omitempty"`
	Redeemed int64             `json:"redeemed"`
	Deleted  bool              `json:"deleted,omitempty"`
	Metadata map[string]string `json:"metadata"`
}

func (*coupon) kind() string  { return "coupon" }
func (c *coupon) key() string { return c.ID }
func (c *coupon) born() int64 { return c.Created }

func (c *coupon) object(b *book, _ expansion) object {
	return object{
		"id": c.ID, "object": "coupon", "livemode": false, "created": c.Created,
		"name": orNull(c.Name), "percent_off": orZeroNull(c.Percent), "amount_off": orZeroNull(c.Amount),
		"currency": orNull(c.Currency), "duration": "once", "duration_in_months": nil,
		"max_redemptions": orZeroNull(c.Max), "redeem_by": orZeroNull(c.RedeemBy),
		"times_redeemed": c.Redeemed, "valid": c.valid(b.now.Unix()), "metadata": c.Metadata,
	}
}

func (c *coupon) valid(now int64) bool {
	return !c.Deleted && (c.Max == 0 || c.Redeemed < c.Max) && (c.RedeemBy == 0 || now < c.RedeemBy)
}

// off is what a coupon takes off an amount.
func (c *coupon) off(amount int64) int64 {
	if c.Percent > 0 {
		return int64(math.Round(float64(amount) * c.Percent / 100))
	}
	return min(c.Amount, amount)
}

func (b *book) coupon(id, param string) (*coupon, error) {
	c, err := b.Coupons.find(id, param)
	if err == nil && c.Deleted {
		err = noSuch(c.kind(), id, param)
	}
	return c, err
}

func createCoupon(c *call) (effect, error) {
	f := c.form
	made := &coupon{
		ID: f.text("id"), Name: f.text("name"), Percent: f.percent("percent_off"),
		Amount:   f.integer("amount_off", 1, amountMax, 0),
		Currency: strings.ToLower(f.text("currency")),
		Max:      f.integer("max_redemptions", 1, math.MaxInt32, 0),
		RedeemBy: f.integer("redeem_by", c.now.Unix(), math.MaxInt64, 0),
		Metadata: f.metadata("metadata"),
	}
	f.choice("duration", "once", "forever") // the same for what is paid once
	switch {
	case (made.Percent > 0) == (made.Amount > 0):
		f.refuse(invalid("", "percent_off", "Must provide exactly one of percent_off or amount_off."))
	case (made.Amount > 0) != isCurrency(made.Currency):
		f.refuse(invalid("", "currency", "You must pass currency when passing amount_off, and only then."))
	}
	return making(c, f.expand("coupon"), func(b *book) (*coupon, error) {
		if made.ID == "" {
			made.ID = newID("", 8)
		}
		if _, taken := b.Coupons.get(made.ID); taken {
			return nil, invalid("resource_already_exists", "id", "Coupon already exists.")
		}
		made.Created = b.now.Unix()
		b.Coupons.add(made)
		b.changed = true
		return made, nil
	})
}

func showCoupon(c *call) (effect, error) {
	return making(c, c.form.expand("coupon"), func(b *book) (*coupon, error) { return b.coupon(c.object, "coupon") })
}

func deleteCoupon(c *call) (effect, error) {
	return func(b *book) (object, error) {
		known, err := b.coupon(c.object, "coupon")
		if err != nil {
			return nil, err
		}
		known.Deleted, b.changed = true, true
		return object{"id": known.ID, "object": "coupon", "deleted": true}, nil
	}, c.form.finish()
}

func narrowCoupons(*form) func(*book, *coupon) bool {
	return func(_ *book, c *coupon) bool { return !c.Deleted }
}
