package pay

import (
	"math"
	"strings"
	"time"
)

const (
	amountMax   = 99_999_999 // eight digits, as with Stripe
	quantityMax = 999_999
	linesMax    = 100
	openAtLeast = 30 * time.Minute
	openLess    = 24 * time.Hour
)

// inert are parameters of a session that change nothing that the seller's code
// could see here.
func inert() []string {
	return []string{"locale", "submit_type", "billing_address_collection", "customer_creation"}
}

func createSession(c *call) (effect, error) {
	f := c.form
	f.need("mode")
	f.choice("mode", "payment")
	f.choice("ui_mode", "hosted")
	s := &session{
		Reference:      f.text("client_reference_id"),
		CustomerEmail:  f.text("customer_email"),
		Metadata:       f.metadata("metadata"),
		IntentMetadata: f.metadata("payment_intent_data[metadata]"),
		Description:    f.text("payment_intent_data[description]"),
		SuccessURL:     f.need("success_url"),
		CancelURL:      f.address("cancel_url"),
	}
	f.address("success_url")
	f.words("payment_method_types")
	for _, name := range inert() {
		f.text(name)
	}
	f.checkSession(s)
	f.lines(s)
	f.expiry(s, c.now)
	x := f.expand("checkout.session")
	if err := f.finish(); err != nil {
		return nil, err
	}
	return func(b *book) (object, error) {
		b.open(s)
		return b.sessionObject(s, x), nil
	}, nil
}

func (f *form) checkSession(s *session) {
	if s.CustomerEmail != "" && !isEmail(s.CustomerEmail) {
		f.refuse(invalid("email_invalid", "customer_email", "Invalid email address: %s", s.CustomerEmail))
	}
	if len([]rune(s.Reference)) > 200 {
		f.refuse(invalid("", "client_reference_id", "Invalid string: must be at most 200 characters"))
	}
}

func (f *form) lines(s *session) {
	for i := 0; i < linesMax && f.any(at("line_items", i)); i++ {
		f.line(s, at("line_items", i))
	}
	if len(s.Lines) == 0 {
		f.refuse(invalid("parameter_missing", "line_items", "Missing required param: line_items."))
	}
	if s.total() > amountMax {
		f.refuse(invalid("amount_too_large", "", "The Checkout Session's total amount must be no more than %s.", money(amountMax, s.Currency)))
	}
}

func (f *form) line(s *session, name string) {
	price := name + "[price_data]"
	currency := strings.ToLower(f.need(price + "[currency]"))
	if currency != "" && !isCurrency(currency) {
		f.refuse(invalid("", price+"[currency]", "Invalid currency: %s", currency))
	}
	if len(s.Lines) > 0 && currency != s.Currency {
		f.refuse(invalid("", price+"[currency]", "You cannot combine currencies on a single Checkout Session."))
	}
	s.Currency = currency

	product := price + "[product_data]"
	f.text(product + "[description]")
	f.text(product + "[tax_code]")
	f.words(product + "[images]")
	f.metadata(product + "[metadata]")

	f.need(price + "[unit_amount]")
	f.need(name + "[quantity]")
	s.Lines = append(s.Lines, line{
		Name:     f.need(product + "[name]"),
		Unit:     f.integer(price+"[unit_amount]", 0, amountMax, 0),
		Quantity: f.integer(name+"[quantity]", 1, quantityMax, 0),
	})
}

// isCurrency checks the form only: Stripe's list grows.
func isCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") == ""
}

func (f *form) expiry(s *session, now time.Time) {
	const name = "expires_at"
	if !f.has(name) {
		return // 24 hours then
	}
	s.ExpiresAt = f.integer(name, 0, math.MaxInt64, 0)
	switch {
	case s.ExpiresAt < now.Add(openAtLeast).Unix():
		f.refuse(invalid("", name, "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."))
	case s.ExpiresAt >= now.Add(openLess).Unix():
		f.refuse(invalid("", name, "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."))
	}
}

func showSession(c *call) (effect, error) {
	x := c.form.expand("checkout.session")
	return func(b *book) (object, error) {
		s, err := b.session(c.object, "session")
		if err != nil {
			return nil, err
		}
		return b.sessionObject(s, x), nil
	}, c.form.finish()
}

func expireSession(c *call) (effect, error) {
	x := c.form.expand("checkout.session")
	return func(b *book) (object, error) {
		s, err := b.expire(c.object)
		if err != nil {
			return nil, err
		}
		return b.sessionObject(s, x), nil
	}, c.form.finish()
}

func showPayment(c *call) (effect, error) {
	x := c.form.expand("payment_intent")
	return func(b *book) (object, error) {
		p, err := b.payment(c.object, "intent")
		if err != nil {
			return nil, err
		}
		return p.intentObject(x), nil
	}, c.form.finish()
}

func createRefund(c *call) (effect, error) {
	f := c.form
	id := f.need("payment_intent")
	r := &refund{
		Amount:   f.integer("amount", 1, amountMax, 0),
		Reason:   f.choice("reason", "duplicate", "fraudulent", "requested_by_customer"),
		Metadata: f.metadata("metadata"),
	}
	x := f.expand("refund")
	return func(b *book) (object, error) {
		p, err := b.refund(id, r)
		if err != nil {
			return nil, err
		}
		return p.refundObject(r, x), nil
	}, f.finish()
}

func listEvents(c *call) (effect, error) {
	f := c.form
	p := page{
		limit: int(f.integer("limit", 1, 100, 10)),
		after: f.text("starting_after"), before: f.text("ending_before"),
		types: f.words("types"),
	}
	if p.after != "" && p.before != "" {
		f.refuse(invalid("", "", "You may only specify one of these parameters: ending_before, starting_after."))
	}
	return func(b *book) (object, error) {
		events, more, err := b.list(p)
		if err != nil {
			return nil, err
		}
		items := []object{}
		for _, e := range events {
			items = append(items, e.object())
		}
		return list("/v1/events", more, items), nil
	}, f.finish()
}
