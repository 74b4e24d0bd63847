package pay

import (
	"math"
	"slices"
)

// page is which part of a list is wanted.
type page struct {
	limit         int
	after, before string // ids
	from, to      int64  // the seconds between which a record was made, both included
}

// page reads what every list takes.
func (f *form) page() page {
	p := page{
		limit: int(f.integer("limit", 1, 100, 10)),
		after: f.text("starting_after"), before: f.text("ending_before"),
		to: math.MaxInt64,
	}
	if p.after != "" && p.before != "" {
		f.refuse(invalid("", "", "You may only specify one of these parameters: ending_before, starting_after."))
	}
	second := func(name string, absent int64) int64 { return f.integer(name, 0, math.MaxInt64-1, absent) }
	if f.has("created") {
		p.from = second("created", 0)
		p.to = p.from
	}
	p.from = max(p.from, second("created[gte]", 0), second("created[gt]", -1)+1)
	p.to = min(p.to, second("created[lte]", math.MaxInt64), second("created[lt]", math.MaxInt64)-1)
	return p
}

// cut returns one page of the records that match, newest first, and whether
// more follow in the direction of travel. Going back (before), the page is the
// one that touches the cursor.
func cut[T record](s *shelf[T], p page, match func(T) bool) (found []T, more bool, err error) {
	start, step, err := p.start(s.index, len(s.all))
	if err != nil {
		var zero T
		return nil, false, noSuch(zero.kind(), p.after+p.before, err.Error())
	}
	for i := start; i >= 0 && i < len(s.all) && len(found) <= p.limit; i += step {
		if r := s.all[i]; r.born() >= p.from && r.born() <= p.to && match(r) {
			found = append(found, r)
		}
	}
	if more = len(found) > p.limit; more {
		found = found[:p.limit]
	}
	if step > 0 {
		slices.Reverse(found)
	}
	return found, more, nil
}

// badCursor is the name of the parameter that leads nowhere.
type badCursor string

// Error returns the name.
func (c badCursor) Error() string { return string(c) }

func (p page) start(index func(string) int, n int) (from, step int, err error) {
	switch {
	case p.after != "":
		i := index(p.after)
		if i < 0 {
			return 0, 0, badCursor("starting_after")
		}
		return i - 1, -1, nil
	case p.before != "":
		i := index(p.before)
		if i < 0 {
			return 0, 0, badCursor("ending_before")
		}
		return i + 1, 1, nil
	}
	return n - 1, -1, nil
}

// shelfOf picks one of the book's shelves.
type shelfOf[T record] func(*book) *shelf[T]

// filter reads what a list takes besides the usual, and returns what matches.
type filter[T record] func(*form) func(*book, T) bool

func everything[T record](*form) func(*book, T) bool {
	return func(*book, T) bool { return true }
}

// listing answers with a page of a shelf.
func listing[T record](pick shelfOf[T], narrow filter[T]) action {
	return func(c *call) (effect, error) {
		var zero T
		p, match := c.form.page(), narrow(c.form)
		x := c.form.expand(listKind + zero.kind())["data"]
		return func(b *book) (object, error) {
			found, more, err := cut(pick(b), p, func(r T) bool { return match(b, r) })
			if err != nil {
				return nil, err
			}
			items := []object{}
			for _, r := range found {
				items = append(items, r.object(b, x))
			}
			return list(c.path, more, items), nil
		}, c.form.finish()
	}
}

// showing answers with one record; param is what Stripe calls its id.
func showing[T record](pick shelfOf[T], param string) action {
	return func(c *call) (effect, error) {
		var zero T
		x := c.form.expand(zero.kind())
		return func(b *book) (object, error) {
			r, err := pick(b).find(c.object, param)
			if err != nil {
				return nil, err
			}
			return r.object(b, x), nil
		}, c.form.finish()
	}
}

// making answers with the record that make returns, after the parameters were
// read.
func making[T record](c *call, x expansion, do func(*book) (T, error)) (effect, error) {
	return func(b *book) (object, error) {
		r, err := do(b)
		if err != nil {
			return nil, err
		}
		return r.object(b, x), nil
	}, c.form.finish()
}
