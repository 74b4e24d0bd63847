package pay

import (
	"slices"
	"strings"
)

// rowsShown bounds the list page; the newest are shown.
const rowsShown = 100

type listView struct {
	Base     string
	Title    string
	Sessions []sessionRow
	Events   []eventRow
}

type sessionRow struct {
	ID, Name, Email, Amount, Created string
	State                            string
	Payment                          string
	Open, Refundable                 bool
}

type eventRow struct {
	ID, Type, Created string
	State             string
	Tries             int
	Answer            string // why it is not delivered
	Trouble           bool
}

func (b *book) listView() listView {
	v := listView{Title: "Sessions and payments"}
	for _, s := range first(b.sessions()) {
		v.Sessions = append(v.Sessions, b.row(s))
	}
	newest := slices.Clone(b.Events)
	slices.Reverse(newest)
	for _, e := range first(newest) {
		v.Events = append(v.Events, e.row())
	}
	return v
}

func first[T any](all []T) []T { return all[:min(rowsShown, len(all))] }

func (b *book) row(s *session) sessionRow {
	row := sessionRow{
		ID: s.ID, Name: s.name(), Email: s.buyerEmail(), Created: clock(s.Created),
		Amount: money(s.total(), s.Currency), State: s.Status,
		Open: s.Status == statusOpen, Payment: s.Payment,
	}
	p := b.Payments[s.Payment]
	if p == nil {
		return row
	}
	row.State, row.Refundable = "paid", p.left() > 0
	switch {
	case p.left() == 0:
		row.State = "refunded"
	case p.refunded() > 0:
		row.State = "paid, " + money(p.refunded(), p.Currency) + " refunded"
	}
	return row
}

func (s *session) name() string {
	var names []string
	for _, l := range s.Lines {
		names = append(names, l.Name)
	}
	return strings.Join(names, ", ")
}

func (e *event) row() eventRow {
	d := e.Delivery
	row := eventRow{ID: e.ID, Type: e.Type, Created: clock(e.Created), Tries: d.Tries, Answer: d.Answer}
	switch {
	case d.Done:
		row.State = "delivered"
	case d.GivenUp:
		row.State, row.Trouble = "given up until the next start", true
	case d.Tries > 0:
		row.State, row.Trouble = "will be tried again", true
	default:
		row.State = "on its way"
	}
	return row
}

type checkoutView struct {
	Base       string
	Title      string
	ID         string
	Lines      []lineView
	Total      string
	Email      string // the seller's; empty if the buyer is to be asked
	Open, Done bool
	Free       bool
	Expires    string
	SuccessURL string
	CancelURL  string
}

type lineView struct {
	Name, Price string
	Quantity    int64
}

func viewCheckout(s *session) checkoutView {
	v := checkoutView{
		Title: "Checkout", ID: s.ID, Total: money(s.total(), s.Currency), Email: s.buyerEmail(),
		Open: s.Status == statusOpen, Done: s.Status == statusComplete, Free: s.total() == 0,
		Expires: clock(s.ExpiresAt), SuccessURL: s.returnURL(), CancelURL: s.CancelURL,
	}
	for _, l := range s.Lines {
		v.Lines = append(v.Lines, lineView{Name: l.Name, Price: money(l.Unit*l.Quantity, s.Currency), Quantity: l.Quantity})
	}
	return v
}
