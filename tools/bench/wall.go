package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/coder/websocket"
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
	return b.slowWall(ctx)
}

// slowWall measures how old the pictures of 16 tiles become over a line of 2 Mbit/s, which carries about half of them.
func (b *bench) slowWall(ctx context.Context) error {
	const tiles, line = 16, 2e6 / 8
	server, err := b.serveWall(ctx, "", "", tiles)
	if err != nil {
		return err
	}
	defer server.Stop()
	transport := slowTransport(line)
	defer transport.CloseIdleConnections()
	socket, _, err := websocket.Dial(ctx, server.URL+"/api/live", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return err
	}
	defer socket.CloseNow()
	socket.SetReadLimit(-1)
	for i := range tiles {
		if err := socket.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"open": {"tile": %d, "camera": %q}}`, i, rig.CameraID(i))); err != nil {
			return err
		}
	}
	begin := time.Now().Add(3 * time.Second) // by then framegate knows the line
	shown := map[uint32]time.Time{}          // when the picture that each tile shows came from the camera
	pictures, oldest := 0, time.Duration(0)
	for time.Since(begin) < b.Time {
		kind, message, err := socket.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			continue
		}
		tile, now := binary.BigEndian.Uint32(message), time.Now()
		if now.After(begin) {
			pictures++
			oldest = max(oldest, now.Sub(shown[tile]))
		}
		shown[tile] = time.UnixMicro(int64(binary.BigEndian.Uint64(message[8:])))
		if err := socket.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"shown": [%d]}`, tile)); err != nil {
			return err
		}
	}
	const name = "16 tiles over a line of 2 Mbit/s"
	b.add(table.Row{Name: name + ": pictures a second in each tile", Value: float64(pictures) / tiles / b.Time.Seconds(), Unit: "fps"})
	b.add(table.Row{Name: name + ": age of the oldest picture that a tile showed", Value: millis(oldest), Unit: "ms", AtMost: 2000})
	return nil
}

// serveWall runs framegate for the cameras of a wall.
func (b *bench) serveWall(ctx context.Context, tls, state string, tiles int) (*process.Process, error) {
	var cameras []rig.Camera
	for i := range tiles {
		cameras = append(cameras, rig.Camera{ID: rig.CameraID(i), URL: "test://ball?width=320&height=180&fps=10", Keys: "scale: 1"})
	}
	return rig.ServeWith(ctx, b.Framegate, tls, []string{"STATE_DIRECTORY=" + state}, cameras...)
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
	server, err := b.serveWall(ctx, tls, state, tiles)
	if err != nil {
		return w, err
	}
	defer server.Stop()
	ctx, end, err := rig.Chromium(ctx, browser, 1280, 2900) // high enough for 32 tiles
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
