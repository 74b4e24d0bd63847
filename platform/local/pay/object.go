package pay

import "encoding/json"

// object is an answer as Stripe shapes it. Fields that a purchase through the
// stand-in cannot have are null, as they are with Stripe; those that no Go
// client would tell from null are left out.
type object map[string]any

// expansion names the fields that are to be objects instead of ids, each with
// what to expand below it.
type expansion map[string]expansion

// orID returns id, or the object made by full if name is to be expanded.
func (x expansion) orID(name, id string, full func(expansion) object) any {
	if id == "" {
		return nil
	}
	if below, ok := x[name]; ok {
		return full(below)
	}
	return id
}

// orNull keeps an absent text apart from an empty one.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func list(url string, more bool, items []object) object {
	return object{"object": "list", "url": url, "has_more": more, "data": items}
}

func (b *book) sessionObject(s *session, x expansion) object {
	total := s.total()
	return object{
		"id": s.ID, "object": "checkout.session", "livemode": false,
		"mode": "payment", "ui_mode": "hosted",
		"status": s.Status, "payment_status": s.paymentStatus(),
		"created": s.Created, "expires_at": s.ExpiresAt,
		"currency": s.Currency, "amount_subtotal": total, "amount_total": total,
		"total_details":       object{"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
		"automatic_tax":       object{"enabled": false, "status": nil},
		"client_reference_id": orNull(s.Reference),
		"customer":            nil,
		"customer_email":      orNull(s.CustomerEmail),
		"customer_details":    customerDetails(s),
		"metadata":            s.Metadata,
		"payment_intent": x.orID("payment_intent", s.Payment, func(x expansion) object {
			return b.Payments[s.Payment].intentObject(x)
		}),
		"payment_method_types": []string{"card"},
		"success_url":          s.SuccessURL,
		"cancel_url":           orNull(s.CancelURL),
		"url":                  b.sessionURL(s),
		"invoice":              nil, "setup_intent": nil, "subscription": nil, "locale": nil,
	}
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

func (p *payment) intentObject(x expansion) object {
	return object{
		"id": p.ID, "object": "payment_intent", "livemode": false, "status": "succeeded",
		"created": p.Created, "currency": p.Currency,
		"amount": p.Amount, "amount_received": p.Amount, "amount_capturable": 0,
		"canceled_at": nil, "cancellation_reason": nil,
		"capture_method": "automatic", "confirmation_method": "automatic",
		"customer": nil, "description": orNull(p.Description), "invoice": nil,
		"last_payment_error": nil,
		"latest_charge":      x.orID("latest_charge", p.Charge, p.chargeObject),
		"metadata":           p.Metadata,
		"payment_method":     nil, "payment_method_types": []string{"card"},
		"receipt_email": nil,
	}
}

func (p *payment) chargeObject(x expansion) object {
	o := object{
		"id": p.Charge, "object": "charge", "livemode": false, "status": "succeeded",
		"created": p.Created, "currency": p.Currency,
		"amount": p.Amount, "amount_captured": p.Amount, "amount_refunded": p.refunded(),
		"balance_transaction": nil,
		"billing_details":     object{"email": orNull(p.Email), "name": nil, "phone": nil, "address": nil},
		"captured":            true, "paid": true, "disputed": false, "refunded": p.left() == 0,
		"customer": nil, "description": orNull(p.Description), "invoice": nil,
		"failure_code": nil, "failure_message": nil,
		"metadata":       p.Metadata,
		"payment_intent": p.ID, "payment_method": nil, "receipt_email": nil,
	}
	if _, ok := x["refunds"]; ok {
		o["refunds"] = p.refundList()
	}
	return o
}

func (p *payment) refundList() object {
	items := []object{}
	for i := len(p.Refunds) - 1; i >= 0; i-- {
		items = append(items, p.refundObject(p.Refunds[i], nil))
	}
	return list("/v1/charges/"+p.Charge+"/refunds", false, items)
}

func (p *payment) refundObject(r *refund, x expansion) object {
	return object{
		"id": r.ID, "object": "refund", "status": "succeeded",
		"created": r.Created, "currency": p.Currency, "amount": r.Amount,
		"balance_transaction": nil,
		"charge":              x.orID("charge", p.Charge, p.chargeObject),
		"payment_intent":      x.orID("payment_intent", p.ID, p.intentObject),
		"metadata":            r.Metadata, "reason": orNull(r.Reason), "receipt_number": nil,
	}
}

func (e *event) object() object {
	data := object{"object": e.Object}
	if e.Before != nil {
		data["previous_attributes"] = e.Before
	}
	pending := 1
	if e.Delivery.Done {
		pending = 0
	}
	return object{
		"id": e.ID, "object": "event", "api_version": APIVersion, "livemode": false,
		"type": e.Type, "created": e.Created, "data": data, "pending_webhooks": pending,
		"request": object{"id": orNull(e.Cause.Request), "idempotency_key": orNull(e.Cause.Key)},
	}
}

// pretty encodes o as Stripe does, over many lines: whoever signs or compares
// must take the bytes as they come.
func (o object) pretty() []byte {
	raw, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		panic(err) // see mustJSON
	}
	return append(raw, '\n')
}
