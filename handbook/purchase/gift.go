package purchase

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// markLength is how many letters of a gift's code say which gift it is.
const markLength = 8

// closed returns since when what was bought is closed, nil while it is open.
func (s Standing) closed() *time.Time {
	if s.open() {
		return nil
	}
	return &s.Revoked
}

// writeGift writes what follows for a gift, and for whoever has redeemed it,
// whom it notes in reader. A sale that is paid after its account was deleted
// makes none, as nobody could see its code.
func writeGift(b *pgx.Batch, payment string, k known, s Standing, reader *uuid.UUID) {
	if s.Status != "completed" && s.Status != "refunded" {
		return
	}
	if k.user != nil {
		b.Queue(`
			INSERT INTO gifts (id, stripe_payment_id, module_key, mark, created_at)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (stripe_payment_id) DO NOTHING`,
			uuid.Must(uuid.NewV7()), payment, k.module, rand.Text()[:markLength], s.At)
	}
	b.Queue(`
		UPDATE gifts
		SET created_at = $2, voided_at = $3
		WHERE stripe_payment_id = $1`, payment, s.At, s.closed())
	b.Queue(`
		UPDATE grants
		SET revoked_at = $2
		WHERE gift_id = (SELECT id FROM gifts WHERE stripe_payment_id = $1)
		RETURNING user_id`, payment, s.closed()).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(reader); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	})
}
