package pay

import (
	"strconv"
	"strings"
)

func (s *session) object(b *book, x expansion) object {
	o := object{
		"id": s.ID, "object": "checkout.session", "livemode": false,
		"mode": "payment", "ui_mode": "hosted",
		"status": s.Status, "payment_status": b.paymentStatus(s),
		"created": s.Created, "expires_at": s.ExpiresAt,
		"currency": s.Currency, "amount_subtotal": s.subtotal(), "amount_total": s.total(),
		"total_details":         s.totalDetails(b, x["total_details"]),
		"automatic_tax":         s.automaticTax(),
		"allow_promotion_codes": s.AllowCodes,
		"client_reference_id":   orNull(s.Reference),
		"customer":              x.orID("customer", s.Customer, b.buyer),
		"customer_creation":     s.customerCreation(),
		"customer_email":        orNull(s.CustomerEmail),
		"customer_details":      customerDetails(s),
		"metadata":              s.Metadata,
		"payment_intent":        x.orID("payment_intent", s.Payment, b.intent),
		"payment_method_types":  s.methods(),
		"success_url":           s.SuccessURL,
		"cancel_url":            orNull(s.CancelURL),
		"url":                   b.sessionURL(s),
		"invoice":               x.orID("invoice", s.Invoice, b.invoice),
		"invoice_creation":      s.invoiceCreation(),
		"setup_intent":          nil, "subscription": nil, "locale": nil,
	}
	if _, ok := x["line_items"]; ok {
		o["line_items"] = s.items()
	}
	return o
}

func (s *session) totalDetails(b *book, x expansion) object {
	o := object{"amount_discount": s.off(), "amount_shipping": 0, "amount_tax": s.tax()}
	if _, ok := x["breakdown"]; !ok {
		return o
	}
	discounts, taxes := []object{}, []object{}
	if s.Discount != nil {
		discounts = append(discounts, object{"amount": s.off(), "discount": s.Discount.object(b, s)})
	}
	if s.TaxRate > 0 {
		taxes = append(taxes, object{
			"amount": s.tax(), "taxable_amount": s.subtotal() - s.off(), "taxability_reason": "standard_rated",
			"rate": object{
				"id": "txr_local", "object": "tax_rate", "display_name": "Made-up tax", "inclusive": false,
				"percentage": float64(s.TaxRate) / 100, "active": true, "livemode": false, "metadata": object{},
			},
		})
	}
	o["breakdown"] = object{"discounts": discounts, "taxes": taxes}
	return o
}

func (s *session) automaticTax() object {
	o := object{"enabled": s.Tax, "status": nil}
	if s.Tax {
		o["status"] = "complete"
	}
	return o
}

func (s *session) customerCreation() any {
	switch {
	case s.MakeCustomer:
		return "always"
	case s.Customer != "":
		return nil // there is nothing to make
	}
	return "if_required"
}

func (s *session) invoiceCreation() object {
	p := s.Paper
	if p == nil {
		p = &invoice{Metadata: map[string]string{}}
	}
	return object{"enabled": s.Paper != nil, "invoice_data": object{
		"account_tax_ids": nil, "custom_fields": nil, "description": orNull(p.Description), "footer": orNull(p.Footer),
		"issuer": nil, "metadata": p.Metadata, "rendering_options": nil,
	}}
}

// sessionURL is where the buyer pays; there is no such place once it is over.
func (b *book) sessionURL(s *session) any {
	if s.Status != statusOpen {
		return nil
	}
	return b.address(s.ID)
}

func customerDetails(s *session) any {
	if s.buyerEmail() == "" {
		return nil
	}
	return object{"email": s.buyerEmail(), "name": nil, "phone": nil, "address": nil, "tax_exempt": "none", "tax_ids": nil}
}

// items are the line items. Discount and tax are spread by price; the last
// line takes what rounding leaves.
func (s *session) items() object {
	items := []object{}
	off, tax := s.off(), s.tax()
	for i, l := range s.Lines {
		price := l.Unit * l.Quantity
		lineOff, lineTax := off, tax
		if i < len(s.Lines)-1 && s.subtotal() > 0 {
			lineOff, lineTax = s.off()*price/s.subtotal(), s.tax()*price/s.subtotal()
		}
		off, tax = off-lineOff, tax-lineTax
		items = append(items, l.object(s, i, lineOff, lineTax))
	}
	return list("/v1/checkout/sessions/"+s.ID+"/line_items", false, items)
}

func (l line) object(s *session, i int, off, tax int64) object {
	price := l.Unit * l.Quantity
	mark := at(strings.TrimPrefix(s.ID, "cs_test_"), i)
	return object{
		"id": "li_" + mark, "object": "item", "description": l.Name, "quantity": l.Quantity, "currency": s.Currency,
		"amount_subtotal": price, "amount_discount": off, "amount_tax": tax, "amount_total": price - off + tax,
		"price": object{
			"id": "price_" + mark, "object": "price", "active": false, "billing_scheme": "per_unit", "created": s.Created,
			"currency": s.Currency, "livemode": false, "metadata": object{}, "product": "prod_" + mark, "type": "one_time",
			"unit_amount": l.Unit, "unit_amount_decimal": strconv.FormatInt(l.Unit, 10), "tax_behavior": "unspecified",
			"custom_unit_amount": nil, "recurring": nil, "transform_quantity": nil,
		},
	}
}

func (p *payment) object(b *book, x expansion) object {
	received := p.Amount
	if !p.succeeded() {
		received = 0
	}
	return object{
		"id": p.ID, "object": "payment_intent", "livemode": false, "status": p.status(),
		"created": p.Created, "currency": p.Currency,
		"amount": p.Amount, "amount_received": received, "amount_capturable": 0,
		"canceled_at": nil, "cancellation_reason": nil,
		"capture_method": "automatic", "confirmation_method": "automatic",
		"customer": x.orID("customer", p.Customer, b.buyer), "description": orNull(p.Description),
		"invoice":            x.orID("invoice", b.invoiceOf(p), b.invoice),
		"last_payment_error": p.fault(),
		"latest_charge":      x.orID("latest_charge", p.Charge, b.chargeOf),
		"metadata":           p.Metadata,
		"payment_method":     nil, "payment_method_types": []string{"card"},
		"receipt_email": orNull(p.ReceiptEmail),
	}
}

func (p *payment) status() string {
	if p.succeeded() {
		return paid
	}
	return p.Status
}

func (p *payment) fault() any {
	if p.Status != unpaid {
		return nil
	}
	return object{"type": "card_error", "code": "payment_intent_payment_attempt_failed", "message": "The money did not arrive."}
}

func (b *book) invoiceOf(p *payment) string {
	if s, ok := b.Sessions.get(p.Session); ok {
		return s.Invoice
	}
	return ""
}

func (c charge) object(b *book, x expansion) object {
	p := c.p
	var captured int64
	var receipt any
	if p.succeeded() {
		captured, receipt = p.Amount, b.address("receipt/"+p.Charge)
	}
	o := object{
		"id": p.Charge, "object": "charge", "livemode": false, "status": p.chargeStatus(),
		"created": p.Created, "currency": p.Currency,
		"amount": p.Amount, "amount_captured": captured, "amount_refunded": p.refunded(),
		"balance_transaction": nil,
		"billing_details":     object{"email": orNull(p.Email), "name": nil, "phone": nil, "address": nil},
		"captured":            p.succeeded(), "paid": p.succeeded(), "disputed": p.Dispute != "",
		"refunded": p.Amount > 0 && p.left() == 0,
		"customer": x.orID("customer", p.Customer, b.buyer), "description": orNull(p.Description),
		"invoice":      x.orID("invoice", b.invoiceOf(p), b.invoice),
		"failure_code": nil, "failure_message": nil,
		"metadata":       p.Metadata,
		"payment_intent": x.orID("payment_intent", p.ID, b.intent), "payment_method": nil,
		"receipt_email": orNull(p.ReceiptEmail), "receipt_url": receipt,
	}
	if _, ok := x["refunds"]; ok {
		o["refunds"] = p.refundList(b)
	}
	return o
}

func (p *payment) chargeStatus() string {
	switch p.Status {
	case processing:
		return "pending"
	case unpaid:
		return "failed"
	}
	return "succeeded"
}

func (p *payment) refundList(b *book) object {
	items := []object{}
	for i := len(p.Refunds) - 1; i >= 0; i-- {
		items = append(items, p.Refunds[i].object(b, nil))
	}
	return list("/v1/charges/"+p.Charge+"/refunds", false, items)
}

func (r *refund) object(b *book, x expansion) object {
	return object{
		"id": r.ID, "object": "refund", "status": "succeeded",
		"created": r.Created, "currency": r.of.Currency, "amount": r.Amount,
		"balance_transaction": nil,
		"charge":              x.orID("charge", r.of.Charge, b.chargeOf),
		"payment_intent":      x.orID("payment_intent", r.of.ID, b.intent),
		"metadata":            r.Metadata, "reason": orNull(r.Reason), "receipt_number": nil,
	}
}
