package pay

import (
	"encoding/json"
	"slices"
)

// record is something with an id that Stripe would list. Its kind is asked of
// nil, too.
type record interface {
	kind() string
	key() string
	born() int64 // the second it was made
	object(*book, expansion) object
}

// shelf keeps records in the order they came. Finding one, and the page of a
// list beside it, takes as long with ten thousand as with ten.
type shelf[T record] struct {
	all   []T            // oldest first
	place map[string]int // by id, counted from the first record there ever was
	gone  int            // how many were dropped since
}

func (s *shelf[T]) add(r T) {
	if s.place == nil {
		s.place = map[string]int{}
	}
	s.place[r.key()] = s.gone + len(s.all)
	s.all = append(s.all, r)
}

// index is the place of a record in all, -1 if it is not there.
func (s *shelf[T]) index(id string) int {
	at, ok := s.place[id]
	if !ok {
		return -1
	}
	return at - s.gone
}

func (s *shelf[T]) get(id string) (r T, ok bool) {
	i := s.index(id)
	if i < 0 {
		return r, false
	}
	return s.all[i], true
}

// find is get for a caller who named the record in param.
func (s *shelf[T]) find(id, param string) (T, error) {
	r, ok := s.get(id)
	if !ok {
		return r, noSuch(r.kind(), id, param)
	}
	return r, nil
}

// forget drops what was made at the second last or before, and tells if there
// was any.
func (s *shelf[T]) forget(last int64) bool {
	n := 0
	for n < len(s.all) && s.all[n].born() <= last {
		delete(s.place, s.all[n].key())
		n++
	}
	clear(s.all[:n])
	s.all, s.gone = s.all[n:], s.gone+n
	return n > 0
}

// newest returns the n newest, newest first.
func (s *shelf[T]) newest(n int) []T {
	last := slices.Clone(s.all[max(0, len(s.all)-n):])
	slices.Reverse(last)
	return last
}

// MarshalJSON writes the records, oldest first.
func (s shelf[T]) MarshalJSON() ([]byte, error) {
	if s.all == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(s.all)
}

// UnmarshalJSON also reads an object of records by id, as files once had them.
func (s *shelf[T]) UnmarshalJSON(raw []byte) error {
	var all []T
	if len(raw) > 0 && raw[0] == '{' {
		var byID map[string]T
		if err := json.Unmarshal(raw, &byID); err != nil {
			return err
		}
		for _, r := range byID {
			all = append(all, r)
		}
		slices.SortFunc(all, func(x, y T) int { return int(x.born() - y.born()) })
	} else if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	*s = shelf[T]{}
	for _, r := range all {
		s.add(r)
	}
	return nil
}
