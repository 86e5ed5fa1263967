package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/table"

	"github.com/chromedp/chromedp"
)

// walls are the ways in which the wall gets its pictures.
var walls = []struct{ name, tls string }{
	{"<img> over HTTP/2", "tls: self_signed"},
	{"WebSocket", ""},
}

// wall measures what a wall of more and more tiles costs framegate and the browser. Each camera has 320x180 at 10 fps.
func (b *bench) wall(ctx context.Context) error {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		b.add(table.Row{Name: "the wall in Chromium", Missing: "not installed"})
		return nil
	}
	b.table.Columns("framegate", "Chromium", "pictures a second in each tile")
	last := make([]float64, len(walls))
	for _, tiles := range []int{5, 16, 32} {
		for i, way := range walls {
			w, err := b.showWall(ctx, browser, way.tls, tiles)
			if err != nil {
				return fmt.Errorf("%d tiles, %s: %w", tiles, way.name, err)
			}
			rate := table.Row{Value: w.rate, Unit: "fps"}
			if w.rate == 0 {
				rate = table.Row{Missing: "an <img> does not tell"}
			}
			b.addLine(fmt.Sprintf("%d tiles, %s", tiles, way.name), table.Row{Value: 100 * w.server, Unit: ofACore}, table.Row{Value: 100 * w.browser, Unit: ofACore}, rate)
			last[i] = w.server + w.browser
			if tiles == 16 {
				b.add(table.Row{Name: "first picture of 16 tiles after navigation, " + way.name, Value: w.first.Seconds() * 1000, Unit: "ms", AtMost: 300})
			}
		}
	}
	b.add(table.Row{Name: "32 tiles: WebSocket against <img>, framegate and Chromium together", Value: last[1] / last[0]})
	return nil
}

// shownWall is what a wall costs, in cores, and how soon it shows a picture.
type shownWall struct {
	server, browser float64
	rate            float64 // of each tile; 0 if it is not known
	first           time.Duration
}

// firstShown is how many milliseconds after navigation a picture of the wall was seen, 0 if there is none yet.
const firstShown = `[...document.querySelectorAll('.wall img[src], .wall canvas')].some((e) => (e.naturalWidth ?? e.width) > 0) ? performance.now() : 0`

// allShown is whether each tile shows a picture.
const allShown = `[...document.querySelectorAll('.wall .camera')].every((c) => [...c.querySelectorAll('img[src], canvas')].some((e) => (e.naturalWidth ?? e.width) > 0))`

// countShown makes the page count the pictures that it shows over the WebSocket.
const countShown = `(() => { const shown = live.shown.bind(live); window.counted = 0; live.shown = (tile) => { counted++; shown(tile); }; return ''; })()`

func (b *bench) showWall(ctx context.Context, browser, tls string, tiles int) (w shownWall, err error) {
	state, err := os.MkdirTemp("", "bench")
	if err != nil {
		return w, err
	}
	defer os.RemoveAll(state)
	var cameras []rig.Camera
	for i := range tiles {
		cameras = append(cameras, rig.Camera{ID: rig.CameraID(i), URL: "test://ball?width=320&height=180&fps=10", Keys: "scale: 1"})
	}
	server, err := rig.ServeWith(ctx, b.Framegate, tls, []string{"STATE_DIRECTORY=" + state}, cameras...)
	if err != nil {
		return w, err
	}
	defer server.Stop()
	ctx, end, err := startChromium(ctx, browser)
	if err != nil {
		return w, err
	}
	defer end()
	var firsts []time.Duration
	for range max(1, b.Rounds) {
		if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
			return w, err
		}
		first, err := firstOfWall(ctx, server.URL)
		if err != nil {
			return w, err
		}
		firsts = append(firsts, first)
	}
	slices.Sort(firsts)
	w.first = firsts[len(firsts)/2]
	for shown := false; !shown; {
		if shown, err = chromedp.Run(ctx, chromedp.Evaluate[bool](allShown)); err != nil {
			return w, err
		}
	}
	time.Sleep(rig.Settle)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](countShown)); err != nil {
		return w, err
	}
	began := time.Now()
	if w.server, w.browser, err = loads(server, chromedp.FromContext(ctx).Browser.Process().Pid, b.Time); err != nil {
		return w, err
	}
	counted, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("counted"))
	w.rate = counted / time.Since(began).Seconds() / float64(tiles)
	return w, err
}

// firstOfWall opens the wall and returns how long after navigation it showed its first picture.
func firstOfWall(ctx context.Context, url string) (time.Duration, error) {
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url+"/")); err != nil {
		return 0, err
	}
	for began := time.Now(); ; {
		ms, err := chromedp.Run(ctx, chromedp.Evaluate[float64](firstShown))
		switch {
		case err != nil:
			return 0, err
		case ms > 0:
			return time.Duration(ms * float64(time.Millisecond)), nil
		case time.Since(began) > 30*time.Second:
			return 0, errors.New("the wall shows no picture")
		}
	}
}

// startChromium starts a headless Chromium whose window is high enough for 32 tiles.
func startChromium(ctx context.Context, path string) (context.Context, func(), error) {
	ctx, endAll := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1280, 2900), chromedp.Flag("disable-quic", true), chromedp.Flag("ignore-certificate-errors", true))...)
	ctx, end := chromedp.NewContext(ctx)
	both := func() {
		end()
		endAll()
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		both()
		return nil, nil, err
	}
	return ctx, both, nil
}

// loads measures for a time how many cores framegate and a browser with all its processes use.
func loads(server *process.Process, browser int, length time.Duration) (ofServer, ofBrowser float64, err error) {
	read := func() (s, b time.Duration) {
		s, first := machine.Processor(server.PID())
		b, second := machine.ProcessorOfAll(browser)
		err = errors.Join(err, first, second)
		return s, b
	}
	s, b := read()
	began := time.Now()
	time.Sleep(length)
	s2, b2 := read()
	took := time.Since(began)
	return float64(s2-s) / float64(took), float64(b2-b) / float64(took), err
}
