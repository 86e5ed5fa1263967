// Package plot draws figures as SVG and formats them as text.
package plot

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Plot is a diagram of a few lines.
type Plot struct {
	Name  string // name of the file, without .svg
	Title string
	X, Y  string // what the axes show
	// Time makes the x axis linear from zero, for lines of many points. Otherwise it is logarithmic and each point is
	// marked, which suits numbers of viewers or cameras.
	Time  bool
	Lines []Line
}

// Line is one of a diagram's lines.
type Line struct {
	Name   string
	Points []Point
}

// Point is one point of a line. Points are ordered by X.
type Point struct{ X, Y float64 }

// The diagram's dimensions, in pixels.
const (
	plotWidth, plotHeight   = 640, 320
	left, right, above, low = 70, 20, 40, 50
)

var colours = []string{"#0a6ebd", "#d1495b", "#2e8b57", "#8a5fbf"}

// Write draws the diagram into a folder.
func (p Plot) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, p.Name+".svg"), []byte(p.svg()), 0o644)
}

func (p Plot) svg() string {
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	text := func(x, y float64, anchor, style, content string) {
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`+"\n", x, y, anchor, style, html.EscapeString(content))
	}
	text(plotWidth/2, 20, "middle", `font-size="14" font-weight="bold"`, p.Title)
	text(plotWidth/2, plotHeight-10, "middle", "", p.X)
	text(15, plotHeight/2, "middle", fmt.Sprintf(`transform="rotate(-90 15 %d)"`, plotHeight/2), p.Y)

	minX, maxX, maxY := p.ranges()
	step := niceStep(maxY / 5)
	top := step * math.Ceil(maxY/step)
	x := func(v float64) float64 {
		part := v / maxX
		if !p.Time {
			part = math.Log(v/minX) / math.Max(math.Log(maxX/minX), 1e-9)
		}
		return left + (plotWidth-left-right)*part
	}
	y := func(v float64) float64 { return plotHeight - low - (plotHeight-above-low)*v/top }
	for v := 0.0; v <= top*1.001; v += step {
		fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", left, plotWidth-right, y(v), y(v))
		text(left-6, y(v)+4, "end", "", Number(v))
	}
	for _, v := range p.ticks(maxX) {
		text(x(v), plotHeight-low+18, "middle", "", Number(v))
	}
	for i, l := range p.Lines {
		colour := colours[i%len(colours)]
		var path strings.Builder
		for _, at := range l.Points {
			fmt.Fprintf(&path, "%.1f,%.1f ", x(at.X), y(at.Y))
			if !p.Time {
				fmt.Fprintf(&s, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(at.X), y(at.Y), colour)
			}
		}
		fmt.Fprintf(&s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(path.String()), colour)
		text(left+10, above+float64(15*i)+5, "start", `fill="`+colour+`"`, l.Name)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// ranges are the smallest and largest x and the largest y of all lines.
func (p Plot) ranges() (minX, maxX, maxY float64) {
	minX = math.Inf(1)
	for _, l := range p.Lines {
		for _, at := range l.Points {
			minX, maxX, maxY = min(minX, at.X), max(maxX, at.X), max(maxY, at.Y)
		}
	}
	return minX, max(maxX, 1e-9), maxY
}

// ticks are the values that the x axis shows: even steps of time, else the points of the first line.
func (p Plot) ticks(maxX float64) (ticks []float64) {
	if p.Time {
		step := niceStep(maxX / 8)
		for v := 0.0; v <= maxX*1.001; v += step {
			ticks = append(ticks, v)
		}
		return ticks
	}
	if len(p.Lines) > 0 {
		for _, at := range p.Lines[0].Points {
			ticks = append(ticks, at.X)
		}
	}
	return ticks
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= v {
			return n * power
		}
	}
	return 10 * power
}

// Number formats a value with three significant digits, and no fewer before the point.
func Number(v float64) string {
	switch {
	case v >= 100 || v == float64(int(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
}
