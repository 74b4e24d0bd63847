package highlight

import "time"

// Slow has a Painter think that code took so long beyond what is usual.
func (p *Painter) Slow(d time.Duration) { p.slow.Add(int64(d)) }

// Took tells how long code took beyond that.
func (p *Painter) Took() time.Duration { return time.Duration(p.slow.Load()) }
