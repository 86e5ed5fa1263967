package registry

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/retry"
)

// stream is one of a camera's streams. One goroutine keeps it connected and another one makes pictures of it. The camera's
// mutex guards the second group of fields. A method that uses them and does not lock the mutex is called while it is held.
type stream struct {
	camera *camera
	name   string
	feed   *link
	log    *slog.Logger

	state       State
	since       time.Time    // of state
	format      frame.Stream // the last one that was seen
	up          bool         // connected, and what the camera sends can be shown
	lost        bool         // the last connection has failed, or the camera has ended it
	connection  int          // counts connections and changes of format
	planChanges int          // counts events that may change the feed's best plan
	tried       bool         // it has connected or failed at least once
	err         error        // why the last connection ended; nil while up, and during a grace period
	grace       *grace       // the last one; nil if viewers have seen since then that the camera was away, or nobody needs it
	pictureErr  error        // why the last picture failed; nil as soon as another one is tried
	shown       *pictureRun  // whose frames viewers see
	snapshots   int          // how many snapshots keep it connected
	reconnects  int
	checkMasks  bool      // the log has asked the user to check the masks, because the camera's pictures are turned
	upSince     time.Time // of this connection or the last
	lastFrame   time.Time // when the last unit of earlier connections arrived
}

func newStream(c *camera, name string, feed *link) *stream {
	log := c.log
	if name != "main" {
		log = log.With("stream", name)
	}
	return &stream{camera: c, name: name, feed: feed, log: log, state: Idle, since: time.Now()}
}

// remember takes over what was seen of the stream before the camera's configuration changed.
func (s *stream) remember(old *stream) {
	lastUnit := old.feed.LastUnit()
	old.camera.read(func() {
		s.format, s.lastFrame, s.err, s.lost = old.format, later(old.lastFrame, lastUnit), old.err, old.lost
		if old.err != nil {
			s.state, s.since = old.state, old.since
		}
	})
}

// continues takes over what counts of a connection that another stream had, which was up or not.
func (s *stream) continues(from *stream, up bool) {
	var since time.Time
	var was bool // up or lost
	from.camera.read(func() { since, was = from.upSince, from.up || from.lost })
	s.camera.change(func() {
		s.up, s.upSince = up, since
		s.lost = was && !up // else from has counted that it is back
	})
}

// connect keeps the stream connected while it is needed, until ctx is done.
func (s *stream) connect(ctx context.Context) {
	defer func() { s.feed.close(s, context.Cause(ctx)) }() // which s may have taken over and not kept
	c := s.camera
	var pauses retry.Backoff
	faults := retry.Log{Logger: s.log, Message: "camera lost"}
	for {
		s.waitOutSuspension(ctx)
		c.change(func() {
			if !s.needed() { // the next viewer must not get the error of an earlier attempt
				s.endGrace()
				s.err, s.lost = nil, false
				s.setState(Idle)
			}
		})
		if err := c.until(ctx, func() bool { return s.needed() || c.suspension.why != nil }); err != nil {
			return
		}
		if c.suspended() != nil {
			continue
		}
		c.change(func() {
			if s.err == nil && !s.up {
				s.setState(Connecting)
			}
		})
		err := s.connectOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		lasted := s.disconnected(err)
		if lasted >= steadyTime { // some cameras end every connection after seconds
			faults.Reset()
		}
		if reason := frame.ReasonOf(err); !errors.Is(err, errReleased) && reason != frame.Memory {
			d := pauses.Next(reason, lasted)
			faults.Add(ctx, err, d)
			longest := watchedPause
			if lasted > 0 {
				longest = retry.FirstPause
			}
			s.pause(ctx, d, longest, retry.Temporary(reason))
		}
	}
}

// steadyTime is how long a connection must last for its end to be logged as a warning even if earlier ones ended for the same
// reason.
const steadyTime = time.Minute

// needed reports whether the stream is to be connected: always, or while a rendition or a snapshot is made of it, or
// somebody waits to learn what it is.
func (s *stream) needed() bool {
	c := s.camera
	if c.conf.Connect != configs.OnDemand || s.snapshots > 0 {
		return true
	}
	if c.requests > 0 && (s.up || s.state == Waiting) {
		return true
	}
	if !s.known() && s.failure() == nil && (c.requests > 0 || len(c.renditions) > 0) {
		return true
	}
	for _, r := range c.renditions {
		if r.stream == s || c.choose(r.spec) == s {
			return true
		}
	}
	return false
}

// watchedPause is the longest pause between attempts while somebody watches a camera that may come back by itself. After a
// connection that was up the longest pause is retry.FirstPause.
const watchedPause = time.Second

// pause waits for d, or for about longest if that is shorter, soon is set and somebody watches. soon says that the camera may be
// back soon. It ends if the camera is suspended.
func (s *stream) pause(ctx context.Context, d, longest time.Duration, soon bool) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	c := s.camera
	if c.until(ctx, func() bool { return soon && c.watched() || c.suspension.why != nil }) == nil && c.suspended() == nil {
		retry.Sleep(ctx, retry.Jitter(longest)-time.Since(began))
	}
}

// errReleased ends the connection of an on_demand camera that is not needed any more.
var errReleased = errors.New("nobody watches")

// connectOnce runs the feed until its connection ends or is not needed any more, or the camera is suspended.
func (s *stream) connectOnce(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var releasing sync.WaitGroup
	defer releasing.Wait()
	defer cancel(nil)
	releasing.Go(func() {
		c, end := s.camera, errReleased
		if c.until(ctx, func() bool { return !s.needed() || c.suspension.why != nil }) == nil {
			if why := c.suspended(); why != nil {
				end = why
			}
			cancel(end)
		}
	})
	return s.feed.keep(ctx, s)
}

// connected is called when the camera begins to send a format.
func (s *stream) connected(format frame.Stream) {
	c, level, checkMasks := s.camera, slog.LevelInfo, false
	c.read(func() {
		checkMasks = len(c.conf.Masks) > 0 && format.Orientation != (frame.Orientation{}) && !s.checkMasks
		if s.up && s.format.Codec == format.Codec {
			level = slog.LevelDebug // the size of each picture may differ
		}
	})
	s.receives(format)
	width, height := format.DisplaySize()
	s.log.Log(context.Background(), level, "camera connected", "codec", format.Codec, "width", width, "height", height)
	if checkMasks {
		s.log.Warn("masks apply to the upright picture: the camera states how its pictures are to be turned; check that the masks hide what they should",
			"degrees", format.Orientation.Degrees, "mirrored", format.Orientation.Mirrored)
	}
}

// receives records that the camera sends a format.
func (s *stream) receives(format frame.Stream) {
	c := s.camera
	c.change(func() {
		s.checkMasks = s.checkMasks || len(c.conf.Masks) > 0 && format.Orientation != (frame.Orientation{})
		if s.lost {
			s.reconnects++
		}
		if !s.up {
			s.upSince = time.Now()
		}
		s.format, s.up, s.lost, s.tried, s.err, s.pictureErr = format, true, false, true, nil, nil
		s.connection++
		s.planChanges++ // the plan depends on the codec
		c.resolve()
		if s.state != Live {
			s.setState(Ready)
		}
	})
}

// waits is called by the feed when the camera is connected and has given no picture for some seconds. Viewers see a placeholder that
// says so, in the size of the pictures that will come, if that is known.
func (s *stream) waits(w frame.Waiting) {
	s.log.Info("camera waits for a picture", "reason", w.Err)
	lastUnit := s.feed.LastUnit()
	c := s.camera
	c.change(func() {
		s.endGrace()
		if w.Stream.Width > 0 {
			s.format = w.Stream
			c.resolve()
		}
		s.up, s.tried, s.err, s.pictureErr = false, true, w.Err, nil
		s.lastFrame = later(s.lastFrame, lastUnit)
		if s.state != Waiting {
			s.state, s.since = Waiting, w.Since
		}
	})
}

// disconnected records why a connection ended and returns how long the stream was up, 0 if it never was.
func (s *stream) disconnected(err error) (lasted time.Duration) {
	lastUnit := s.feed.LastUnit()
	s.camera.change(func() {
		if s.up {
			lasted = time.Since(s.upSince)
		}
		s.up, s.tried = false, true
		s.lastFrame = later(s.lastFrame, lastUnit)
		ended := lasted > 0 && frame.ReasonOf(err) == frame.Ended
		switch {
		case errors.Is(err, errReleased):
			s.endGrace()
			s.err = nil // it may have been waiting
			s.setState(Idle)
		case ended && (s.grace == nil || lastUnit.After(s.grace.began)):
			s.beginGrace(err)
		case ended && !s.grace.over: // a connection without a picture does not prolong it
			s.lost = true
			s.setState(Connecting)
		default:
			s.fail(err)
		}
	})
	return lasted
}

// fail records why the stream is away, which viewers see. The camera's mutex is held.
func (s *stream) fail(err error) {
	s.endGrace()
	s.err, s.lost = err, true
	s.setState(stateOf(frame.ReasonOf(err)))
}

// stateOf is the state of a stream whose connection ended for a reason.
func stateOf(reason frame.Reason) State {
	switch reason {
	case frame.Unauthorized:
		return Unauthorized
	case frame.Stalled:
		return Stalled
	case frame.Memory:
		return Suspended
	default:
		return Lost
	}
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

// grace is the grace period of a camera that has closed a working connection. Viewers keep the last picture until the camera gives a new
// one or theirs is overdue. The camera's mutex guards over.
type grace struct {
	began time.Time // when the connection ended
	why   error     // why it did
	over  bool      // and the camera was connected again by then
	timer *time.Timer
}

// beginGrace begins a grace period. If the stream is still away at its end, it fails with err. The camera's mutex is held.
func (s *stream) beginGrace(err error) {
	s.endGrace()
	g := &grace{began: time.Now(), why: err}
	s.grace, s.lost, s.err = g, true, nil
	s.setState(Connecting)
	g.timer = time.AfterFunc(s.camera.gracePeriod, func() {
		s.camera.change(func() {
			switch {
			case s.grace != g:
			case s.up:
				g.over = true
			default:
				s.fail(err)
			}
		})
	})
}

// endGrace ends the grace period, if there is one. The camera's mutex is held.
func (s *stream) endGrace() {
	if s.grace != nil {
		s.grace.timer.Stop()
		s.grace = nil
	}
}

// overdue is why the pictures of a rendition are overdue after the camera closed a working connection. It is nil if they are not; then
// left is how long they may still take, 0 if that is not known. newest is the newest picture that viewers have. The time counts from that
// one, so that no viewer waits longer because its pictures are rare, and from the end of the connection if they come less than once a
// second. The camera's mutex is held.
func (s *stream) overdue(newest *frame.Frame, now time.Time) (left time.Duration, why error) {
	if s.grace == nil || newest == nil || newest.Received.After(s.grace.began) {
		return 0, nil
	}
	since := newest.Received
	if s.grace.began.Sub(since) > time.Second {
		since = s.grace.began
	}
	if left = since.Add(s.camera.gracePeriod).Sub(now); left > 0 {
		return left, nil
	}
	return 0, s.grace.why
}
