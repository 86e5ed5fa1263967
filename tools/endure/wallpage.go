package main

import (
	"context"
	"fmt"
	"time"

	"github.com/framegate/framegate/tools/endure/check"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// page is the wall in a tab of Chromium.
type page struct {
	tab context.Context
	pid int // of Chromium
}

// openTime is how long the wall may take to show all cameras.
const openTime = time.Minute

// openPage opens the wall and waits until it shows all cameras.
func openPage(tab context.Context, url string, cameras int) (*page, error) {
	p := &page{tab: tab, pid: chromedp.FromContext(tab).Browser.Process().Pid}
	if _, err := chromedp.Run(tab, chromedp.Navigate(url+"/")); err != nil {
		return nil, err
	}
	// Chromium would keep and pass on whatever comes over the network, and follow the page's elements.
	for _, command := range []cdp.Command[cdp.Empty, cdp.Empty]{network.Disable, css.Disable, dom.Disable} {
		if _, err := call(p, command); err != nil {
			return nil, err
		}
	}
	for began := time.Now(); ; sleep(tab, 100*time.Millisecond) {
		shown, err := p.look()
		if err != nil {
			return nil, err
		}
		moving := 0
		for _, tile := range shown {
			if tile.Picture != 0 {
				moving++
			}
		}
		switch {
		case moving == cameras:
			return p, nil
		case time.Since(began) > openTime:
			return nil, fmt.Errorf("the wall shows %d of %d cameras", moving, cameras)
		case tab.Err() != nil:
			return nil, tab.Err()
		}
	}
}

// call gives Chromium a command without parameters.
func call[R any](p *page, command cdp.Command[cdp.Empty, R]) (R, error) {
	ctx, cancel := context.WithTimeout(p.tab, pageTime)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Action[R](func(ctx context.Context, t *chromedp.Target) (R, error) {
		return cdp.Call(ctx, t, command, cdp.Empty{})
	}))
}

// heap is how much memory the objects of the page's scripts take, in bytes.
func (p *page) heap() (float64, error) {
	usage, err := call(p, runtime.GetHeapUsage)
	return usage.UsedSize, err
}

// tileLook is what a tile shows.
type tileLook struct {
	ID      string
	Picture int64   // another number for another picture; 0 for none
	Age     float64 // of the picture in ms, as far as the page knows
	Says    string  // what it says if it is not live: the state, the fault, or that its picture is old
}

func (t tileLook) age() time.Duration { return time.Duration(t.Age * float64(time.Millisecond)) }

// lookScript returns what each tile shows. The picture is what the canvas shows, in few pixels, whatever the page believes.
const lookScript = `(() => {
	const { context } = window.endure ??= { context: new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true }) };
	const now = performance.now();
	return [...tiles.values()].map(({ id, element, state, surface }) => {
		let Picture = 0;
		if (surface?.isConnected) {
			context.drawImage(surface, 0, 0, 64, 36);
			Picture = context.getImageData(0, 0, 64, 36).data.reduce((hash, value) => (hash * 31 + value) | 0, 7);
		}
		const text = (name) => element.querySelector('.' + name).textContent;
		const missing = ['live', 'ready', 'idle'].includes(element.dataset.state) ? '' : text('state');
		return { ID: id, Picture, Age: state.received === null ? 0 : now - state.received, Says: missing || text('fault') || text('age') };
	});
})()`

// look returns what the tiles show.
func (p *page) look() ([]tileLook, error) {
	ctx, cancel := context.WithTimeout(p.tab, pageTime)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[[]tileLook](lookScript))
}

const (
	// silence is how long a tile may stand and not say so.
	silence = 3 * time.Second
	// backTime is how long a tile of a camera that works may stand, and how long it may take after the camera is back.
	backTime = check.BackTime + 4*time.Second
	// lookPause is the time between two looks after which nothing is known of what was between them: the machine was late.
	lookPause = 2 * lookEvery
)

// standing finds tiles that stand.
type standing struct {
	tiles    map[string]*standingTile // by camera
	last     time.Time                // look
	longest  time.Duration            // of the times for which a tile stood and did not say so
	pictures int                      // that have replaced others
	pauses   int                      // between looks that were too long
}

// standingTile is what is known of a tile.
type standingTile struct {
	picture  int64
	moved    time.Time // when it last showed another picture, or its camera came back
	said     time.Time // when it last moved or said that it stands
	away     bool      // its camera is away
	silent   bool      // it was reported for standing silently
	reported bool      // it was reported for standing
}

func newStanding() *standing { return &standing{tiles: map[string]*standingTile{}} }

func (s *standing) lost(id string) { s.tile(id).away = true }

func (s *standing) back(id string, at time.Time) {
	t := s.tile(id)
	t.away, t.moved = false, at
}

func (s *standing) tile(id string) *standingTile {
	if s.tiles[id] == nil {
		s.tiles[id] = &standingTile{}
	}
	return s.tiles[id]
}

// see takes in what the tiles show, and returns what is wrong.
func (s *standing) see(shown []tileLook, at time.Time) (wrong []string) {
	paused := at.Sub(s.last) > lookPause
	if paused && !s.last.IsZero() {
		s.pauses++
	}
	s.last = at
	for _, look := range shown {
		t := s.tile(look.ID)
		if paused {
			t.moved, t.said = at, at
		}
		if look.Picture != t.picture {
			s.pictures++
			t.picture, t.moved, t.silent, t.reported = look.Picture, at, false, false
		}
		if look.Says != "" || t.moved.After(t.said) {
			t.said = at
		}
		if silent := at.Sub(t.said); silent > s.longest {
			s.longest = silent
		}
		if silent := at.Sub(t.said); silent > silence && !t.silent {
			t.silent = true
			wrong = append(wrong, fmt.Sprintf("%s: its tile stands for %v and says nothing", look.ID, silent.Round(100*time.Millisecond)))
		}
		if stood := at.Sub(t.moved); stood > backTime && !t.away && !t.reported {
			t.reported = true
			wrong = append(wrong, fmt.Sprintf("%s works, and its tile stands for %v: %q", look.ID, stood.Round(100*time.Millisecond), look.Says))
		}
	}
	return wrong
}
