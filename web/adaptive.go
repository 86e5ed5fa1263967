package web

import (
	"context"
	"errors"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry"
	"github.com/framegate/framegate/web/adapt"
)

// adaptive adapts what one viewer is sent to the capacity of its connection, for quality=auto and max_kbps. It belongs to the sender's goroutine.
type adaptive struct {
	chooser adapt.Chooser
	pace    adapt.Pace
	bytes   int             // written for the current frame
	took    time.Duration   // to write them
	changes chan stepChange // has the result of a change of the step
	pending int             // the step that is being changed to; -1 for none

	estimate  float64   // of TCP, see delivered
	estimated time.Time // when TCP was last asked for it
}

// stepChange is the result of an attempt to watch another step.
type stepChange struct {
	step int
	view *registry.View
	err  error
}

// newAdaptive returns an adaptive that limits a viewer to kbps; 0 means no limit.
func newAdaptive(kbps int) *adaptive {
	limit := float64(kbps) * 1000 / 8
	return &adaptive{chooser: adapt.Chooser{Limit: limit}, pace: adapt.Pace{Limit: limit}, changes: make(chan stepChange, 1), pending: -1}
}

// errStep ends the frames of one step, because those of another one follow.
var errStep = errors.New("the viewer is on another step")

// stepTimeout is how long the pictures of another step may take to begin.
const stepTimeout = 10 * time.Second

// adapt accounts for the view's frame that was written, and waits until the viewer may be sent the next one. The error is errStep if the
// next frame comes from s.next; any other error is the view's.
func (s *sender) adapt() error {
	a, now := s.adaptive, s.now()
	bytes, took := a.bytes, a.took
	a.bytes, a.took = 0, 0
	if err := s.changeStep(now); err != nil {
		return err
	}
	if s.view.Auto() && !s.view.Frame().Placeholder {
		step := a.chooser.Sent(adapt.Sent{At: now, Took: took, Bytes: bytes, Missed: s.view.Missed(), Delivered: a.delivered(s.to, now)})
		if step != a.chooser.Step() && a.pending < 0 {
			a.pending = step
			s.watchStep(step)
		}
	}
	if a.pace.Limit > 0 {
		return s.pause(a.pace.Sent(bytes, now))
	}
	return nil
}

// watchStep starts to watch another step in the background; the current one is sent until it has pictures.
func (s *sender) watchStep(step int) {
	view, seen := s.view, s.view.Frame()
	go func() {
		ctx, cancel := context.WithCancel(s.ctx)
		timer := time.AfterFunc(stepTimeout, cancel)
		next, err := view.OnStep(ctx, step, seen)
		if !timer.Stop() && err == nil { // it has just been canceled
			next.Close()
			next, err = nil, context.DeadlineExceeded
		}
		if err != nil {
			cancel()
		} else {
			context.AfterFunc(next.Context(), cancel)
		}
		s.adaptive.changes <- stepChange{step, next, err}
	}()
}

// changeStep takes the view of another step if it is ready. It then sets s.next, whose frame is newer than the last one that was sent or
// is a placeholder, and returns errStep.
func (s *sender) changeStep(now time.Time) error {
	a := s.adaptive
	select {
	case c := <-a.changes:
		a.pending = -1
		if c.err != nil {
			a.chooser.Refused(now)
			return nil
		}
		if !s.view.Auto() { // by a new configuration
			c.view.Close()
			return nil
		}
		for f := c.view.Frame(); f.PTS <= s.view.Frame().PTS && !f.Placeholder; {
			if f, c.err = c.view.Next(); c.err != nil {
				c.view.Close()
				a.chooser.Refused(now)
				return nil
			}
		}
		s.count(a.chooser.Step(), c.step)
		a.chooser.Moved(c.step, now)
		s.next = c.view
		return errStep
	default:
		return nil
	}
}

// count updates the number of viewers who are not on the first step, when this one goes from a step to another.
func (s *sender) count(from, to int) { s.reduced.Add(int64(min(to, 1) - min(from, 1))) }

// stopAdapting ends a change that is under way, and no longer counts the viewer as being on a lower step. The sender's context is done.
func (s *sender) stopAdapting() {
	a := s.adaptive
	s.count(a.chooser.Step(), 0)
	if a.pending >= 0 {
		if c := <-a.changes; c.view != nil {
			c.view.Close()
		}
	}
}

// pause waits for d, or until the view ends, and then returns the view's cause.
func (s *sender) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.view.Context().Done():
		return context.Cause(s.view.Context())
	}
}

// delivered returns TCP's estimate of what the connection carries, in bytes per second; 0 if it is unknown. TCP is asked at most once
// per estimatePeriod.
func (a *adaptive) delivered(to streamWriter, now time.Time) float64 {
	if now.Sub(a.estimated) >= estimatePeriod {
		a.estimated, a.estimate = now, to.delivered()
	}
	return a.estimate
}

// estimatePeriod is the least time between two questions to TCP, since each is a system call.
const estimatePeriod = 500 * time.Millisecond

// watchAgain watches the camera again, because the view has ended. If the viewer's step is no longer available, it watches the first
// one.
func (s *sender) watchAgain() (*registry.View, error) {
	view, err := s.cameras.Watch(s.ctx, s.id, s.onStep())
	if err != nil && s.adaptive != nil && s.adaptive.chooser.Step() > 0 {
		s.toFirstStep()
		view, err = s.cameras.Watch(s.ctx, s.id, s.onStep())
	}
	if err != nil {
		return nil, err
	}
	switch {
	case view.Auto() && s.adaptive == nil: // by the new configuration
		s.adaptive = newAdaptive(0)
	case !view.Auto() && s.adaptive != nil:
		s.toFirstStep()
	}
	return view, nil
}

// toFirstStep counts the viewer as being on the first step.
func (s *sender) toFirstStep() {
	s.count(s.adaptive.chooser.Step(), 0)
	s.adaptive.chooser.Moved(0, s.now())
}

// onStep returns the request for the viewer's step.
func (s *sender) onStep() frame.Request {
	r := s.request
	if s.adaptive != nil {
		r.Step = s.adaptive.chooser.Step()
	}
	return r
}
