package plot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlotIsScaledToItsPoints(t *testing.T) {
	line := []Line{{Name: "a < b", Points: []Point{{1, 10}, {10, 20}, {100, 40}}}}
	for _, c := range []struct {
		plot Plot
		want []string // parts of the picture
	}{
		// The points are marked and named, and equally far apart: the axis is from 70 to 620.
		{Plot{Name: "log", Lines: line}, []string{`<circle cx="345.0"`, `points="70.0,`, ` 345.0,`, ` 620.0,`, ">10</text>", "a &lt; b"}},
		// A tenth of the time is a tenth of the axis, and its steps are even.
		{Plot{Name: "time", Time: true, Lines: line}, []string{`points="75.5,`, ` 125.0,`, ` 620.0,`, ">80</text>"}},
	} {
		dir := t.TempDir()
		if err := c.plot.Write(dir); err != nil {
			t.Fatal(err)
		}
		svg, err := os.ReadFile(filepath.Join(dir, c.plot.Name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range c.want {
			if !strings.Contains(string(svg), part) {
				t.Errorf("%s has no %q:\n%s", c.plot.Name, part, svg)
			}
		}
		if c.plot.Time && strings.Contains(string(svg), "<circle") {
			t.Error("each sample is marked")
		}
	}
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 3: "3", 0.12345: "0.123", 1.2345: "1.23", 12.345: "12.3", 123.45: "123", 12345: "12345"} {
		if got := Number(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}
