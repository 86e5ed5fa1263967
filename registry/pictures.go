package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"framegate/pipeline/frame"
)

// pictureTimeout is how long a picture may take to come up to date with its camera.
const pictureTimeout = 10 * time.Second

// run is a picture that is being made, for one set of renditions of one connection. It is never changed:
// another set gets another run.
type run struct {
	picture    Picture
	wants      []wanted
	connection int
	began      time.Time
	cancel     context.CancelFunc
	done       chan struct{}
	err        error // why it ended; valid when done is closed
}

// wanted is one output of a run.
type wanted struct {
	want frame.Rendition
	slot *frame.Slot
}

// makePictures starts, replaces and ends the camera's pictures as renditions come and go. It makes before
// it breaks: the old picture goes on until the new one has caught up, and each slot takes from both what
// is newer.
func (c *camera) makePictures(ctx context.Context) {
	var current *run
	defer func() { current.stop() }()
	var pauses pause
	failed := func(err error, lived time.Duration) {
		d := pauses.next(frame.ReasonOf(err), lived)
		c.log.Warn("picture failed", "error", err, "retry_in", d.Round(time.Millisecond))
		wait(ctx, d)
	}
	for {
		next, err := c.nextRun(ctx, current)
		if err != nil {
			return
		}
		if ended := current; ended.ended() {
			current = nil
			if !errors.Is(ended.err, frame.ErrFormatChanged) {
				c.change(func() { c.show(nil) })
				failed(ended.err, time.Since(ended.began))
				continue
			}
		}
		if next != nil {
			err := c.begin(ctx, next)
			if errors.Is(err, errOutdated) {
				continue
			}
			if err != nil {
				c.change(func() { c.pictureErr = err })
				failed(err, 0)
				continue
			}
			c.log.Debug("picture begun", "renditions", len(next.wants), "after", time.Since(next.began).Round(time.Millisecond))
		}
		current.stop()
		current = next
		c.change(func() { c.show(current) })
	}
}

// nextRun waits until something else than current is wanted, or current has ended, and returns what is
// wanted: nil while nobody watches or the camera is away.
func (c *camera) nextRun(ctx context.Context, current *run) (next *run, err error) {
	err = c.until(ctx, func() bool {
		next = c.plan()
		return !next.same(current) || current.ended()
	})
	return next, err
}

// plan returns the run that would suit now. c.mu is held.
func (c *camera) plan() *run {
	if !c.up || len(c.renditions) == 0 {
		return nil
	}
	r := &run{connection: c.connection, done: make(chan struct{})}
	for _, rendition := range c.renditions {
		r.wants = append(r.wants, wanted{rendition.want, rendition.slot})
	}
	return r
}

// errOutdated ends the beginning of a run that is no longer wanted.
var errOutdated = errors.New("outdated")

// begin starts a run and waits until it has caught up with the camera. After an error it has ended.
func (c *camera) begin(ctx context.Context, r *run) error {
	outputs := make([]frame.Output, len(r.wants))
	for i, w := range r.wants {
		outputs[i] = frame.Output{Rendition: w.want, Slot: w.slot}
	}
	r.picture = c.engine.NewPicture(c.feed, outputs)
	running, cancel := context.WithCancel(ctx)
	r.cancel, r.began = cancel, time.Now()
	go func() {
		r.err = r.picture.Run(running)
		close(r.done)
		c.change(func() {})
	}()
	go func() {
		select {
		case <-r.picture.CaughtUp():
			c.change(func() {})
		case <-r.done:
		}
	}()

	ctx, cancelWait := context.WithTimeoutCause(ctx, pictureTimeout, fmt.Errorf("no picture within %v", pictureTimeout))
	defer cancelWait()
	err := c.until(ctx, func() bool {
		return r.caughtUp() || r.ended() || !c.up || c.connection != r.connection
	})
	switch {
	case err == nil && r.caughtUp():
		return nil
	case r.ended() && !errors.Is(r.err, frame.ErrFormatChanged):
		err = r.err
	case err == nil:
		err = errOutdated
	}
	r.stop()
	return err
}

// show tells which run's frames are shown, nil for none. c.mu is held.
func (c *camera) show(r *run) {
	c.picture = nil
	if r != nil {
		c.picture, c.pictureErr = r.picture, nil
	}
	switch {
	case c.up && r != nil:
		c.enter(Live)
	case c.up:
		c.enter(Ready)
	}
}

// stop ends a run and waits for it. A nil run has ended.
func (r *run) stop() {
	if r != nil {
		r.cancel()
		<-r.done
	}
}

func (r *run) ended() bool { return r != nil && isClosed(r.done) }

func (r *run) caughtUp() bool { return isClosed(r.picture.CaughtUp()) }

// same reports whether two runs make the same.
func (r *run) same(other *run) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.connection == other.connection && slices.Equal(r.wants, other.wants)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
