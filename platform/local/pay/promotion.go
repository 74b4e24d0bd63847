package pay

import (
	"math"
	"strings"
)

// promotion is a promotion code.
type promotion struct {
	ID       string            `json:"id"`
	Created  int64             `json:"created"`
	Code     string            `json:"code"`
	Coupon   string            `json:"coupon"`
	Customer string            `json:"customer,omitempty"` // the only one who may use it
	Inactive bool              `json:"inactive,omitempty"`
	Max      int64             `json:"max,omitempty"`
	Expires  int64             `json:"expires,omitempty"`
	Minimum  int64             `json:"minimum,omitempty"` // amount in Currency
	Currency string            `json:"currency,omitempty"`
	Redeemed int64             `json:"redeemed"`
	Metadata map[string]string `json:"metadata"`
}

func (*promotion) kind() string  { return "promotion_code" }
func (p *promotion) key() string { return p.ID }
func (p *promotion) born() int64 { return p.Created }

func (p *promotion) object(b *book, x expansion) object {
	c, _ := b.Coupons.get(p.Coupon) // coupons stay, be they deleted
	return object{
		"id": p.ID, "object": "promotion_code", "livemode": false, "created": p.Created,
		"active": b.usable(p), "code": p.Code, "coupon": c.object(b, nil),
		"customer":   x.orID("customer", p.Customer, b.buyer),
		"expires_at": orZeroNull(p.Expires), "max_redemptions": orZeroNull(p.Max),
		"restrictions": object{
			"first_time_transaction": false, "minimum_amount": orZeroNull(p.Minimum),
			"minimum_amount_currency": orNull(p.Currency),
		},
		"times_redeemed": p.Redeemed, "metadata": p.Metadata,
	}
}

func (b *book) usable(p *promotion) bool {
	now := b.now.Unix()
	c, ok := b.Coupons.get(p.Coupon)
	return ok && c.valid(now) && !p.Inactive && (p.Max == 0 || p.Redeemed < p.Max) && (p.Expires == 0 || now < p.Expires)
}

// coded finds the usable promotion code that a buyer means.
func (b *book) coded(code string) *promotion {
	for _, p := range b.Promotions.all {
		if strings.EqualFold(p.Code, code) && b.usable(p) {
			return p
		}
	}
	return nil
}

func createPromotion(c *call) (effect, error) {
	f := c.form
	id := f.need("coupon")
	made := &promotion{
		Code: f.text("code"), Customer: f.text("customer"),
		Inactive: f.choice("active", "true", "false") == "false",
		Max:      f.integer("max_redemptions", 1, math.MaxInt32, 0),
		Expires:  f.integer("expires_at", c.now.Unix(), math.MaxInt64, 0),
		Minimum:  f.integer("restrictions[minimum_amount]", 1, amountMax, 0),
		Currency: strings.ToLower(f.text("restrictions[minimum_amount_currency]")),
		Metadata: f.metadata("metadata"),
	}
	if made.Code == "" {
		made.Code = strings.ToUpper(newID("", 8))
	}
	return making(c, f.expand("promotion_code"), func(b *book) (*promotion, error) {
		return made, b.publish(made, id)
	})
}

func (b *book) publish(p *promotion, coupon string) error {
	if _, err := b.coupon(coupon, "coupon"); err != nil {
		return err
	}
	if p.Customer != "" {
		if _, err := b.customer(p.Customer, "customer"); err != nil {
			return err
		}
	}
	if !p.Inactive && b.coded(p.Code) != nil {
		return invalid("", "code", "An active promotion code with `code: %s` already exists.", p.Code)
	}
	p.ID, p.Created, p.Coupon = newID("promo_1", 23), b.now.Unix(), coupon
	b.Promotions.add(p)
	b.changed = true
	return nil
}

func updatePromotion(c *call) (effect, error) {
	active := c.form.choice("active", "true", "false")
	return making(c, c.form.expand("promotion_code"), func(b *book) (*promotion, error) {
		p, err := b.Promotions.find(c.object, "promotion_code")
		if err != nil {
			return nil, err
		}
		if active != "" {
			p.Inactive, b.changed = active == "false", true
		}
		return p, nil
	})
}

func narrowPromotions(f *form) func(*book, *promotion) bool {
	code, coupon, active := f.text("code"), f.text("coupon"), f.choice("active", "true", "false")
	return func(b *book, p *promotion) bool {
		return (code == "" || strings.EqualFold(p.Code, code)) && (coupon == "" || p.Coupon == coupon) &&
			(active == "" || b.usable(p) == (active == "true"))
	}
}
