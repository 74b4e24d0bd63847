package db

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// sendUUIDs has a connection send UUIDs as they are. Left alone it would have
// each write itself as text first, and read that.
func sendUUIDs(_ context.Context, c *pgx.Conn) error {
	m := c.TypeMap()
	m.TryWrapEncodePlanFuncs = slices.Insert(m.TryWrapEncodePlanFuncs, 0, planUUID)
	return nil
}

func planUUID(value any) (plan pgtype.WrappedEncodePlanNextSetter, next any, ok bool) {
	id, ok := asUUID(value)
	return &uuidPlan{}, id, ok
}

type uuidPlan struct{ next pgtype.EncodePlan }

// SetNext is called by pgx.
func (p *uuidPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode is called by pgx, with what planUUID took.
func (p *uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	id, _ := asUUID(value)
	return p.next.Encode(id, buf)
}

// asUUID takes what our code holds a UUID in; pgx itself sends a nil pointer as NULL.
func asUUID(value any) (id pgtype.UUID, ok bool) {
	switch v := value.(type) {
	case uuid.UUID:
		return pgtype.UUID{Bytes: v, Valid: true}, true
	case *uuid.UUID:
		if v == nil {
			return pgtype.UUID{}, true
		}
		return pgtype.UUID{Bytes: *v, Valid: true}, true
	}
	return pgtype.UUID{}, false
}
