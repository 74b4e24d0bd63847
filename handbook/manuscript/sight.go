package manuscript

import (
	"cmp"
	"encoding/xml"
	"image/color"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What figures lie on: the plate, on dark pages too, and those for dark pages
// alone on the page itself. See reader/static/handbook.css.
var (
	plate = color.RGBA{R: 0xfb, G: 0xf9, B: 0xf4}
	night = color.RGBA{R: 0x10, G: 0x17, B: 0x1e}
)

// What WCAG 2.2 asks for (1.4.3 and 1.4.11), and from where on a line is meant
// to be seen at all: one in the colour of its ground covers what is below.
const (
	textContrast = 4.5
	lineContrast = 3
	meant        = 1.1

	maxAreas = 2_000       // that are remembered; what lies on later ones is judged without them
	maxSteps = 100_000_000 // of looking for grounds, a second or less; what comes later is not judged
)

// sight judges whether a drawing can be seen: its text, and lines that are not
// the rim of a filled shape, against what was painted below them before. Areas
// of colour are grounds, and not judged. Nor is what lies on a gradient, what
// is drawn by <use>, and what says that it only decorates by aria-hidden.
type sight struct {
	below color.RGBA // all of the drawing
	open  []look
	rules map[string][][2]string // of a style element, by simple selector
	areas []area
	steps int
	dim   map[verdict]*finding
	order []verdict
}

// look is how an element is painted.
type look struct {
	name         string
	attributes   []xml.Attr
	fill, stroke paint
	opacity      [3]float64 // of all, fill and stroke
	size, width  float64    // of letters; of lines
	anchor       string
	halo         bool // lines are below the fill
	hidden       bool
	pen          point // of text
	transform    matrix
	line, column int
}

// area is a filled shape.
type area struct {
	outline
	low, high point
	paint
}

// verdict is a pair of colours that cannot be told apart.
type verdict struct {
	paint, ground color.RGBA
	text          bool
}

type finding struct {
	line, column, more int
	word               string
}

func newSight(below color.RGBA) *sight {
	return &sight{below: below, rules: map[string][][2]string{}, dim: map[verdict]*finding{}}
}

func (s *sight) start(t xml.StartElement, line, column int) {
	l := look{fill: paint{alpha: 1}, opacity: [3]float64{1, 1, 1}, size: 16, width: 1, transform: matrix{1, 0, 0, 1, 0, 0}}
	if len(s.open) > 0 {
		l = s.open[len(s.open)-1]
	}
	l.name, l.attributes, l.line, l.column = t.Name.Local, t.Attr, line, column
	for _, pair := range s.declared(t) {
		l.set(pair[0], pair[1])
	}
	switch t.Name.Local {
	case "defs", "symbol", "marker", "clipPath", "mask", "pattern", "title", "desc", "style", "metadata":
		l.hidden = true
	}
	if !l.hidden {
		s.shape(&l)
	}
	s.open = append(s.open, l)
}

func (s *sight) end() {
	last := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	if last.name == "tspan" && len(s.open) > 0 {
		s.open[len(s.open)-1].pen = last.pen
	}
}

// declared are an element's properties, those that count for most last.
func (s *sight) declared(t xml.StartElement) [][2]string {
	var plain, inline [][2]string
	selectors := []string{t.Name.Local}
	for _, a := range t.Attr {
		switch {
		case a.Name.Space != "":
		case a.Name.Local == "class":
			for class := range strings.FieldsSeq(a.Value) {
				selectors = append(selectors, "."+class, t.Name.Local+"."+class)
			}
		case a.Name.Local == "id":
			selectors = append(selectors, "#"+a.Value)
		case a.Name.Local == "style":
			inline = declarations(a.Value)
		default:
			plain = append(plain, [2]string{a.Name.Local, a.Value})
		}
	}
	for _, selector := range selectors {
		plain = append(plain, s.rules[selector]...)
	}
	return append(plain, inline...)
}

func declarations(css string) [][2]string {
	var list [][2]string
	for declaration := range strings.SplitSeq(css, ";") {
		if name, value, found := strings.Cut(declaration, ":"); found {
			list = append(list, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
	}
	return list
}

var cssRule = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)

// style takes in a style element. Selectors other than an element's name, its
// class and its id are left out.
func (s *sight) style(css string) {
	for _, m := range cssRule.FindAllStringSubmatch(css, -1) {
		for selector := range strings.SplitSeq(m[1], ",") {
			selector = strings.TrimSpace(selector)
			s.rules[selector] = append(s.rules[selector], declarations(m[2])...)
		}
	}
}

func (l *look) set(name, value string) {
	number := func(into *float64) {
		if n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), "px"), 64); err == nil {
			*into = n
		}
	}
	switch name {
	case "fill":
		l.fill = known(value, l.fill)
	case "stroke":
		l.stroke = known(value, l.stroke)
	case "opacity":
		of := 1.0
		number(&of)
		l.opacity[0] *= of
	case "fill-opacity":
		number(&l.opacity[1])
	case "stroke-opacity":
		number(&l.opacity[2])
	case "stroke-width":
		number(&l.width)
	case "font-size":
		number(&l.size)
	case "text-anchor":
		l.anchor = value
	case "paint-order":
		l.halo = strings.HasPrefix(strings.TrimSpace(value), "stroke")
	case "transform":
		l.transform = transformed(l.transform, value)
	case "aria-hidden":
		l.hidden = l.hidden || value == "true"
	case "display":
		l.hidden = l.hidden || value == "none"
	case "visibility":
		l.hidden = l.hidden || value == "hidden"
	}
}

func known(value string, inherited paint) paint {
	if value == "inherit" {
		return inherited
	}
	p, ok := painted(value)
	if !ok {
		return paint{alpha: 1, unknown: true}
	}
	return p
}

func (l *look) filled() paint  { return l.faded(l.fill, 1) }
func (l *look) stroked() paint { return l.faded(l.stroke, 2) }

func (l *look) faded(p paint, of int) paint {
	p.alpha *= max(0, min(l.opacity[0]*l.opacity[of], 1))
	if of == 2 && l.width <= 0 {
		p.alpha = 0
	}
	return p
}

// shape judges the lines of an element, and remembers the area that it fills.
func (s *sight) shape(l *look) {
	if l.name == "text" || l.name == "tspan" {
		l.place()
		return
	}
	o := shaped(l.name, l.attributes, l.transform)
	if o == nil {
		return
	}
	fill := l.filled()
	isLine := l.name == "line" || fill.alpha == 0
	if stroke := l.stroked(); isLine && stroke.alpha > 0 {
		s.judge(o.along(), stroke, paint{}, false, l, "")
	}
	if !isLine && len(s.areas) < maxAreas {
		low, high := o.box()
		s.areas = append(s.areas, area{o, low, high, fill})
	}
}

// place moves the pen to where a text says that it begins.
func (l *look) place() {
	for _, a := range l.attributes {
		n := numbers(a.Value)
		if len(n) == 0 || a.Name.Space != "" {
			continue
		}
		switch a.Name.Local {
		case "x":
			l.pen.x = n[0]
		case "y":
			l.pen.y = n[0]
		case "dx":
			l.pen.x += n[0]
		case "dy":
			l.pen.y += n[0]
		}
	}
}

// text judges what stands in the element that is open.
func (s *sight) text(words string) {
	words = strings.Join(strings.Fields(words), " ")
	if len(s.open) == 0 || words == "" {
		return
	}
	l := &s.open[len(s.open)-1]
	if l.name != "text" && l.name != "tspan" || l.hidden {
		return
	}
	// Letters are about half as wide as they are high. Nobody here knows the
	// reader's fonts, so that only the middle of the text is asked for.
	width := 0.52 * l.size * float64(len([]rune(words)))
	begin := l.pen.x
	switch l.anchor {
	case "middle":
		begin -= width / 2
	case "end":
		begin -= width
	}
	var at []point
	for _, part := range []float64{0.3, 0.5, 0.7} {
		at = append(at, l.transform.at(point{begin + part*width, l.pen.y - 0.35*l.size}))
	}
	below := paint{}
	if l.halo && l.width >= 2 {
		below = l.stroked()
	}
	s.judge(at, l.filled(), below, true, l, words)
	l.pen.x += width
}

// judge compares a paint with its grounds: most of the points decide.
func (s *sight) judge(at []point, p, halo paint, text bool, l *look, words string) {
	if p.unknown || p.alpha == 0 || len(at) == 0 {
		return
	}
	votes := map[verdict]int{}
	for _, place := range at {
		ground, ok := s.ground(place)
		if !ok || halo.unknown {
			continue
		}
		ground = halo.over(ground)
		seen := p.over(ground)
		ratio := contrast(seen, ground)
		if text && ratio < textContrast || !text && ratio < lineContrast && ratio >= meant {
			votes[verdict{seen, ground, text}]++
		}
	}
	dim, worst := 0, verdict{}
	for v, n := range votes {
		if dim += n; n > votes[worst] || n == votes[worst] && hex(v.ground) < hex(worst.ground) {
			worst = v
		}
	}
	if 2*dim > len(at) {
		s.tell(worst, l, words)
	}
}

func (s *sight) tell(v verdict, l *look, words string) {
	if f := s.dim[v]; f != nil {
		f.more++
		return
	}
	s.dim[v] = &finding{line: l.line, column: l.column, word: words}
	s.order = append(s.order, v)
}

// ground is the colour at a point before what comes next; ok is false if it is
// not known.
func (s *sight) ground(p point) (ground color.RGBA, ok bool) {
	var layers []paint
	for _, a := range slices.Backward(s.areas) {
		if s.steps++; s.steps > maxSteps {
			return ground, false
		}
		if p.x < a.low.x || p.x > a.high.x || p.y < a.low.y || p.y > a.high.y {
			continue
		}
		s.steps += a.corners()
		if !a.contains(p) {
			continue
		}
		if a.unknown {
			return ground, false
		}
		layers = append(layers, a.paint)
		if a.alpha >= 1 {
			break
		}
	}
	ground = s.below
	for _, layer := range slices.Backward(layers) {
		ground = layer.over(ground)
	}
	return ground, true
}

// report tells each pair of colours once, where it is seen first.
func (s *sight) report(fault func(line, column int, format string, args ...any)) {
	for _, v := range s.order {
		f := s.dim[v]
		what, need := "a line", float64(lineContrast)
		if v.text {
			what, need = "the text "+strconv.Quote(shortened(f.word)), textContrast
		}
		others := ""
		if f.more > 0 {
			others = ", as " + strconv.Itoa(f.more) + " more are"
		}
		fault(f.line, f.column, "%s is %s on %s%s, a contrast of %.1f:1 where %.3g:1 is needed; take %s, or mark what only decorates with aria-hidden=\"true\"",
			what, hex(v.paint), hex(v.ground), others, math.Floor(10*contrast(v.paint, v.ground))/10, need, hex(nearest(v.paint, v.ground, need)))
	}
}

func shortened(words string) string {
	const most = 30
	if r := []rune(words); len(r) > most {
		return string(r[:most]) + "…"
	}
	return cmp.Or(words, "…")
}
