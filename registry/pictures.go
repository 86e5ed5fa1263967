package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"framegate/pipeline/frame"
)

// pictureTimeout is how long a picture may take to come up to date with its camera. Each plan has a shorter limit of its
// own; this one is for those that wait for their turn on a device, where many begin at once.
const pictureTimeout = time.Minute

// run is a picture that is being made, for one set of renditions of one connection. It is never changed:
// another set gets another run.
type run struct {
	picture    Picture
	outputs    []frame.Output
	connection int
	plan       string // that was best for it
	began      time.Time
	cancel     context.CancelFunc
	done       chan struct{}
	err        error // why it ended; valid when done is closed
}

// makePictures starts, replaces and ends the stream's pictures as renditions come and go. It makes before it
// breaks: the old picture goes on until the new one has caught up, and each slot takes from both what is
// newer. The same holds between streams: one makes a rendition until another one shows it.
func (s *stream) makePictures(ctx context.Context) {
	c := s.camera
	var current *run
	defer func() { current.stop() }()
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { s.watchPlans(ctx) })
	var pauses pause
	told := repeats{}
	failed := func(err error, lived time.Duration) {
		var plan *frame.PlanError
		if errors.As(err, &plan) {
			s.setAside(plan)
			return
		}
		reason := frame.ReasonOf(err)
		d := pauses.next(reason, lived)
		if passes(reason) { // a picture is made for somebody who watches
			d = min(d, jitter(watchedPause))
		}
		told.tell(ctx, s.log, "picture failed", err, d)
		s.pauseBetweenPictures(ctx, err, d, current)
	}
	for {
		next, err := s.nextRun(ctx, current)
		if err != nil {
			return
		}
		if ended := current; ended.ended() {
			current = nil
			if !errors.Is(ended.err, frame.ErrFormatChanged) {
				c.change(func() { s.show(nil) })
				failed(ended.err, time.Since(ended.began))
				continue
			}
		}
		if next != nil {
			err := s.begin(ctx, next)
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, errOutdated) {
				continue
			}
			if err != nil {
				failed(err, 0)
				continue
			}
			s.log.Debug("picture begun", "renditions", len(next.outputs), "after", time.Since(next.began).Round(time.Millisecond))
			for _, text := range next.picture.Plan().Warnings {
				s.log.Warn(text)
			}
		}
		last := current
		current = next
		c.change(func() { s.show(current) })
		last.stop()
	}
}

// setAside tells that another plan takes over.
func (s *stream) setAside(failed *frame.PlanError) {
	s.log.Warn("plan set aside", "plan", failed.Plan, "next", failed.Next, "error", failed.Err, "retry_in", failed.Pause)
}

// watchPlans tells everybody who waits when pictures may be made by another plan.
func (s *stream) watchPlans(ctx context.Context) {
	next := s.feed.PlanChange()
	for {
		select {
		case <-next:
			next = s.feed.PlanChange() // before the plans are looked at, so that no change is missed
			s.camera.change(func() {})
		case <-ctx.Done():
			return
		}
	}
}

// pauseBetweenPictures tells everybody whose picture current does not make why there is none, and waits for d, or until
// there is another connection or current has ended.
func (s *stream) pauseBetweenPictures(ctx context.Context, why error, d time.Duration, current *run) {
	c := s.camera
	var failed int
	c.change(func() { s.pictureErr, failed = why, s.connection })
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	c.until(ctx, func() bool { return s.connection != failed || current.ended() })
	c.change(func() { s.pictureErr = nil })
}

// nextRun waits until something else than current is wanted, or current has ended, and returns what is
// wanted: nil while nobody watches or the stream is away.
func (s *stream) nextRun(ctx context.Context, current *run) (next *run, err error) {
	err = s.camera.until(ctx, func() bool {
		next = s.plan()
		return !next.same(current) || current.ended()
	})
	return next, err
}

// plan returns the run that would suit now: what is best made of this stream, and what is made of it until
// another stream shows it. The camera's mutex is held.
func (s *stream) plan() *run {
	r := &run{connection: s.connection, plan: s.feed.Plan(), done: make(chan struct{})}
	for _, rendition := range s.camera.renditions {
		if s.camera.choose(rendition.want) == s || rendition.by == s {
			r.outputs = append(r.outputs, frame.Output{Rendition: rendition.want, Slot: rendition.slot})
		}
	}
	if !s.up || len(r.outputs) == 0 {
		return nil
	}
	return r
}

// errOutdated ends the beginning of a run that is no longer wanted.
var errOutdated = errors.New("outdated")

// begin starts a run and waits until it has caught up with the camera. After an error it has ended.
func (s *stream) begin(ctx context.Context, r *run) error {
	c := s.camera
	r.picture = s.feed.NewPicture(r.outputs)
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
		return r.caughtUp() || r.ended() || !s.up || s.connection != r.connection || !s.wants(r)
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

// wants reports whether somebody still wants anything of what a run makes. The camera's mutex is held.
func (s *stream) wants(r *run) bool {
	return slices.ContainsFunc(s.camera.renditions, func(wanted *rendition) bool { return r.makes(wanted) })
}

// show tells which run's frames are shown, nil for none. The camera's mutex is held.
func (s *stream) show(r *run) {
	s.shown = r
	for _, rendition := range s.camera.renditions {
		if rendition.by == s {
			rendition.by = nil
		}
		if r.makes(rendition) {
			rendition.by = s
		}
	}
	switch {
	case s.up && r != nil:
		s.enter(Live)
	case s.up:
		s.enter(Ready)
	}
}

// makes reports whether a rendition is among those of a run.
func (r *run) makes(wanted *rendition) bool {
	return r != nil && slices.ContainsFunc(r.outputs, func(o frame.Output) bool { return o.Slot == wanted.slot })
}

// shows reports whether a run makes a rendition.
func (r *run) shows(want frame.Rendition) bool {
	return r != nil && slices.ContainsFunc(r.outputs, func(o frame.Output) bool { return o.Rendition == want })
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
	return r.connection == other.connection && r.plan == other.plan && slices.Equal(r.outputs, other.outputs)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
