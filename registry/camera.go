package registry

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// camera is one camera's life: a goroutine that keeps it connected, and one that makes its pictures.
type camera struct {
	conf   configs.Camera
	engine Engine
	feed   Feed
	log    *slog.Logger
	life   context.Context // done when the camera ends
	end    context.CancelFunc

	mu         sync.Mutex
	changed    chan struct{} // closed and replaced at every change of what follows
	state      State
	since      time.Time
	stream     frame.Stream // the last that was seen
	connection int          // counts connections and changes of format; the stream is coming while up
	up         bool
	feedErr    error // why the last connection ended; nil while up
	pictureErr error // why the last picture failed; nil once one works
	picture    Picture
	renditions []*rendition
	opening    int // those who wait for the camera to open
	reconnects int
	upSince    time.Time // of this connection or the last
	lastFrame  time.Time // when the newest unit of earlier connections came in, or a later one
}

// errReleased ends the connection of an on_demand camera that nobody watches any more.
var errReleased = errors.New("nobody watches")

func newCamera(conf configs.Camera, engine Engine, log *slog.Logger) (*camera, error) {
	feed, err := engine.NewFeed(conf.Source)
	if err != nil {
		return nil, err
	}
	c := &camera{conf: conf, engine: engine, feed: feed, log: log, changed: make(chan struct{}), state: Idle, since: time.Now()}
	c.life, c.end = context.WithCancel(context.Background())
	if conf.Disabled {
		c.state = Disabled
	}
	return c, nil
}

// run lives the camera's life until ctx is done. It ends all views.
func (c *camera) run(ctx context.Context) {
	defer context.AfterFunc(ctx, c.end)()
	defer c.end()
	if c.conf.Disabled {
		<-ctx.Done()
		return
	}
	var parts sync.WaitGroup
	parts.Go(func() { c.connect(ctx) })
	parts.Go(func() { c.makePictures(ctx) })
	parts.Wait()
}

// connect keeps the camera connected, always or while somebody watches.
func (c *camera) connect(ctx context.Context) {
	var pauses pause
	for {
		c.change(func() {
			if !c.wanted() { // what went wrong for an earlier viewer is not told to the next
				c.feedErr = nil
				c.enter(Idle)
			}
		})
		if err := c.until(ctx, c.wanted); err != nil {
			return
		}
		c.change(func() {
			if c.feedErr == nil {
				c.enter(Connecting)
			}
		})
		err := c.connectOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		lived := c.disconnected(err)
		if !errors.Is(err, errReleased) {
			d := pauses.next(frame.ReasonOf(err), lived)
			c.log.Warn("camera lost", "error", err, "retry_in", d.Round(time.Millisecond))
			wait(ctx, d)
		}
	}
}

// connectOnce runs the feed until its connection ends or nobody wants it.
func (c *camera) connectOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var releasing sync.WaitGroup
	defer releasing.Wait()
	defer cancel(nil)
	releasing.Go(func() {
		if c.until(ctx, func() bool { return !c.wanted() }) == nil {
			cancel(errReleased)
		}
	})
	return c.feed.Run(ctx, c.connected)
}

// wanted reports whether the camera is to be connected. c.mu is held.
func (c *camera) wanted() bool {
	return c.conf.Connect != configs.OnDemand || c.opening > 0 || len(c.renditions) > 0
}

// connected is called by the feed when the camera begins to send s.
func (c *camera) connected(s frame.Stream) {
	c.log.Info("camera connected", "codec", s.Codec, "width", s.Width, "height", s.Height)
	c.change(func() {
		if c.feedErr != nil {
			c.reconnects++
		}
		if !c.up {
			c.upSince = time.Now()
		}
		c.stream, c.up, c.feedErr, c.pictureErr = s, true, nil, nil
		c.connection++
		for _, r := range c.renditions {
			r.want = r.ask.Resolve(s)
		}
		if c.state != Live {
			c.enter(Ready)
		}
	})
}

// disconnected notes why a connection ended and returns how long the camera was sending, which is nothing
// where it never began.
func (c *camera) disconnected(err error) (lived time.Duration) {
	at := c.feed.LastUnit()
	c.change(func() {
		if c.up {
			lived = time.Since(c.upSince)
		}
		c.up = false
		if at.After(c.lastFrame) {
			c.lastFrame = at
		}
		if errors.Is(err, errReleased) {
			c.enter(Idle)
			return
		}
		c.feedErr = err
		c.enter(stateOf(frame.ReasonOf(err)))
	})
	return lived
}

// failure is why there is no picture, nil where there is one or will be soon. c.mu is held.
func (c *camera) failure() error { return cmp.Or(c.feedErr, c.pictureErr) }

// enter changes the state. c.mu is held.
func (c *camera) enter(s State) {
	if s != c.state {
		c.state, c.since = s, time.Now()
	}
}

// change makes a change under the lock and tells everybody who waits.
func (c *camera) change(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})
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
