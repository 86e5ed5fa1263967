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

// stream is one of a camera's streams: a goroutine that keeps it connected, and one that makes pictures of
// it. All fields below the first group are guarded by the camera's mutex.
type stream struct {
	camera *camera
	name   string
	feed   Feed
	log    *slog.Logger

	state       State
	since       time.Time
	format      frame.Stream // the last that was seen
	connection  int          // counts connections and changes of format; the stream is coming while up
	planChanges int          // counts what may change the feed's best plan
	up          bool
	tried       bool        // it has come or failed once
	err         error       // why the last connection ended; nil while up
	pictureErr  error       // why the last picture failed; nil once one works or is tried
	shown       *pictureRun // whose frames viewers see
	held        int         // snapshots that are being made of it
	reconnects  int
	upSince     time.Time // of this connection or the last
	lastFrame   time.Time // when the last unit of earlier connections came in
}

// errReleased ends the connection of an on_demand camera that nobody watches any more.
var errReleased = errors.New("nobody watches")

func newStream(c *camera, name string, feed Feed) *stream {
	log := c.log
	if name != "main" {
		log = log.With("stream", name)
	}
	return &stream{camera: c, name: name, feed: feed, log: log, state: Idle, since: time.Now()}
}

// remember takes over what was seen of the stream before the configuration changed.
func (s *stream) remember(old *stream) {
	lastUnit := old.feed.LastUnit()
	old.camera.look(func() {
		s.format, s.lastFrame, s.err = old.format, later(old.lastFrame, lastUnit), old.err
		if old.err != nil {
			s.state, s.since = old.state, old.since
		}
	})
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// known reports whether it was seen what the stream is. The camera's mutex is held here and in the other
// small questions below.
func (s *stream) known() bool { return s.format.Width > 0 }

func (s *stream) area() int { return s.format.Width * s.format.Height }

// fits reports whether the stream is at least as large as a rendition.
func (s *stream) fits(want frame.Rendition) bool {
	width, height := want.Width, want.Height
	if want.Turn%180 != 0 {
		width, height = height, width
	}
	return s.format.Width >= width && s.format.Height >= height
}

// failure is why the stream gives no picture, nil where it does or will soon.
func (s *stream) failure() error { return cmp.Or(s.err, s.pictureErr) }

// needed reports whether the stream is to be connected: always, or while somebody watches a rendition that is
// made of it, or needs to learn what it is.
func (s *stream) needed() bool {
	c := s.camera
	if c.conf.Connect != configs.OnDemand || s.held > 0 {
		return true
	}
	if c.opening > 0 && s.up {
		return true
	}
	if !s.known() && s.failure() == nil && (c.opening > 0 || len(c.renditions) > 0) {
		return true
	}
	for _, r := range c.renditions {
		if r.by == s || c.choose(r.want) == s {
			return true
		}
	}
	return false
}

// enter changes the state.
func (s *stream) enter(state State) {
	if state != s.state {
		s.state, s.since = state, time.Now()
	}
}

// connect keeps the stream connected, always or while it is wanted.
func (s *stream) connect(ctx context.Context) {
	c := s.camera
	var pauses pause
	told := repeats{}
	for {
		c.change(func() {
			if !s.needed() { // what went wrong for an earlier viewer is not told to the next
				s.err = nil
				s.enter(Idle)
			}
		})
		if err := c.until(ctx, s.needed); err != nil {
			return
		}
		c.change(func() {
			if s.err == nil {
				s.enter(Connecting)
			}
		})
		err := s.connectOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		lived := s.disconnected(err)
		if lived > 0 {
			clear(told) // it was back: what comes now is news
		}
		if !errors.Is(err, errReleased) {
			d := pauses.next(frame.ReasonOf(err), lived)
			told.tell(ctx, s.log, "camera lost", err, d)
			s.rest(ctx, d, passes(frame.ReasonOf(err)))
		}
	}
}

// rest waits for d; or not much longer than watchedPause, when somebody watches a camera that may be back soon.
func (s *stream) rest(ctx context.Context, d time.Duration, soon bool) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if soon && s.camera.until(ctx, s.camera.watched) == nil {
		wait(ctx, jitter(watchedPause)-time.Since(began))
		return
	}
	<-ctx.Done()
}

// connectOnce runs the feed until its connection ends or nobody wants it.
func (s *stream) connectOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var releasing sync.WaitGroup
	defer releasing.Wait()
	defer cancel(nil)
	releasing.Go(func() {
		if s.camera.until(ctx, func() bool { return !s.needed() }) == nil {
			cancel(errReleased)
		}
	})
	return s.feed.Run(ctx, s.connected)
}

// connected is called by the feed when the stream begins to be what format says.
func (s *stream) connected(format frame.Stream) {
	s.log.Info("camera connected", "codec", format.Codec, "width", format.Width, "height", format.Height)
	c := s.camera
	c.change(func() {
		if s.err != nil {
			s.reconnects++
		}
		if !s.up {
			s.upSince = time.Now()
		}
		s.format, s.up, s.tried, s.err, s.pictureErr = format, true, true, nil, nil
		s.connection++
		s.planChanges++ // the plan depends on the codec
		for _, r := range c.renditions {
			r.want = r.ask.Resolve(c.sends())
		}
		if s.state != Live {
			s.enter(Ready)
		}
	})
}

// disconnected notes why a connection ended and returns how long the stream was coming, which is nothing
// where it never began.
func (s *stream) disconnected(err error) (lived time.Duration) {
	at := s.feed.LastUnit()
	s.camera.change(func() {
		if s.up {
			lived = time.Since(s.upSince)
		}
		s.up, s.tried = false, true
		s.lastFrame = later(s.lastFrame, at)
		if errors.Is(err, errReleased) {
			s.enter(Idle)
			return
		}
		s.err = err
		s.enter(stateOf(frame.ReasonOf(err)))
	})
	return lived
}
