package operate

import (
	"context"
	"fmt"
	"io"

	"pilothandbook/handbook/version"
	"pilothandbook/platform"
)

// Price sets what a module costs from now on, in cents.
func Price(ctx context.Context, p *platform.Platform, out io.Writer, module string, cents int) error {
	r, err := version.SetPrice(ctx, p.DB, module, cents, "handbook price")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s costs %d %s cents now, %d before; %d open checkouts keep the price that they were made with\n", module, cents, r.Currency, r.Was, r.Open)
	return nil
}
