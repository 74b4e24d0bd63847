package pay

import (
	"fmt"
	"strings"
)

// rowsShown bounds the list page; the newest are shown.
const rowsShown = 100

type listView struct {
	Base     string
	Title    string
	Codes    []codeRow
	Sessions []sessionRow
	Events   []eventRow
}

type sessionRow struct {
	ID, Name, Email, Amount, Created string
	State                            string
	Payment                          string
	Open, Refundable                 bool
	Waiting                          bool // for the money
	Disputable, Disputed             bool
	Receipt, Invoice                 string // ids
}

type eventRow struct {
	ID, Type, Created string
	State             string
	Tries             int
	Answer            string // why it is not delivered
	Trouble           bool
}

func (b *book) listView() listView {
	v := listView{Title: "Sessions and payments", Codes: b.codeRows()}
	for _, s := range b.Sessions.newest(rowsShown) {
		v.Sessions = append(v.Sessions, b.row(s))
	}
	for _, e := range b.Events.newest(rowsShown) {
		v.Events = append(v.Events, e.row())
	}
	return v
}

func (b *book) row(s *session) sessionRow {
	row := sessionRow{
		ID: s.ID, Name: s.name(), Email: s.buyerEmail(), Created: clock(s.Created),
		Amount: money(s.total(), s.Currency), State: s.Status,
		Open: s.Status == statusOpen, Payment: s.Payment, Invoice: s.Invoice,
	}
	if p, ok := b.Payments.get(s.Payment); ok {
		b.rowPayment(&row, p)
	}
	return row
}

func (b *book) rowPayment(row *sessionRow, p *payment) {
	d, disputed := b.Disputes.get(p.Dispute)
	row.Waiting = p.Status == processing
	if p.succeeded() {
		row.Receipt = p.Charge
		row.Refundable = p.left() > 0 && !b.takenBack(p)
		row.Disputable = p.left() > 0 && !disputed
		row.Disputed = disputed && d.Status == disputeOpen
	}
	switch {
	case row.Waiting:
		row.State = "the money is on its way"
	case !p.succeeded():
		row.State = "the money did not arrive"
	case p.left() == 0:
		row.State = "refunded"
	case p.refunded() > 0:
		row.State = "paid, " + money(p.refunded(), p.Currency) + " refunded"
	default:
		row.State = "paid"
	}
	if disputed {
		row.State += map[string]string{
			disputeOpen: ", disputed", disputeWon: ", dispute won", disputeLost: ", dispute lost",
		}[d.Status]
	}
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
	Extra      []lineView // discount and tax
	Unpaid     bool       // complete, but the money is not here
	Later      bool       // there is a method whose money comes later
	TakesCode  bool
	Codes      []codeRow // to try
	Email      string    // the seller's; empty if the buyer is to be asked
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

func (b *book) viewCheckout(s *session) checkoutView {
	status := b.paymentStatus(s)
	return checkoutView{
		Title: "Checkout", ID: s.ID, Lines: s.lineViews(), Extra: s.extraViews(), Total: money(s.total(), s.Currency), Email: s.buyerEmail(),
		Open: s.Status == statusOpen, Done: s.Status == statusComplete, Free: s.total() == 0,
		Unpaid: status == "unpaid", Later: s.takesLater(), TakesCode: s.AllowCodes, Codes: b.codeRows(),
		Expires: clock(s.ExpiresAt), SuccessURL: s.returnURL(), CancelURL: s.CancelURL,
	}
}

func (s *session) lineViews() []lineView {
	var all []lineView
	for _, l := range s.Lines {
		all = append(all, lineView{Name: l.Name, Price: money(l.Unit*l.Quantity, s.Currency), Quantity: l.Quantity})
	}
	return all
}

func (s *session) extraViews() []lineView {
	var all []lineView
	if s.Discount != nil {
		all = append(all, lineView{Name: "Discount", Price: "-" + money(s.off(), s.Currency)})
	}
	if s.Tax {
		name := fmt.Sprintf("Tax (made up, %g %%)", float64(s.TaxRate)/100)
		all = append(all, lineView{Name: name, Price: money(s.tax(), s.Currency)})
	}
	return all
}

// paperView is a receipt or an invoice.
type paperView struct {
	Base, Title     string
	Number, Date    string
	Email           string
	Lines, Extra    []lineView
	Total, Refunded string
	Notes           []string
}

func (b *book) receipt(p *payment) paperView {
	v := paperView{
		Title: "Receipt", Number: p.Charge, Date: clock(p.Created), Email: p.Email, Total: money(p.Amount, p.Currency),
	}
	if s, ok := b.Sessions.get(p.Session); ok {
		v.Lines, v.Extra = s.lineViews(), s.extraViews()
	}
	if p.refunded() > 0 {
		v.Refunded = money(p.refunded(), p.Currency)
	}
	if !p.succeeded() {
		v.Notes = append(v.Notes, "This has not been paid.")
	}
	return v
}

func (b *book) viewInvoice(i *invoice) paperView {
	s, _ := b.Sessions.get(i.Session) // sessions stay
	v := paperView{
		Title: "Invoice", Number: i.Number, Date: clock(i.Created), Email: s.buyerEmail(),
		Lines: s.lineViews(), Extra: s.extraViews(), Total: money(s.total(), s.Currency),
	}
	for _, note := range []string{i.Description, i.Footer} {
		if note != "" {
			v.Notes = append(v.Notes, note)
		}
	}
	return v
}
