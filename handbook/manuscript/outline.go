package manuscript

import (
	"encoding/xml"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// point is a place of a drawing.
type point struct{ x, y float64 }

// outline is a shape as polygons; curves are cut into pieces.
type outline [][]point

// matrix is an affine transformation, as SVG writes it.
type matrix [6]float64

func (m matrix) at(p point) point {
	return point{m[0]*p.x + m[2]*p.y + m[4], m[1]*p.x + m[3]*p.y + m[5]}
}

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[2]*n[1], m[1]*n[0] + m[3]*n[1],
		m[0]*n[2] + m[2]*n[3], m[1]*n[2] + m[3]*n[3],
		m[0]*n[4] + m[2]*n[5] + m[4], m[1]*n[4] + m[3]*n[5] + m[5],
	}
}

var (
	step    = regexp.MustCompile(`([a-zA-Z]+)\s*\(([^)]*)\)`)
	decimal = regexp.MustCompile(`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`)
)

func numbers(text string) []float64 {
	var list []float64
	for _, digits := range decimal.FindAllString(text, -1) {
		n, _ := strconv.ParseFloat(digits, 64)
		list = append(list, n)
	}
	return list
}

// transformed reads a transform attribute.
func transformed(m matrix, text string) matrix {
	for _, s := range step.FindAllStringSubmatch(text, -1) {
		n := append(numbers(s[2]), make([]float64, 6)...)
		given := len(n) - 6
		sin, cos := math.Sincos(n[0] * math.Pi / 180)
		switch s[1] {
		case "translate":
			m = m.times(matrix{1, 0, 0, 1, n[0], n[1]})
		case "scale":
			if given < 2 {
				n[1] = n[0]
			}
			m = m.times(matrix{n[0], 0, 0, n[1], 0, 0})
		case "rotate":
			m = m.times(matrix{1, 0, 0, 1, n[1], n[2]}).times(matrix{cos, sin, -sin, cos, 0, 0}).times(matrix{1, 0, 0, 1, -n[1], -n[2]})
		case "skewX":
			m = m.times(matrix{1, 0, math.Tan(n[0] * math.Pi / 180), 1, 0, 0})
		case "skewY":
			m = m.times(matrix{1, math.Tan(n[0] * math.Pi / 180), 0, 1, 0, 0})
		case "matrix":
			m = m.times(matrix(n[:6]))
		}
	}
	return m
}

// shaped is the outline of an element, nil if it has none.
func shaped(name string, attributes []xml.Attr, m matrix) outline {
	text := func(name string) string {
		i := slices.IndexFunc(attributes, func(a xml.Attr) bool { return a.Name.Space == "" && a.Name.Local == name })
		if i < 0 {
			return ""
		}
		return attributes[i].Value
	}
	length := func(name string) float64 {
		n, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text(name)), "px"), 64)
		return n
	}
	var o outline
	switch name {
	case "rect":
		x, y, w, h := length("x"), length("y"), length("width"), length("height")
		if strings.TrimSpace(text("width")) == "100%" && strings.TrimSpace(text("height")) == "100%" {
			x, y, w, h = -1e6, -1e6, 2e6, 2e6
		}
		o = outline{{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}, {x, y}}}
	case "circle":
		o = round(length("cx"), length("cy"), length("r"), length("r"))
	case "ellipse":
		o = round(length("cx"), length("cy"), length("rx"), length("ry"))
	case "line":
		o = outline{{{length("x1"), length("y1")}, {length("x2"), length("y2")}}}
	case "polyline", "polygon":
		var points []point
		for pair := range slices.Chunk(numbers(text("points")), 2) {
			if len(pair) == 2 {
				points = append(points, point{pair[0], pair[1]})
			}
		}
		o = outline{points}
	case "path":
		o = traced(text("d"))
	}
	for _, polygon := range o {
		for i := range polygon {
			polygon[i] = m.at(polygon[i])
		}
	}
	return o
}

func round(cx, cy, rx, ry float64) outline {
	const pieces = 24
	polygon := make([]point, pieces+1)
	for i := range polygon {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / pieces)
		polygon[i] = point{cx + rx*cos, cy + ry*sin}
	}
	return outline{polygon}
}

// contains tells whether a point is inside, by the rule of nonzero winding.
func (o outline) contains(p point) bool {
	winding := 0
	for _, polygon := range o {
		for i := range polygon {
			a, b := polygon[i], polygon[(i+1)%len(polygon)]
			left := (b.x-a.x)*(p.y-a.y) - (p.x-a.x)*(b.y-a.y)
			switch {
			case a.y <= p.y && b.y > p.y && left > 0:
				winding++
			case a.y > p.y && b.y <= p.y && left < 0:
				winding--
			}
		}
	}
	return winding != 0
}

// corners counts the points of an outline.
func (o outline) corners() (n int) {
	for _, polygon := range o {
		n += len(polygon)
	}
	return n
}

// box is the rectangle around an outline.
func (o outline) box() (low, high point) {
	low, high = point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, polygon := range o {
		for _, p := range polygon {
			low = point{min(low.x, p.x), min(low.y, p.y)}
			high = point{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	return low, high
}

// along are points on the lines of an outline: some of each piece where there
// are few, else of some pieces.
func (o outline) along() []point {
	const most, each = 24, 7
	var places []point
	for _, polygon := range o {
		for i := range max(0, len(polygon)-1) {
			a, b := polygon[i], polygon[i+1]
			for k := range each {
				part := (float64(k) + 0.5) / each
				places = append(places, point{a.x + part*(b.x-a.x), a.y + part*(b.y-a.y)})
			}
		}
	}
	if len(places) <= most {
		return places
	}
	some := make([]point, most)
	for i := range some {
		some[i] = places[i*len(places)/most]
	}
	return some
}
