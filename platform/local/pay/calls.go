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
	return []string{"locale", "submit_type", "billing_address_collection", "customer_update[address]", "customer_update[name]"}
}

func createSession(c *call) (effect, error) {
	f := c.form
	f.need("mode")
	f.choice("mode", "payment")
	f.choice("ui_mode", "hosted")
	s := &session{
		Reference:      f.text("client_reference_id"),
		CustomerEmail:  f.text("customer_email"),
		Customer:       f.text("customer"),
		MakeCustomer:   f.choice("customer_creation", "always", "if_required") == "always",
		Metadata:       f.metadata("metadata"),
		IntentMetadata: f.metadata("payment_intent_data[metadata]"),
		Description:    f.text("payment_intent_data[description]"),
		ReceiptEmail:   f.text("payment_intent_data[receipt_email]"),
		SuccessURL:     f.need("success_url"),
		CancelURL:      f.address("cancel_url"),
		Methods:        f.words("payment_method_types"),
		Tax:            f.yes("automatic_tax[enabled]"),
		Paper:          f.paper(),
	}
	f.address("success_url")
	for _, name := range inert() {
		f.text(name)
	}
	w := f.discounts(s)
	f.checkSession(s)
	f.lines(s)
	f.expiry(s, c.now)
	return making(c, f.expand("checkout.session"), func(b *book) (*session, error) { return s, b.offer(s, w) })
}

// offer opens a session with the customer, tax and discount it names.
func (b *book) offer(s *session, w wish) error {
	if s.Customer != "" {
		c, err := b.customer(s.Customer, "customer")
		if err != nil {
			return err
		}
		s.Email = c.Email
	}
	if s.Tax {
		s.TaxRate = b.taxRate
	}
	if err := b.grant(s, w); err != nil {
		return err
	}
	b.open(s)
	return nil
}

func (f *form) checkSession(s *session) {
	if s.CustomerEmail != "" && !isEmail(s.CustomerEmail) {
		f.refuse(invalid("email_invalid", "customer_email", "Invalid email address: %s", s.CustomerEmail))
	}
	if len([]rune(s.Reference)) > 200 {
		f.refuse(invalid("", "client_reference_id", "Invalid string: must be at most 200 characters"))
	}
	if s.Customer != "" && (s.CustomerEmail != "" || s.MakeCustomer) {
		f.refuse(invalid("", "customer", "You may only specify one of these parameters: customer, customer_email, customer_creation."))
	}
}

func (f *form) lines(s *session) {
	for i := 0; i < linesMax && f.any(at("line_items", i)); i++ {
		f.line(s, at("line_items", i))
	}
	if len(s.Lines) == 0 {
		f.refuse(invalid("parameter_missing", "line_items", "Missing required param: line_items."))
	}
	if s.subtotal() > amountMax {
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
	f.choice(price+"[tax_behavior]", "exclusive", "unspecified")
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

func expireSession(c *call) (effect, error) {
	return making(c, c.form.expand("checkout.session"), func(b *book) (*session, error) { return b.expire(c.object) })
}

func listItems(c *call) (effect, error) {
	c.form.page() // all lines fit into one
	return func(b *book) (object, error) {
		s, err := b.Sessions.find(c.object, "session")
		if err != nil {
			return nil, err
		}
		return s.items(), nil
	}, c.form.finish()
}

func narrowSessions(f *form) func(*book, *session) bool {
	intent, customer := f.text("payment_intent"), f.text("customer")
	status := f.choice("status", statusOpen, statusComplete, statusExpired)
	return func(_ *book, s *session) bool {
		return (intent == "" || s.Payment == intent) && (customer == "" || s.Customer == customer) &&
			(status == "" || s.Status == status)
	}
}
