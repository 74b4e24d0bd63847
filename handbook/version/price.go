package version

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"pilothandbook/handbook/audit"
	"pilothandbook/platform/db"
	"pilothandbook/platform/fault"
)

// The bounds of a price, in hundredths of its currency's unit.
const (
	MinPrice = 50 // what a card payment takes at least
	MaxPrice = 100_000
)

// Repricing tells what became of a price.
type Repricing struct {
	Was      int
	Currency string
	Open     int // checkouts that sell at another price, as they were made before
}

// SetPrice sets what a module costs from now on; by says how an operator asked
// for it. Its currency stays, and what is being paid keeps its price. A module
// gets its first price by its first publication, and later ones leave it alone.
func SetPrice(ctx context.Context, p *db.Pool, module string, cents int, by string) (r Repricing, err error) {
	if cents < MinPrice || cents > MaxPrice {
		return r, fault.New(fault.Invalid, "The price is %d cents; write it in cents, as 5900, from %d to %d.", cents, MinPrice, MaxPrice)
	}
	err = db.Tx(ctx, p, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT price, currency
			FROM modules
			WHERE key = $1
			FOR NO KEY UPDATE`, module).Scan(&r.Was, &r.Currency)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "There is no module %q. Its first publication gives it its first price.", module)
		}
		if err == nil && r.Was != cents {
			err = r.change(ctx, tx, module, cents, by)
		}
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			SELECT count(*)
			FROM checkouts
			WHERE module_type = $1 AND state = 'open' AND expires_at > now() AND credited = '{}' AND amount <> $2`, module, cents).Scan(&r.Open)
	})
	if err != nil {
		return r, fmt.Errorf("price of %q: %w", module, err)
	}
	return r, nil
}

func (r Repricing) change(ctx context.Context, tx pgx.Tx, module string, cents int, by string) error {
	if _, err := tx.Exec(ctx, `UPDATE modules SET price = $2 WHERE key = $1`, module, cents); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{
		Action: "price set", Subject: audit.Module(module), Detail: map[string]any{"from": r.Was, "to": cents, "currency": r.Currency, "by": by},
	})
}
