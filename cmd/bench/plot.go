package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"

	"framegate/internal/table"
)

// plot is a diagram with a logarithmic x axis, which suits numbers of viewers and of cameras.
type plot struct {
	name  string // of the file, without .svg
	title string
	x, y  string // what the axes show
	lines []line
}

type line struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// The diagram's measures, in pixels.
const (
	plotWidth, plotHeight   = 640, 320
	left, right, above, low = 70, 20, 40, 50
)

var colours = []string{"#0a6ebd", "#d1495b", "#2e8b57", "#8a5fbf"}

// write draws the diagram into a folder.
func (p plot) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, p.name+".svg"), []byte(p.svg()), 0o644)
}

func (p plot) svg() string {
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	text := func(x, y float64, anchor, style, words string) {
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`+"\n", x, y, anchor, style, html.EscapeString(words))
	}
	text(plotWidth/2, 20, "middle", `font-size="14" font-weight="bold"`, p.title)
	text(plotWidth/2, plotHeight-10, "middle", "", p.x)
	text(15, plotHeight/2, "middle", fmt.Sprintf(`transform="rotate(-90 15 %d)"`, plotHeight/2), p.y)

	minX, maxX, maxY := math.Inf(1), 0.0, 0.0
	for _, l := range p.lines {
		for _, at := range l.points {
			minX, maxX, maxY = min(minX, at.x), max(maxX, at.x), max(maxY, at.y)
		}
	}
	step := niceStep(maxY / 5)
	top := step * math.Ceil(maxY/step)
	x := func(v float64) float64 {
		return left + (plotWidth-left-right)*math.Log(v/minX)/math.Max(math.Log(maxX/minX), 1e-9)
	}
	y := func(v float64) float64 { return plotHeight - low - (plotHeight-above-low)*v/top }
	for v := 0.0; v <= top*1.001; v += step {
		fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", left, plotWidth-right, y(v), y(v))
		text(left-6, y(v)+4, "end", "", table.Number(v))
	}
	for i, l := range p.lines {
		colour := colours[i%len(colours)]
		var path strings.Builder
		for _, at := range l.points {
			fmt.Fprintf(&path, "%.1f,%.1f ", x(at.x), y(at.y))
			fmt.Fprintf(&s, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(at.x), y(at.y), colour)
			if i == 0 {
				text(x(at.x), plotHeight-low+18, "middle", "", table.Number(at.x))
			}
		}
		fmt.Fprintf(&s, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(path.String()), colour)
		text(left+10, above+float64(15*i)+5, "start", `fill="`+colour+`"`, l.name)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// niceStep is 1, 2 or 5 times a power of ten, and not below v.
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
