package registry

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// stream is one of a camera's streams. One goroutine keeps it connected and another one makes pictures of it. The camera's
// mutex guards the second group of fields, and is held in the methods that report on them.
type stream struct {
	camera *camera
	name   string
	feed   Feed
	log    *slog.Logger

	state       State
	since       time.Time    // of state
	format      frame.Stream // the last one that was seen
	up          bool         // the stream is coming
	connection  int          // counts connections and changes of format
	planChanges int          // counts what may change the feed's best plan
	tried       bool         // it has come or failed once
	err         error        // why the last connection ended; nil while up
	pictureErr  error        // why the last picture failed; nil as soon as another one is tried
	shown       *pictureRun  // whose frames viewers see
	held        int          // snapshots that keep it connected
	reconnects  int
	upSince     time.Time // of this connection or the last
	lastFrame   time.Time // when the last unit of earlier connections came in
}

// errReleased ends the connection of an on_demand camera that is not needed any more.
var errReleased = errors.New("nobody watches")

func newStream(c *camera, name string, feed Feed) *stream {
	log := c.log
	if name != "main" {
		log = log.With("stream", name)
	}
	return &stream{camera: c, name: name, feed: feed, log: log, state: Idle, since: time.Now()}
}

// remember takes over what was seen of the stream before the camera's configuration changed.
func (s *stream) remember(old *stream) {
	lastUnit := old.feed.LastUnit()
	old.camera.look(func() {
		s.format, s.lastFrame, s.err = old.format, later(old.lastFrame, lastUnit), old.err
		if old.err != nil {
			s.state, s.since = old.state, old.since
		}
	})
}

// known reports whether the stream has been seen.
func (s *stream) known() bool { return s.format.Width > 0 }

func (s *stream) area() int { return s.format.Width * s.format.Height }

// fits reports whether the stream is at least as large as a rendition.
func (s *stream) fits(want frame.Rendition) bool {
	width, height := want.Width, want.Height
	if want.Rotate%180 != 0 {
		width, height = height, width
	}
	return s.format.Width >= width && s.format.Height >= height
}

// failure is why the stream gives no picture, nil if it does or will soon.
func (s *stream) failure() error { return cmp.Or(s.err, s.pictureErr) }

// needed reports whether the stream is to be connected: always, or while a rendition or a snapshot is made of it, or
// somebody waits to learn what it is.
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

func (s *stream) setState(state State) {
	if state != s.state {
		s.state, s.since = state, time.Now()
	}
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
