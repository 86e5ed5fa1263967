package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"framegate/pipeline/frame"
	"framegate/registry/retry"
)

// connect keeps the stream connected while it is needed, until ctx is done.
func (s *stream) connect(ctx context.Context) {
	c := s.camera
	var pauses retry.Backoff
	faults := retry.Log{Logger: s.log, Message: "camera lost"}
	for {
		c.change(func() {
			if !s.needed() { // what went wrong before does not concern the next viewer
				s.err = nil
				s.setState(Idle)
			}
		})
		if err := c.until(ctx, s.needed); err != nil {
			return
		}
		c.change(func() {
			if s.err == nil {
				s.setState(Connecting)
			}
		})
		err := s.connectOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		lasted := s.disconnected(err)
		if lasted > 0 {
			faults.Reset()
		}
		if !errors.Is(err, errReleased) {
			reason := frame.ReasonOf(err)
			d := pauses.Next(reason, lasted)
			faults.Add(ctx, err, d)
			s.rest(ctx, d, retry.Temporary(reason))
		}
	}
}

// watchedPause is the longest pause between attempts while somebody watches a camera that may come back by itself.
const watchedPause = time.Second

// rest waits for d, or about watchedPause if somebody watches a camera that may be back soon.
func (s *stream) rest(ctx context.Context, d time.Duration, soon bool) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if soon && s.camera.until(ctx, s.camera.watched) == nil {
		retry.Sleep(ctx, retry.Jitter(watchedPause)-time.Since(began))
		return
	}
	<-ctx.Done()
}

// connectOnce runs the feed until its connection ends or is not needed any more.
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

// connected is called by the feed when the camera begins to send a format.
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
			s.setState(Ready)
		}
	})
}

// disconnected notes why a connection ended and returns how long the stream was coming, 0 if it never did.
func (s *stream) disconnected(err error) (lasted time.Duration) {
	lastUnit := s.feed.LastUnit()
	s.camera.change(func() {
		if s.up {
			lasted = time.Since(s.upSince)
		}
		s.up, s.tried = false, true
		s.lastFrame = later(s.lastFrame, lastUnit)
		if errors.Is(err, errReleased) {
			s.setState(Idle)
			return
		}
		s.err = err
		s.setState(stateOf(frame.ReasonOf(err)))
	})
	return lasted
}
