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
func (x expansion) orID(name, id string, full func(string, expansion) object) any {
	if id == "" {
		return nil
	}
	if below, ok := x[name]; ok {
		return full(id, below)
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

// orZeroNull keeps an absent number apart from 0.
func orZeroNull[N int64 | float64](n N) any {
	if n == 0 {
		return nil
	}
	return n
}

func list(url string, more bool, items []object) object {
	return object{"object": "list", "url": url, "has_more": more, "data": items}
}

// The objects that an id stands for.
func (b *book) intent(id string, x expansion) object   { return full(&b.Payments, b, id, x) }
func (b *book) chargeOf(id string, x expansion) object { return full(&b.charges, b, id, x) }
func (b *book) buyer(id string, x expansion) object    { return full(&b.Customers, b, id, x) }
func (b *book) invoice(id string, x expansion) object  { return full(&b.Invoices, b, id, x) }

func full[T record](s *shelf[T], b *book, id string, x expansion) object {
	r, ok := s.get(id)
	if !ok {
		return object{"id": id}
	}
	return r.object(b, x)
}

func (e *event) object(*book, expansion) object {
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
