package manuscript

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/colornames"
)

// A paint is what a shape is filled or drawn with.
type paint struct {
	colour  color.RGBA // without alpha
	alpha   float64    // 0: nothing is seen
	unknown bool       // a gradient or the like: nothing on it is judged
}

// painted reads a paint of SVG; ok is false for what this does not know.
// currentColor is black: a figure is an image, and inherits nothing.
func painted(value string) (p paint, ok bool) {
	value = strings.ToLower(strings.TrimSpace(value))
	switch {
	case value == "none" || value == "transparent":
		return paint{}, true
	case value == "currentcolor":
		return paint{alpha: 1}, true
	case strings.HasPrefix(value, "#"):
		return hexadecimal(value[1:])
	case strings.HasPrefix(value, "rgb"):
		return functional(value)
	}
	c, ok := colornames.Map[value]
	return paint{colour: c, alpha: 1}, ok
}

// hexadecimal reads rgb, rgba, rrggbb or rrggbbaa.
func hexadecimal(digits string) (p paint, ok bool) {
	if len(digits) == 3 || len(digits) == 4 {
		var twice strings.Builder
		for _, d := range digits {
			twice.WriteRune(d)
			twice.WriteRune(d)
		}
		digits = twice.String()
	}
	if len(digits) == 6 {
		digits += "ff"
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 8 {
		return p, false
	}
	return paint{colour: color.RGBA{R: uint8(n >> 24), G: uint8(n >> 16), B: uint8(n >> 8)}, alpha: float64(uint8(n)) / 255}, true
}

// functional reads rgb(…) and rgba(…), of numbers or percentages.
func functional(value string) (p paint, ok bool) {
	_, inside, found := strings.Cut(strings.TrimSuffix(value, ")"), "(")
	fields := strings.FieldsFunc(inside, func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if !found || len(fields) < 3 || len(fields) > 4 {
		return p, false
	}
	channels := [4]float64{3: 1}
	for i, field := range fields {
		n, err := strconv.ParseFloat(strings.TrimSuffix(field, "%"), 64)
		if err != nil {
			return p, false
		}
		switch {
		case strings.HasSuffix(field, "%") && i < 3:
			n *= 2.55
		case strings.HasSuffix(field, "%"):
			n /= 100
		}
		channels[i] = n
	}
	channel := func(n float64) uint8 { return uint8(math.Round(max(0, min(n, 255)))) }
	return paint{
		colour: color.RGBA{R: channel(channels[0]), G: channel(channels[1]), B: channel(channels[2])},
		alpha:  max(0, min(channels[3], 1)),
	}, true
}

// over is a paint laid over a ground.
func (p paint) over(ground color.RGBA) color.RGBA {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*p.alpha + float64(b)*(1-p.alpha))) }
	return color.RGBA{R: mix(p.colour.R, ground.R), G: mix(p.colour.G, ground.G), B: mix(p.colour.B, ground.B)}
}

// contrast is the ratio that WCAG 2 defines, from 1 to 21.
func contrast(a, b color.RGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.RGBA) float64 {
	linear := func(channel uint8) float64 {
		v := float64(channel) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// nearest is the colour most like c that stands out enough from a ground.
func nearest(c, ground color.RGBA, enough float64) color.RGBA {
	for step := 1; step <= 100; step++ {
		alpha := float64(step) / 100
		for _, end := range []color.RGBA{{}, {R: 255, G: 255, B: 255}} {
			if mixed := (paint{colour: end, alpha: alpha}).over(c); contrast(mixed, ground) >= enough {
				return mixed
			}
		}
	}
	return color.RGBA{}
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
