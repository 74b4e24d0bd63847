package pay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A whole number between these is a time: no amount is as large, and no time
// of which the stand-in speaks as small, in seconds since 1970.
const (
	earliest = 1_000_000_000
	latest   = 10_000_000_000
)

// Age makes all that has happened so much older, as if time had passed since:
// sessions expire, and events are forgotten, by the rules for their age.
func (s *Stripe) Age(by time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	raw, err := json.Marshal(s.book)
	if err != nil {
		return fmt.Errorf("pay: encode state: %w", err)
	}
	older, err := aged(raw, int64(by/time.Second))
	if err != nil {
		return fmt.Errorf("pay: age state: %w", err)
	}
	b := newBook()
	if err := json.Unmarshal(older, b); err != nil {
		return fmt.Errorf("pay: read aged state: %w", err)
	}
	b.index()
	b.address, b.taxRate, b.changed = s.book.address, s.book.taxRate, true
	s.book = b
	return nil
}

// aged returns a JSON text in which each time is so many seconds earlier.
func aged(raw []byte, seconds int64) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	return json.Marshal(earlier(all, seconds))
}

func earlier(v any, seconds int64) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = earlier(v[k], seconds)
		}
	case []any:
		for i := range v {
			v[i] = earlier(v[i], seconds)
		}
	case json.Number:
		at, err := v.Int64()
		if errors.Is(err, strconv.ErrSyntax) || at < earliest || at >= latest {
			return v
		}
		return json.Number(strconv.FormatInt(at-seconds, 10))
	}
	return v
}
