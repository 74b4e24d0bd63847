package dashboard

import (
	"fmt"
	"strconv"
	"strings"

	"pilothandbook/handbook/period"
)

// The measures of a chart, in pixels of CSS. Its width is that of the page, so
// that what is across is told in percent and letters keep their size.
const (
	chartHeight  = 190
	above        = 24 // the highest bar, for its number
	below        = 24 // the lowest, for the days
	plot         = chartHeight - above - below
	filled       = 0.66 // of the room of a day is its bar
	labelled     = 7    // days at most of which each has its number
	funnelHeight = 14
	lineHeight   = 20   // of a bar that lies, with its number behind it
	longest      = 0.66 // of the width is the longest of those
)

// chart is a chart of bars, one for each day.
type chart struct {
	ID          string // in the page
	Title, Says string
	Height      int
	Base        int // of the line on which bars stand, 0 where they lie
	Days        int // at which height the days are named
	Bars        []bar
	Names       []name
}

// bar is a bar, upwards or downwards.
type bar struct {
	X, W      string // in percent
	Y, Height int
	Class     string // down or failed, "" for neither
	Label     name   // its number; without text where there is none
}

// name is a text in a chart.
type name struct {
	X, Anchor string
	Gap       int // before it
	Y         int
	Text      string
}

// bars draws numbers of all days of a period: up above the line, and down, if
// there are any, below it. write writes a number as the page does.
func bars(id, title string, p period.Period, up, down []int, write func(int) string) chart {
	days := p.Days()
	c := chart{ID: id, Title: title, Height: chartHeight, Days: chartHeight - 6}
	highest, top := peak(up)
	deepest, bottom := peak(down)
	scale := float64(plot) / float64(max(1, top+bottom))
	c.Base = above + plot - int(float64(bottom)*scale)
	slot := 100 / float64(len(days))
	for i, day := range days {
		at, middle := (float64(i)+(1-filled)/2)*slot, (float64(i)+0.5)*slot
		if n := up[i]; n > 0 {
			h := max(1, int(float64(n)*scale))
			b := bar{X: share(at), W: share(slot * filled), Y: c.Base - h, Height: h}
			if i == highest || len(days) <= labelled {
				b.Label = c.name(middle, c.Base-h-6, brief(write, n))
			}
			c.Bars = append(c.Bars, b)
		}
		if down != nil && down[i] > 0 {
			c.Bars = append(c.Bars, bar{X: share(at), W: share(slot * filled), Y: c.Base + 1, Height: max(1, int(float64(down[i])*scale)), Class: "down"})
		}
		if len(days) <= labelled || i == 0 || i == len(days)-1 || i == len(days)/2 {
			c.Names = append(c.Names, c.name(middle, c.Days, day.Format("2 Jan")))
		}
	}
	switch on := "2 January 2006"; {
	case top > 0:
		c.Says = fmt.Sprintf("The most, %s, on %s. The table beside it has all numbers.", write(top), days[highest].Format(on))
	case bottom > 0:
		c.Says = fmt.Sprintf("Nothing above the line; the most below it, %s, on %s. The table beside it has all numbers.", write(bottom), days[deepest].Format(on))
	default:
		c.Says = "Nothing in these days."
	}
	return c
}

// lie draws the jobs of each queue: what runs, waits, and has failed, one below
// the other.
func lie(lines []line) chart {
	c := chart{ID: "queues", Title: "Jobs of each queue: running, waiting, failed"}
	most := 1
	for _, l := range lines {
		most = max(most, l.Running.Value, l.Waiting.Value, l.Failed.Value)
	}
	for _, l := range lines {
		c.Height += lineHeight
		c.Names = append(c.Names, name{X: "0", Anchor: "start", Y: c.Height - 7, Text: l.Queue})
		for _, of := range []struct {
			number
			class, word string
		}{{l.Running, "", "running"}, {l.Waiting, "down", "waiting"}, {l.Failed, "failed", "failed"}} {
			n := name{X: "0", Anchor: "start", Y: c.Height + 11, Text: of.Text + " " + of.word}
			if of.Value > 0 {
				n.X, n.Gap = share(max(1, 100*longest*float64(of.Value)/float64(most))), 6
				c.Bars = append(c.Bars, bar{X: "0", W: n.X, Y: c.Height, Height: lineHeight - 7, Class: of.class})
			}
			c.Names = append(c.Names, n)
			c.Height += lineHeight
		}
		c.Height += lineHeight / 2
	}
	c.Says = "The table beside it has all numbers, and leads to the jobs."
	return c
}

// brief writes amounts without cents, rounded, as the table has them.
func brief(write func(int) string, n int) string {
	whole, rest, cents := strings.Cut(write((n+50)/100*100), ".")
	if !cents {
		return write(n)
	}
	return whole + rest[len("00"):]
}

// name places a text so that it stays within the chart.
func (chart) name(middle float64, y int, text string) name {
	n := name{X: share(middle), Anchor: "middle", Y: y, Text: text}
	switch {
	case middle < 6:
		n.X, n.Anchor = "0%", "start"
	case middle > 94:
		n.X, n.Anchor = "100%", "end"
	}
	return n
}

// peak returns the largest number above zero and where it is first, else 0.
func peak(all []int) (at, most int) {
	for i, n := range all {
		if n > most {
			at, most = i, n
		}
	}
	return at, most
}

// percent is how much n is of whole.
func percent(n, whole int) string { return share(100 * float64(n) / float64(max(1, whole))) }

func share(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 2, 64), "0"), ".") + "%"
}
