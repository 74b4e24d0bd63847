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
	id, ok := value.(uuid.UUID)
	return &uuidPlan{}, pgtype.UUID{Bytes: id, Valid: true}, ok
}

type uuidPlan struct{ next pgtype.EncodePlan }

// SetNext is called by pgx.
func (p *uuidPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode is called by pgx.
func (p *uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(pgtype.UUID{Bytes: value.(uuid.UUID), Valid: true}, buf)
}
