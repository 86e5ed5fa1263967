package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/tools/endure/check"
)

type wall struct {
	For       time.Duration `default:"1h" help:"How long the wall is watched, and its memory compared."`
	Warm      time.Duration `default:"5m" help:"How long it is shown before that."`
	Cameras   int           `default:"16" help:"Number of cameras, 5 or more: the wall shows fewer as streams, which do not tell what they show."`
	FPS       int           `name:"fps" default:"2" help:"Pictures a second of each camera."`
	Away      time.Duration `default:"3m" help:"How often a camera goes away, one after the other, for 10 s each."`
	Framegate string        `type:"path" placeholder:"FILE" help:"The framegate to run; without it, the one beside endure."`
	JSON      string        `type:"path" placeholder:"FILE" help:"Write the report as JSON to this file too."`
}

// Validate implements kong's check of the command line.
func (w wall) Validate() error {
	if w.Cameras < 5 {
		return errors.New("--cameras: want 5 or more")
	}
	if w.For < 8*measureEvery {
		return fmt.Errorf("--for: want %v or more, so that memory is measured in the first and in the last quarter", 8*measureEvery)
	}
	return nil
}

const (
	lookEvery    = time.Second
	measureEvery = 10 * time.Second
	printEvery   = time.Minute
	awayTime     = 10 * time.Second
	pageTime     = 30 * time.Second // after which a page that does not answer hangs
)

// wallUsage is the memory that a wall takes at a moment, in bytes.
type wallUsage struct {
	At      time.Duration `json:"at"`         // since the beginning
	Scripts float64       `json:"scripts"`    // objects of the tab's scripts
	Browser float64       `json:"browser"`    // resident, of all processes
	Memory  float64       `json:"memory"`     // framegate's, resident
	Heap    float64       `json:"go_heap"`    // in use
	Oldest  float64       `json:"oldest_age"` // ms, of the oldest picture of a camera that was not away, since the last usage
}

// wallFigure is one of the figures that must not grow.
type wallFigure struct {
	name string
	of   func(wallUsage) float64
	most float64 // bytes by which it may grow
	part float64 // of the values of a quarter that lie below the one that is compared
}

// wallFigures are compared after 45 minutes, in which 16 cameras with 2 fps send 86,000 pictures of 5 KB. If the page kept one small object
// of 60 bytes for each, its scripts would take 5 MB more. If Chromium kept one JPEG of ten, it would take 43 MB more, and framegate 31 MB if it
// kept one of fourteen. Smaller bounds would be within what both take more and less from minute to minute. Most of the
// objects are garbage, which is collected every few minutes, so the lowest tenth of them is compared in place of the median.
var wallFigures = []wallFigure{
	{"objects of the page's scripts", func(u wallUsage) float64 { return u.Scripts }, 5e6, 0.1},
	{"Chromium, all processes", func(u wallUsage) float64 { return u.Browser }, 40e6, 0.5},
	{"framegate", func(u wallUsage) float64 { return u.Memory }, 30e6, 0.5},
	{"framegate's Go heap", func(u wallUsage) float64 { return u.Heap }, 10e6, 0.5},
}

// wallReport is what a wall has found.
type wallReport struct {
	Machine    string            `json:"machine"`
	Date       string            `json:"date"`
	Wall       wall              `json:"wall"`
	Lost       int               `json:"lost"`     // how often a camera went away
	Pictures   int               `json:"pictures"` // that were seen to replace another one, of all tiles
	Silence    time.Duration     `json:"silence"`  // the longest time for which a tile stood and did not say so
	Pauses     int               `json:"pauses"`   // how often the machine was too late to look
	Usages     []wallUsage       `json:"usages"`
	Violations []check.Violation `json:"violations"`
}

// Run implements kong's command.
func (w wall) Run(ctx context.Context) error {
	found := wallReport{Machine: machine.String(), Date: time.Now().Format(time.DateOnly), Wall: w}
	if err := w.show(ctx, &found); err != nil && ctx.Err() == nil {
		return err
	}
	found.compare()
	found.print(os.Stdout)
	if w.JSON != "" {
		if err := writeJSON(w.JSON, found); err != nil {
			return err
		}
	}
	if n := len(found.Violations); n > 0 {
		return fmt.Errorf("%d violations", n)
	}
	return ctx.Err()
}

// show starts cameras, framegate and Chromium, and watches the wall. The error says what could not be started.
func (w wall) show(ctx context.Context, found *wallReport) error {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return err
	}
	list := make([]testcam.Camera, w.Cameras)
	for i := range list {
		list[i] = testcam.Camera{Width: 320, Height: 180, FPS: w.FPS, Loop: loopTime}
	}
	cameras, stop, err := rig.StartCameras(ctx, testcam.Config{Cameras: list})
	if err != nil {
		return err
	}
	defer stop()
	var served []rig.Camera
	for _, name := range cameras.Names() {
		served = append(served, rig.Camera{ID: name, URL: cameras.URL(name), Keys: "scale: 1"})
	}
	if w.Framegate == "" {
		if w.Framegate, err = besideSelf("framegate"); err != nil {
			return err
		}
	}
	framegate, err := rig.Serve(ctx, w.Framegate, nil, served...)
	if err != nil {
		return err
	}
	defer framegate.Stop()
	tab, end, err := rig.Chromium(ctx, chromium, 1300, 900)
	if err != nil {
		return err
	}
	defer end()
	page, err := openPage(tab, framegate.URL, w.Cameras)
	if err != nil {
		return err
	}
	r := &wallRun{wall: w, cameras: cameras, framegate: framegate, page: page, found: found, began: time.Now(), tiles: newStanding()}
	if err := r.watch(ctx); err != nil && ctx.Err() == nil {
		r.report(err.Error())
	}
	for _, line := range faultsIn(framegate.Log()) {
		r.report("framegate's log says: " + line)
	}
	found.Silence, found.Pictures, found.Pauses = r.tiles.longest, r.tiles.pictures, r.tiles.pauses
	return nil
}

// wallRun is a wall that is shown. It belongs to one goroutine.
type wallRun struct {
	wall
	cameras   *testcam.Server
	framegate *process.Process
	page      *page
	found     *wallReport
	began     time.Time
	tiles     *standing

	away               string    // the camera that is away; empty for none
	turned             time.Time // when a camera last went away or came back
	measured, printed  time.Time
	oldest, oldestEver time.Duration // since measured, and printed
}

// report records a violation.
func (r *wallRun) report(text string) {
	fmt.Fprintln(os.Stderr, "endure:", text)
	r.found.Violations = append(r.found.Violations, check.Violation{At: time.Since(r.began), Text: text})
}

// watch looks at the wall until its time is over. The error says that framegate or the page has ended.
func (r *wallRun) watch(ctx context.Context) error {
	r.turned, r.measured, r.printed = r.began, r.began, r.began
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for time.Since(r.began) < r.Warm+r.For {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.framegate.Ended():
			return errors.New("framegate has ended by itself")
		case <-looks.C:
		}
		shown, err := r.page.look()
		if err != nil {
			return fmt.Errorf("the page does not answer: %w", err)
		}
		now := time.Now()
		for _, text := range r.tiles.see(shown, now) {
			r.report(text)
		}
		for _, tile := range shown {
			if tile.ID != r.away && now.Sub(r.turned) > backTime {
				r.oldest = max(r.oldest, tile.age())
			}
		}
		if err := errors.Join(r.turn(ctx, now), r.measure(ctx, now)); err != nil {
			return err
		}
	}
	return nil
}

// turn lets the next camera go away, or come back, if it is time.
func (r *wallRun) turn(ctx context.Context, now time.Time) error {
	names := r.cameras.Names()
	switch since := now.Sub(r.turned); {
	case r.away == "" && since >= r.Away:
		r.away, r.turned = names[r.found.Lost%len(names)], now
		r.found.Lost++
		r.tiles.lost(r.away)
		return r.cameras.Do(ctx, r.away, testcam.Refuse, testcam.Options{})
	case r.away != "" && since >= awayTime:
		err := r.cameras.Do(ctx, r.away, testcam.Heal, testcam.Options{})
		r.tiles.back(r.away, time.Now())
		r.away, r.turned = "", now
		return err
	}
	return nil
}

// measure measures the memory and prints it, if it is time.
func (r *wallRun) measure(ctx context.Context, now time.Time) error {
	if now.Sub(r.measured) < measureEvery {
		return nil
	}
	r.measured = now
	own, err := measure(ctx, r.framegate, r.began)
	if err != nil {
		return err
	}
	u := wallUsage{At: own.At, Memory: own.Memory, Heap: own.Heap, Oldest: float64(r.oldest.Milliseconds())}
	r.oldestEver, r.oldest = max(r.oldestEver, r.oldest), 0
	if u.Scripts, err = r.page.heap(); err != nil {
		return err
	}
	if u.Browser, err = machine.MemoryOfAll(r.page.pid); err != nil {
		return err
	}
	r.found.Usages = append(r.found.Usages, u)
	if now.Sub(r.printed) >= printEvery {
		r.printed = now
		fmt.Printf("%3.0f min: the page's scripts %s, Chromium %s, framegate %s, Go heap %s; the oldest picture of the minute %v\n",
			u.At.Minutes(), megabytes(u.Scripts), megabytes(u.Browser), megabytes(u.Memory), megabytes(u.Heap), r.oldestEver.Round(10*time.Millisecond))
		r.oldestEver = 0
	}
	return nil
}

func megabytes(bytes float64) string { return plot.Number(bytes/1e6) + " MB" }

// quarters returns the value of a figure that is compared, in the first and in the last quarter of the time after the warm-up. They are 0 if that was too
// short to be measured.
func (f wallFigure) quarters(usages []wallUsage, warm, length time.Duration) (first, last float64) {
	var begin, end []float64
	for _, u := range usages {
		switch after := u.At - warm; {
		case after >= 0 && after < length/4:
			begin = append(begin, f.of(u))
		case after >= length*3/4:
			end = append(end, f.of(u))
		}
	}
	if len(begin) == 0 || len(end) == 0 {
		return 0, 0
	}
	return table.Quantile(begin, f.part), table.Quantile(end, f.part)
}

// compare reports the figures that have grown.
func (w *wallReport) compare() {
	for _, f := range wallFigures {
		if first, last := f.quarters(w.Usages, w.Wall.Warm, w.Wall.For); last > first+f.most {
			w.Violations = append(w.Violations, check.Violation{At: w.Wall.Warm + w.Wall.For, Text: fmt.Sprintf("%s: %s in the first quarter and %s in the last",
				f.name, megabytes(first), megabytes(last))})
		}
	}
}

// print writes what was found as Markdown.
func (w wallReport) print(to io.Writer) {
	fmt.Fprintf(to, "\n%s, on %s: a wall of %d cameras with %d fps in Chromium for %v, after %v of warming up.\n\n",
		w.Machine, w.Date, w.Wall.Cameras, w.Wall.FPS, w.Wall.For, w.Wall.Warm)
	fmt.Fprint(to, "| memory of | first quarter | last quarter | may grow by | change per hour | its standard error |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, f := range wallFigures {
		var hours, values []float64
		for _, u := range w.Usages {
			if u.At >= w.Wall.Warm {
				hours, values = append(hours, u.At.Hours()), append(values, f.of(u)/1e6)
			}
		}
		first, last := f.quarters(w.Usages, w.Wall.Warm, w.Wall.For)
		steepness, standardError := slope(hours, values)
		fmt.Fprintf(to, "| %s | %s | %s | %s | %+.2f MB | %.2f MB |\n", f.name, megabytes(first), megabytes(last), megabytes(f.most), steepness, standardError)
	}
	oldest := 0.0
	for _, u := range w.Usages {
		oldest = max(oldest, u.Oldest)
	}
	fmt.Fprintf(to, "\nTiles were seen to show %d new pictures. The oldest picture of a camera that works was %.1f s old. "+
		"The longest time for which a tile stood and did not say so was %s. "+
		"A camera went away %d times. The machine was too late to look %d times.\n",
		w.Pictures, oldest/1000, cmp.Or(seconds(w.Silence), "0 s"), w.Lost, w.Pauses)
	printViolations(to, w.Violations, nil)
}
