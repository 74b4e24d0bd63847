package dashboard

import (
	"context"
	"fmt"

	"pilothandbook/handbook/analytics"
	"pilothandbook/handbook/period"
	"pilothandbook/platform/db"
)

// step is one of the steps from a preview to a purchase.
type step struct {
	Name   string
	Number number
	Says   string // what is counted
	Bar    bar
}

// askFunnel counts the steps. Views are what browsers told, summed up by day;
// who goes to pay and what is paid are rows of ours.
func (v *view) askFunnel(ctx context.Context, q db.Querier) error {
	p := v.Period
	var previews, modules, checkouts, orders int
	err := q.QueryRow(ctx, `
		SELECT coalesce(sum(events) FILTER (WHERE kind = $6), 0), coalesce(sum(events) FILTER (WHERE kind = $7), 0),
		       (SELECT count(*) FROM checkouts WHERE `+period.Begun+`),
		       (SELECT count(*) FROM ledger WHERE `+period.Sold+` AND kind = 'sale')
		FROM analytics_daily
		WHERE day >= $4 AND day <= $5 AND ($3 = '' OR module_id = $3)`,
		append(p.Args(), p.First, p.Last, analytics.PreviewRead, analytics.ModuleViewed)...).Scan(&previews, &modules, &checkouts, &orders)
	if err != nil {
		return fmt.Errorf("the way to a purchase: %w", err)
	}
	viewed := func(n int, kind analytics.Kind) number {
		c := count(n, p.Link("/admin/views", "kind", string(kind)))
		c.Sum = true // of the days and lessons
		return c
	}
	v.Funnel = []step{
		{"Free lessons read", viewed(previews, analytics.PreviewRead), "each time that one was opened by who does not have its module", bar{}},
		{"Module pages viewed", viewed(modules, analytics.ModuleViewed), "each time that one was opened", bar{}},
		{"Checkouts begun", count(checkouts, p.Link("/admin/checkouts")), "each time that somebody went to pay, or came back to it later", bar{}},
		{"Orders", count(orders, p.Link("/admin/sales", "kind", "sale")), "paid, or free of charge", bar{}},
	}
	most := 1
	for _, s := range v.Funnel {
		most = max(most, s.Number.Value)
	}
	for i, s := range v.Funnel {
		v.Funnel[i].Bar = bar{W: percent(s.Number.Value, most), Height: funnelHeight}
	}
	return nil
}
