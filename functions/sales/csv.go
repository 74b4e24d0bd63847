package sales

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// batch is how many lines are asked of PostgreSQL at once, so that a slow
// reader of a long list holds neither a connection nor much memory.
const batch = 2000

// mark tells spreadsheets that the text is UTF-8.
const mark = "\ufeff"

// export sends lines as they come. Nothing of a person is among them. An answer
// that cannot be completed is broken off, so that half of the books is not taken
// for all of them.
func (e endpoint) export(w http.ResponseWriter, r *http.Request) error {
	v, err := e.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	if v.Wrong != nil {
		return v.Wrong
	}
	found, err := lines(r.Context(), e.db, v, batch)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "sales-"+v.From+"-"+v.To+".csv"))
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	if _, err := w.Write([]byte(mark)); err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = out.Write([]string{"time (UTC)", "kind", "module", "title", "amount", "currency", "discount", "tax", "payment", "line"}) // Error tells
	for {
		for _, l := range found {
			_ = out.Write(l.cells())
		}
		out.Flush()
		if len(found) < batch && out.Error() == nil {
			return nil
		}
		if out.Error() == nil {
			v.After = found[len(found)-1].place()
			found, err = lines(r.Context(), e.db, v, batch)
		}
		if err != nil || out.Error() != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

// cells are the fields of a line, amounts in whole units of their currency.
// Discount and tax have the sign of the line.
func (l line) cells() []string {
	tax := l.Tax
	if l.Kind != sold {
		tax = -tax
	}
	return []string{
		l.At.UTC().Format(time.RFC3339), text(l.Kind), text(l.Module), text(l.Title),
		units(l.Amount), text(strings.ToUpper(l.Currency)), units(l.Discount), units(tax), text(l.Payment), l.ID.String(),
	}
}

// units writes cents as units.
func units(cents int) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// text keeps a spreadsheet from taking a text for a formula.
func text(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
