package registry

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/retry"
)

// camera is one camera: its streams, and the renditions of it that are watched.
type camera struct {
	conf         configs.Camera
	placeholders *atomic.Pointer[configs.Placeholders] // the registry's
	pixels       *pixels                               // likewise
	log          *slog.Logger
	ctx          context.Context // done when the camera ends; its cause is why
	cancel       context.CancelCauseFunc
	done         chan struct{} // closed when run has returned
	streams      []*stream     // main and, if configured, sub; never changed
	accounts     *challenge.Accounts
	snapshots    snapshots

	gracePeriod       time.Duration // frame.GracePeriod; tests make it longer
	backgroundTimeout time.Duration // backgroundTimeout; likewise
	lastTimeout       time.Duration // lastTimeout; likewise

	// mu guards the fields below and those of streams and renditions that say so. Nothing that may block, and no method of the
	// engine, is called while it is held.
	mu         sync.Mutex
	changed    chan struct{} // closed and replaced at every change of what mu guards
	state      State
	since      time.Time // of state
	renditions []*rendition
	requests   int         // how many requests keep the camera connected; lingering counts as one
	lingering  *time.Timer // nil unless a camera that waits stays connected after its last request
	previous   *camera     // which c replaces, until that has ended; nil for none
	before     totals      // of the cameras that c has replaced, once they have ended
	suspension suspension
	smallUntil time.Time // no large renditions are added before, see endLarge
	history    history
}

// newCamera makes a camera, which is to replace old unless that is nil. It shares old's links where they serve both; adopt must follow.
func (r *Registry) newCamera(conf configs.Camera, old *camera) (*camera, error) {
	c := &camera{
		conf: conf, placeholders: &r.placeholders, pixels: &r.pixels, log: slog.New(retry.Limited(r.log.Handler())).With("camera", conf.ID),
		done: make(chan struct{}), changed: make(chan struct{}), state: Idle, since: time.Now(),
		gracePeriod: frame.GracePeriod, backgroundTimeout: backgroundTimeout, lastTimeout: lastTimeout,
	}
	c.snapshots.camera = c
	c.accounts = &challenge.Accounts{}
	if old != nil { // whose feeds c may keep
		c.accounts = old.accounts
		c.accounts.Retry()
	}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	sources := []configs.Source{conf.Source}
	if conf.Sub != nil {
		sources = append(sources, *conf.Sub)
	}
	for i, src := range sources {
		if old != nil && i < len(old.streams) && old.streams[i].feed.serves(src, old.conf, conf) {
			c.streams = append(c.streams, newStream(c, streamNames[i], old.streams[i].feed))
			continue
		}
		feed, err := r.engine.NewFeed(src, c.accounts)
		if err != nil {
			return nil, err
		}
		s := newStream(c, streamNames[i], newLink(feed, src))
		s.feed.hand(s)
		c.streams = append(c.streams, s)
	}
	if conf.Disabled {
		c.state = Disabled
	}
	return c, nil
}

// streamNames are the names of the streams of a camera.
var streamNames = []string{"main", "sub"}

// adopt makes the camera the owner of the links that it shares with the one that it replaces.
func (c *camera) adopt() {
	for _, s := range c.streams {
		if !s.feed.has(s) {
			s.feed.hand(s)
		}
	}
}

// remember takes over what was seen of the camera before its configuration changed. Its viewers can then stay when it is
// away, and see a placeholder. Its totals are those of both. The camera does not run yet.
func (c *camera) remember(old *camera) {
	c.previous = old
	old.read(func() { c.history = old.history.clone() })
	if c.conf.Disabled {
		return
	}
	old.read(func() { c.suspension, c.smallUntil = old.suspension, old.smallUntil })
	c.suspension.count = 0 // those are among the totals of old
	for _, s := range c.streams {
		i := slices.IndexFunc(old.streams, func(o *stream) bool { return o.name == s.name })
		if i >= 0 {
			s.remember(old.streams[i])
		}
	}
	c.updateState()
}

// run connects the camera and makes its pictures until the camera is ended or ctx is done. All views have ended when it
// returns.
func (c *camera) run(ctx context.Context) {
	defer close(c.done)
	defer context.AfterFunc(ctx, func() { c.cancel(ErrClosing) })()
	c.inherit()
	if c.conf.Disabled {
		c.change(c.noteState)
		<-c.ctx.Done()
		return
	}
	var parts sync.WaitGroup
	for _, s := range c.streams {
		parts.Go(func() { s.connect(c.ctx) })
		parts.Go(func() { s.makePictures(c.ctx) })
	}
	parts.Go(func() { c.showPlaceholders(c.ctx) })
	parts.Wait()
	c.snapshots.close()
}

// end ends the camera. Its pixels are free before its viewers learn of it and watch again.
func (c *camera) end(why error) {
	c.read(func() {
		for _, r := range c.renditions {
			c.givePixels(r)
		}
	})
	c.cancel(why)
}

// defaultRequest is what the configuration says about the camera's pictures.
func (c *camera) defaultRequest() frame.Request {
	p := c.conf.Settings
	request := frame.Request{
		Width: p.Width, Height: p.Height, Scale: p.Scale, FPS: p.FPS,
		Quality: cmp.Or(p.Quality, frame.DefaultQuality), Auto: p.Quality == 0, AsSent: len(c.conf.Masks) == 0,
		Rotate: p.Rotate, ConfiguredCrop: c.conf.ParsedCrop, DropSame: p.DropSame, Name: c.conf.Name,
		Overlay: frame.Overlay{
			Time: p.Overlay.Time, Text: p.Overlay.Text, Corner: frame.Corner(p.Overlay.Corner), Size: p.Overlay.Size,
		},
	}
	if p.Overlay.Name {
		request.Overlay.Name = c.conf.Name
	}
	return request
}

// bind returns a context that also ends when the camera does, with the same cause. cancel must be called. The error is
// why nobody can use the camera.
func (c *camera) bind(ctx context.Context) (bound context.Context, cancel context.CancelCauseFunc, err error) {
	if c.conf.Disabled {
		return nil, nil, ErrDisabled
	}
	if c.ctx.Err() != nil {
		return nil, nil, context.Cause(c.ctx)
	}
	bound, cancel = context.WithCancelCause(ctx)
	release := context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })
	context.AfterFunc(bound, func() { release() })
	return bound, cancel, nil
}

// waitingTime is how long a camera that waits for a keyframe stays connected after the last request.
const waitingTime = time.Minute

// keepConnected makes an on_demand camera connect, and keeps it connected until release is called.
func (c *camera) keepConnected() (release func()) {
	c.change(func() { c.requests++ })
	return func() {
		c.change(func() {
			c.requests--
			if c.main().state == Waiting { // so that the next request need not wait from the beginning again
				c.linger()
			}
		})
	}
}

// linger keeps the camera connected for waitingTime from now, with one timer for all requests. c.mu is held.
func (c *camera) linger() {
	if c.lingering == nil {
		c.requests++
	} else {
		c.lingering.Stop()
	}
	var timer *time.Timer
	timer = time.AfterFunc(waitingTime, func() {
		c.change(func() {
			if c.lingering == timer { // else it was replaced at the last moment
				c.lingering = nil
				c.requests--
			}
		})
	})
	c.lingering = timer
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
func (c *camera) watched() bool { return c.requests > 0 || c.viewers() > 0 }

// change makes a change under the lock and wakes everybody who waits for one.
func (c *camera) change(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.updateState()
	close(c.changed)
	c.changed = make(chan struct{})
}

// updateState derives the camera's state from those of its streams: the main stream's, unless another one ranks higher.
// c.mu is held.
func (c *camera) updateState() {
	from := c.main()
	for _, s := range c.streams[1:] {
		if rank[s.state] > rank[from.state] {
			from = s
		}
	}
	state := from.state
	if c.conf.Disabled {
		state = Disabled
	}
	if state != c.state {
		c.state, c.since = state, time.Now()
		if state == Waiting { // which is known some seconds after it has begun
			c.since = from.since
		}
		c.noteState()
	}
}

// rank orders the states of streams: the camera shows the highest. A picture ranks highest, and a fault above an attempt.
var rank = map[State]int{Idle: 0, Connecting: 1, Waiting: 2, Stalled: 2, Unauthorized: 2, Suspended: 2, Lost: 2, Ready: 3, Live: 4}

// wake makes everybody who waits check again, after a change of something that c.mu does not guard.
func (c *camera) wake() { c.change(func() {}) }

// read calls f, which must not change anything, with c.mu held.
func (c *camera) read(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// until waits until condition returns true. c.mu is held while condition runs, and condition must not change what c.mu
// guards. The error is ctx's, even if the condition is true as well.
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
