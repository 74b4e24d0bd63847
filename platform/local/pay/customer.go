package pay

import "maps"

// customer is a buyer whom the seller knows by one id.
type customer struct {
	ID          string            `json:"id"`
	Created     int64             `json:"created"`
	Email       string            `json:"email,omitempty"`
	Name        string            `json:"name,omitempty"`
	Phone       string            `json:"phone,omitempty"`
	Description string            `json:"description,omitempty"`
	Metadata    map[string]string `json:"metadata"`
	Deleted     bool              `json:"deleted,omitempty"` // the id is kept, what was known of the buyer is not
}

func (*customer) kind() string  { return "customer" }
func (c *customer) key() string { return c.ID }
func (c *customer) born() int64 { return c.Created }

func (c *customer) object(*book, expansion) object {
	if c.Deleted {
		return object{"id": c.ID, "object": "customer", "deleted": true}
	}
	return object{
		"id": c.ID, "object": "customer", "livemode": false, "created": c.Created,
		"email": orNull(c.Email), "name": orNull(c.Name), "phone": orNull(c.Phone),
		"description": orNull(c.Description), "metadata": c.Metadata,
		"address": nil, "shipping": nil, "balance": 0, "currency": nil, "default_source": nil,
		"delinquent": false, "discount": nil, "tax_exempt": "none",
	}
}

// customer finds a customer that is not deleted.
func (b *book) customer(id, param string) (*customer, error) {
	c, err := b.Customers.find(id, param)
	if err == nil && c.Deleted {
		err = noSuch(c.kind(), id, param)
	}
	return c, err
}

func (b *book) enrol(c *customer) {
	c.ID, c.Created = newID("cus_", 14), b.now.Unix()
	b.Customers.add(c)
	b.emit("customer.created", c.object(b, nil), nil)
}

// read overwrites what the form gives.
func (c *customer) read(f *form) {
	for name, field := range map[string]*string{
		"email": &c.Email, "name": &c.Name, "phone": &c.Phone, "description": &c.Description,
	} {
		if value := f.text(name); value != "" {
			*field = value
		}
	}
	if c.Email != "" && !isEmail(c.Email) {
		f.refuse(invalid("email_invalid", "email", "Invalid email address: %s", c.Email))
	}
	maps.Copy(c.Metadata, f.metadata("metadata"))
}

func createCustomer(c *call) (effect, error) {
	made := &customer{Metadata: map[string]string{}}
	made.read(c.form)
	return making(c, c.form.expand("customer"), func(b *book) (*customer, error) {
		b.enrol(made)
		return made, nil
	})
}

func updateCustomer(c *call) (effect, error) {
	(&customer{Metadata: map[string]string{}}).read(c.form) // refuses what is wrong before anything changes
	return making(c, c.form.expand("customer"), func(b *book) (*customer, error) {
		known, err := b.customer(c.object, "customer")
		if err != nil {
			return nil, err
		}
		known.read(c.form)
		b.emit("customer.updated", known.object(b, nil), object{})
		return known, nil
	})
}

func deleteCustomer(c *call) (effect, error) {
	return making(c, nil, func(b *book) (*customer, error) {
		known, err := b.customer(c.object, "customer")
		if err != nil {
			return nil, err
		}
		b.emit("customer.deleted", known.object(b, nil), nil)
		*known = customer{ID: known.ID, Created: known.Created, Deleted: true}
		return known, nil
	})
}

func narrowCustomers(f *form) func(*book, *customer) bool {
	email := f.text("email")
	return func(_ *book, c *customer) bool { return !c.Deleted && (email == "" || c.Email == email) }
}
