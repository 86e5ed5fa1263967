package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/tools/endure/check"

	"golang.org/x/sync/errgroup"
)

type soak struct {
	For       time.Duration `default:"1h" help:"How long framegate is measured."`
	Warm      time.Duration `default:"5m" help:"How long framegate serves before that."`
	Every     time.Duration `default:"10s" help:"How often framegate is measured."`
	Seed      uint64        `help:"Seed of everything that is random; without it, one from the clock."`
	Cameras   int           `default:"16" help:"Number of cameras."`
	Viewers   int           `default:"40" help:"Number of viewers at a time. A fast one stays with each camera all the time, the others come and go."`
	Framegate string        `type:"path" placeholder:"FILE" help:"The framegate to run; without it, the one beside endure."`
	JSON      string        `type:"path" placeholder:"FILE" help:"Write the report as JSON to this file too."`
	Plots     string        `type:"path" placeholder:"DIR" help:"Write plots as SVG to this folder."`
}

// soakReport is what a soak has found.
type soakReport struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	Soak    soak    `json:"soak"`
	Trends  []trend `json:"trends"`
	check.Tally
	Usages []usage `json:"usages"`
}

// trend is how a figure changed after the warm-up.
type trend struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"` // empty for a count
	Begin  float64 `json:"begin"`
	Most   float64 `json:"most"`
	End    float64 `json:"end"`
	Slope  float64 `json:"slope"` // per hour
	StdErr float64 `json:"standard_error"`
}

// Run implements kong's command.
func (s soak) Run(ctx context.Context) error {
	s.Seed = cmp.Or(s.Seed, uint64(time.Now().UnixNano()%1e9))
	fmt.Fprintf(os.Stderr, "endure: soak with seed %d\n", s.Seed)
	t, err := newTestbed(ctx, testbedConfig{framegate: s.Framegate, cameras: s.Cameras, warm: s.Warm})
	if err != nil {
		return err
	}
	usages, err := s.measure(ctx, t)
	t.checkLog()
	t.stop()
	if err != nil && ctx.Err() == nil {
		t.checker.Report("", time.Now(), "%v", err)
	}
	tally, _ := t.checker.Result()
	found := soakReport{
		Machine: machine.String(), Date: time.Now().Format(time.DateOnly), Soak: s,
		Trends: trends(usages, s.Warm), Tally: tally, Usages: usages,
	}
	found.print(os.Stdout)
	if s.JSON != "" {
		if err := writeJSON(s.JSON, found); err != nil {
			return err
		}
	}
	if s.Plots != "" {
		for _, p := range plots(usages) {
			if err := p.Write(s.Plots); err != nil {
				return err
			}
		}
	}
	if n := len(found.Violations); n > 0 {
		return fmt.Errorf("%d violations with seed %d", n, s.Seed)
	}
	return ctx.Err()
}

// measure measures framegate while viewers watch.
func (s soak) measure(ctx context.Context, t *testbed) (usages []usage, err error) {
	all, ctx := errgroup.WithContext(ctx)
	ctx, cancel := context.WithTimeout(ctx, s.Warm+s.For)
	defer cancel()
	all.Go(func() error { return t.observe(ctx) })
	all.Go(func() error {
		var watching sync.WaitGroup
		defer watching.Wait()
		watching.Go(func() { t.viewers(s.Seed).run(ctx, s.Viewers) })
		for {
			sleep(ctx, s.Every)
			if ctx.Err() != nil {
				return nil
			}
			asked := time.Now()
			u, err := measure(ctx, t.framegate, t.began)
			t.answered(ctx, "/metrics", asked)
			if err == nil {
				usages = append(usages, u)
			} else if ctx.Err() == nil {
				return err
			}
		}
	})
	err = all.Wait()
	return usages, err
}

// trends fits a line to each figure, after the warm-up.
func trends(usages []usage, warm time.Duration) (all []trend) {
	for _, f := range figures {
		t := trend{Name: f.name, Unit: f.unit}
		var hours, values []float64
		for _, u := range usages {
			if u.At < warm {
				continue
			}
			value := f.of(u) / f.scale
			if len(values) == 0 {
				t.Begin = value
			}
			t.Most, t.End = max(t.Most, value), value
			hours, values = append(hours, u.At.Hours()), append(values, value)
		}
		if len(values) < 3 {
			return nil
		}
		t.Slope, t.StdErr = slope(hours, values)
		all = append(all, t)
	}
	return all
}

// plots draws the figures in megabytes and the counts.
func plots(usages []usage) []plot.Plot {
	memory := plot.Plot{Name: "soak-memory", Title: "Memory of framegate", X: "minutes", Y: "MB", Time: true}
	counts := plot.Plot{Name: "soak-counts", Title: "What framegate holds", X: "minutes", Time: true}
	for _, f := range figures {
		line := plot.Line{Name: f.name}
		for _, u := range usages {
			line.Points = append(line.Points, plot.Point{X: u.At.Minutes(), Y: f.of(u) / f.scale})
		}
		if f.unit == "MB" {
			memory.Lines = append(memory.Lines, line)
		} else {
			counts.Lines = append(counts.Lines, line)
		}
	}
	return []plot.Plot{memory, counts}
}

// print writes what was found as Markdown.
func (s soakReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s, on %s: soak for %v after %v of warming up, with seed %d, %d cameras and %d viewers.\n\n",
		s.Machine, s.Date, s.Soak.For, s.Soak.Warm, s.Soak.Seed, s.Soak.Cameras, s.Soak.Viewers)
	fmt.Fprint(w, "| framegate's | after warming up | at most | at the end | change per hour | its standard error |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, t := range s.Trends {
		unit := ""
		if t.Unit != "" {
			unit = " " + t.Unit
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %+.2f%s | %.2f%s |\n",
			t.Name, plot.Number(t.Begin)+unit, plot.Number(t.Most)+unit, plot.Number(t.End)+unit, t.Slope, unit, t.StdErr, unit)
	}
	fmt.Fprintf(w, "\nThe longest wait of a viewer was %s, in %d parts of streams. The machine itself was late by %s in all.\n",
		seconds(s.LongestWait), s.Frames, seconds(s.Late))
	printViolations(w, s.Violations, nil)
}
