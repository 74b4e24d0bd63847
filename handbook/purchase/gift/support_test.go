package gift_test

import "context"

// ctx returns the context of a test, be it rapid's.
func ctx(t test) context.Context {
	if c, ok := t.(interface{ Context() context.Context }); ok {
		return c.Context()
	}
	return context.Background()
}
