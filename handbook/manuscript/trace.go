package manuscript

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// pieces is what a curve is cut into.
const pieces = 12

var (
	command = regexp.MustCompile(`([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)`)
	// The two flags of an arc may stand together with what follows.
	arc = regexp.MustCompile(`([-+.\d][.\deE]*)[\s,]*([-+.\d][.\deE]*)[\s,]+([-+.\d][.\deE]*)[\s,]+([01])[\s,]*([01])[\s,]*([-+.\d][.\deE]*)[\s,]*([-+.\d][.\deE]*)`)
)

// takes is how many numbers a command of a path takes.
var takes = map[byte]int{'m': 2, 'l': 2, 'h': 1, 'v': 1, 'c': 6, 's': 4, 'q': 4, 't': 2, 'a': 7}

// tracer follows the commands of a path.
type tracer struct {
	outline    outline
	pen, start point
	curve      byte // c or q, if the last command drew one
	control    point
}

// traced is the outline of a path's data.
func traced(data string) outline {
	t := &tracer{}
	for _, c := range command.FindAllStringSubmatch(data, -1) {
		t.command(c[1][0], c[2])
	}
	return t.outline
}

func (t *tracer) command(letter byte, text string) {
	kind := letter | 0x20
	if kind == 'z' {
		t.to(t.start)
		return
	}
	n := numbers(text)
	if kind == 'a' {
		n = nil
		for _, m := range arc.FindAllStringSubmatch(text, -1) {
			n = append(n, numbers(strings.Join(m[1:], " "))...)
		}
	}
	relative := kind == letter
	for step := range slices.Chunk(n, takes[kind]) {
		if len(step) < takes[kind] {
			return
		}
		if relative {
			t.move(kind, step)
		}
		t.draw(kind, step)
		if kind == 'm' {
			kind = 'l' // what follows are lines
		}
	}
}

// move counts a command's numbers from the pen.
func (t *tracer) move(kind byte, n []float64) {
	switch kind {
	case 'h':
		n[0] += t.pen.x
	case 'v':
		n[0] += t.pen.y
	case 'a':
		n[5], n[6] = n[5]+t.pen.x, n[6]+t.pen.y
	default:
		for i := 0; i < len(n); i += 2 {
			n[i], n[i+1] = n[i]+t.pen.x, n[i+1]+t.pen.y
		}
	}
}

func (t *tracer) draw(kind byte, n []float64) {
	at := func(i int) point { return point{n[i], n[i+1]} }
	switch kind {
	case 'm':
		t.pen, t.start = at(0), at(0)
		t.outline = append(t.outline, []point{t.pen})
	case 'l':
		t.to(at(0))
	case 'h':
		t.to(point{n[0], t.pen.y})
	case 'v':
		t.to(point{t.pen.x, n[0]})
	case 'c':
		t.cubic(at(0), at(2), at(4))
	case 's':
		t.cubic(t.mirrored('c'), at(0), at(2))
	case 'q':
		t.quadratic(at(0), at(2))
	case 't':
		t.quadratic(t.mirrored('q'), at(0))
	case 'a':
		t.arc(n)
	}
}

// to draws a line.
func (t *tracer) to(p point) {
	if len(t.outline) == 0 {
		t.outline = outline{{t.pen}}
	}
	last := len(t.outline) - 1
	t.outline[last] = append(t.outline[last], p)
	t.pen, t.curve = p, 0
}

// mirrored is where the next curve's first control point is by itself.
func (t *tracer) mirrored(curve byte) point {
	if t.curve != curve {
		return t.pen
	}
	return point{2*t.pen.x - t.control.x, 2*t.pen.y - t.control.y}
}

func (t *tracer) cubic(b, c, d point) {
	a := t.pen
	for i := 1; i <= pieces; i++ {
		u := float64(i) / pieces
		v := 1 - u
		mix := func(a, b, c, d float64) float64 { return v*v*v*a + 3*v*v*u*b + 3*v*u*u*c + u*u*u*d }
		t.to(point{mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)})
	}
	t.control, t.curve = c, 'c'
}

func (t *tracer) quadratic(b, c point) {
	a := t.pen
	third := func(p, q point) point { return point{p.x + (q.x-p.x)*2/3, p.y + (q.y-p.y)*2/3} }
	t.cubic(third(a, b), third(c, b), c)
	t.control, t.curve = b, 'q'
}

// arc goes by the formulas of SVG's appendix on arcs: from the end points to
// the centre.
func (t *tracer) arc(n []float64) {
	end, rx, ry := point{n[5], n[6]}, math.Abs(n[0]), math.Abs(n[1])
	if rx == 0 || ry == 0 || end == t.pen {
		t.to(end)
		return
	}
	sin, cos := math.Sincos(n[2] * math.Pi / 180)
	dx, dy := (t.pen.x-end.x)/2, (t.pen.y-end.y)/2
	x, y := cos*dx+sin*dy, cos*dy-sin*dx
	if scale := x*x/(rx*rx) + y*y/(ry*ry); scale > 1 {
		rx, ry = rx*math.Sqrt(scale), ry*math.Sqrt(scale)
	}
	factor := math.Sqrt(max(0, (rx*rx*ry*ry-rx*rx*y*y-ry*ry*x*x)/(rx*rx*y*y+ry*ry*x*x)))
	if n[3] == n[4] {
		factor = -factor
	}
	cx, cy := factor*rx*y/ry, -factor*ry*x/rx
	centre := point{cos*cx - sin*cy + (t.pen.x+end.x)/2, sin*cx + cos*cy + (t.pen.y+end.y)/2}
	from := math.Atan2((y-cy)/ry, (x-cx)/rx)
	sweep := math.Atan2((-y-cy)/ry, (-x-cx)/rx) - from
	switch {
	case n[4] == 0 && sweep > 0:
		sweep -= 2 * math.Pi
	case n[4] == 1 && sweep < 0:
		sweep += 2 * math.Pi
	}
	for i := 1; i < pieces; i++ {
		s, c := math.Sincos(from + sweep*float64(i)/pieces)
		t.to(point{centre.x + rx*c*cos - ry*s*sin, centre.y + rx*c*sin + ry*s*cos})
	}
	t.to(end)
}
