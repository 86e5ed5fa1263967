package registry

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// camera is one camera: its streams, and the renditions of it that are watched. Each rendition is made of the
// smallest stream that is large enough.
type camera struct {
	conf         configs.Camera
	placeholders *atomic.Pointer[configs.Placeholders] // the registry's
	log          *slog.Logger
	life         context.Context // its cause says why the camera ends
	end          context.CancelCauseFunc
	before       <-chan struct{} // closed when the camera has ended that this one replaces; nil for none
	over         chan struct{}   // closed when run has returned
	snapshots    snapshots

	mu         sync.Mutex
	changed    chan struct{} // closed and replaced at every change of what follows
	streams    []*stream     // the largest first; their own fields are guarded by mu too
	state      State
	since      time.Time
	renditions []*rendition
	opening    int // those who wait to learn what the camera sends, or are about to use it
}

func newCamera(conf configs.Camera, engine Engine, placeholders *atomic.Pointer[configs.Placeholders], log *slog.Logger) (*camera, error) {
	c := &camera{
		conf: conf, placeholders: placeholders, log: log,
		over: make(chan struct{}), changed: make(chan struct{}), state: Idle, since: time.Now(),
	}
	c.snapshots.camera = c
	c.life, c.end = context.WithCancelCause(context.Background())
	sources := []configs.Source{conf.Source}
	if conf.Sub != nil {
		sources = append(sources, *conf.Sub)
	}
	for i, src := range sources {
		feed, err := engine.NewFeed(src)
		if err != nil {
			return nil, err
		}
		c.streams = append(c.streams, newStream(c, []string{"main", "sub"}[i], feed))
	}
	if conf.Disabled {
		c.state = Disabled
	}
	return c, nil
}

// remember takes over what was seen of the camera before its configuration changed. Then viewers stay when it is away,
// and see a placeholder. The camera does not run yet.
func (c *camera) remember(old *camera) {
	if c.conf.Disabled {
		return
	}
	for _, s := range c.streams {
		i := slices.IndexFunc(old.streams, func(o *stream) bool { return o.name == s.name })
		if i >= 0 {
			s.remember(old.streams[i])
		}
	}
	c.settle()
}

// run lives the camera's life until it is ended, or ctx is done. It ends all views.
func (c *camera) run(ctx context.Context) {
	defer close(c.over)
	defer context.AfterFunc(ctx, func() { c.end(ErrClosing) })()
	if c.conf.Disabled {
		<-c.life.Done()
		return
	}
	var parts sync.WaitGroup
	for _, s := range c.streams {
		parts.Go(func() { s.connect(c.life) })
		parts.Go(func() { s.makePictures(c.life) })
	}
	parts.Go(func() { c.showCards(c.life) })
	parts.Wait()
	c.snapshots.close()
}

// main is the camera's own stream, which scale and 'no larger than the camera' refer to.
func (c *camera) main() *stream { return c.streams[0] }

// sends is what the camera sends, as far as it was seen. c.mu is held.
func (c *camera) sends() frame.Stream {
	for _, s := range c.streams {
		if s.known() {
			return s.format
		}
	}
	return frame.Stream{}
}

// choose returns the stream that a rendition is to be made of: the smallest that is at least as large, of
// those that work; the largest of those where none is; and the main one where nothing works. c.mu is held.
func (c *camera) choose(want frame.Rendition) *stream {
	best := c.main()
	for _, s := range c.streams[1:] {
		switch {
		case !s.known() || s.failure() != nil:
		case !best.known() || best.failure() != nil,
			s.fits(want) && !best.fits(want),
			s.fits(want) == best.fits(want) && s.fits(want) == (s.area() < best.area()):
			best = s
		}
	}
	return best
}

// failure is why a rendition gets no picture, nil where it has one or will soon. c.mu is held.
func (c *camera) failure(want frame.Rendition) error {
	s := c.choose(want)
	if s.err == nil && s.shown.makes().has(want) {
		return nil // what failed is to be made beside it
	}
	return s.failure()
}

// ask is what the configuration says of the camera's pictures.
func (c *camera) ask() frame.Ask {
	p := c.conf.Settings
	ask := frame.Ask{
		Width: p.Width, Height: p.Height, Scale: p.Scale, FPS: p.FPS,
		Quality: p.Quality, AsSent: len(c.conf.Masks) == 0, Turn: p.Rotate, DropSame: p.DropSame, Name: c.conf.Name,
		Overlay: frame.Overlay{
			Time: p.Overlay.Time, Text: p.Overlay.Text, Corner: frame.Corner(p.Overlay.Corner), Size: p.Overlay.Size,
		},
	}
	if p.Overlay.Name {
		ask.Overlay.Name = c.conf.Name
	}
	return ask
}

// open makes an on_demand camera connect, and keeps it connected until done is called.
func (c *camera) open() (done func()) {
	c.change(func() { c.opening++ })
	return func() { c.change(func() { c.opening-- }) }
}

// learn waits until it is known what the camera sends. The error is ctx's, or why a camera that was never seen cannot be
// reached.
func (c *camera) learn(ctx context.Context) (sends frame.Stream, err error) {
	waited := c.until(ctx, func() bool {
		sends, err = c.sends(), c.main().err
		if sends.Width > 0 {
			err = nil
		}
		return sends.Width > 0 || err != nil
	})
	return sends, cmp.Or(waited, err)
}

// watched reports whether somebody waits for pictures of the camera. c.mu is held.
func (c *camera) watched() bool { return c.opening > 0 || c.viewers() > 0 }

// settle works out the camera's state from those of its streams: the main one's, unless another one shows more.
// c.mu is held.
func (c *camera) settle() {
	state := c.main().state
	for _, s := range c.streams[1:] {
		if nearness[s.state] > nearness[state] {
			state = s.state
		}
	}
	if c.conf.Disabled {
		state = Disabled
	}
	if state != c.state {
		c.state, c.since = state, time.Now()
	}
}

// nearness tells how much each state of a stream says about the camera: a picture most, and a fault more than
// an attempt.
var nearness = map[State]int{Idle: 0, Connecting: 1, Stalled: 2, Unauthorized: 2, Lost: 2, Ready: 3, Live: 4}

// change makes a change under the lock and tells everybody who waits.
func (c *camera) change(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.settle()
	close(c.changed)
	c.changed = make(chan struct{})
}

// wake lets everybody who waits look again.
func (c *camera) wake() { c.change(func() {}) }

// look reads the camera's state under the lock.
func (c *camera) look(read func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	read()
}

// until waits until the condition, which is asked with c.mu held, is true. The error is ctx's, also where
// both are so.
func (c *camera) until(ctx context.Context, condition func() bool) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.mu.Lock()
		met, changed := condition(), c.changed
		c.mu.Unlock()
		if met {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
