package pay

// endpoints are the calls that are answered.
func endpoints() map[string]action {
	sessions := func(b *book) *shelf[*session] { return &b.Sessions }
	payments := func(b *book) *shelf[*payment] { return &b.Payments }
	charges := func(b *book) *shelf[charge] { return &b.charges }
	refunds := func(b *book) *shelf[*refund] { return &b.refunds }
	disputes := func(b *book) *shelf[*dispute] { return &b.Disputes }
	customers := func(b *book) *shelf[*customer] { return &b.Customers }
	coupons := func(b *book) *shelf[*coupon] { return &b.Coupons }
	promotions := func(b *book) *shelf[*promotion] { return &b.Promotions }
	invoices := func(b *book) *shelf[*invoice] { return &b.Invoices }
	events := func(b *book) *shelf[*event] { return &b.Events }
	return map[string]action{
		"POST /v1/checkout/sessions":                createSession,
		"GET /v1/checkout/sessions":                 listing(sessions, narrowSessions),
		"GET /v1/checkout/sessions/{id}":            showing(sessions, "session"),
		"GET /v1/checkout/sessions/{id}/line_items": listItems,
		"POST /v1/checkout/sessions/{id}/expire":    expireSession,

		"GET /v1/payment_intents":      listing(payments, narrowPayments),
		"GET /v1/payment_intents/{id}": showing(payments, "intent"),
		"GET /v1/charges":              listing(charges, narrowCharges),
		"GET /v1/charges/{id}":         showing(charges, "id"),
		"POST /v1/refunds":             createRefund,
		"GET /v1/refunds":              listing(refunds, narrowRefunds),
		"GET /v1/refunds/{id}":         showing(refunds, "id"),
		"GET /v1/disputes":             listing(disputes, narrowDisputes),
		"GET /v1/disputes/{id}":        showing(disputes, "dispute"),
		"POST /v1/disputes/{id}/close": closeDispute,

		"POST /v1/customers":        createCustomer,
		"GET /v1/customers":         listing(customers, narrowCustomers),
		"GET /v1/customers/{id}":    showing(customers, "id"),
		"POST /v1/customers/{id}":   updateCustomer,
		"DELETE /v1/customers/{id}": deleteCustomer,

		"POST /v1/coupons":              createCoupon,
		"GET /v1/coupons":               listing(coupons, narrowCoupons),
		"GET /v1/coupons/{id}":          showCoupon,
		"DELETE /v1/coupons/{id}":       deleteCoupon,
		"POST /v1/promotion_codes":      createPromotion,
		"GET /v1/promotion_codes":       listing(promotions, narrowPromotions),
		"GET /v1/promotion_codes/{id}":  showing(promotions, "promotion_code"),
		"POST /v1/promotion_codes/{id}": updatePromotion,

		"GET /v1/invoices":      listing(invoices, everything[*invoice]),
		"GET /v1/invoices/{id}": showing(invoices, "invoice"),
		"GET /v1/events":        listing(events, narrowEvents),
		"GET /v1/events/{id}":   showing(events, "id"),
		"/":                     unknownURL,
	}
}
