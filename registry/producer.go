package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/registry/retry"
)

// producer makes the Pictures of one stream that a consumer wants. It owns each Picture from start to end: it starts the
// Picture, waits until it has caught up with the camera, replaces it when the consumer wants another one, and starts another
// one after a failure. The old Picture runs until its replacement has caught up, and each slot takes the newer frames of both.
// A producer belongs to one goroutine.
type producer struct {
	stream   *stream
	consumer consumer
	once     bool // ends with the first failure, unless another plan takes over
	pauses   retry.Backoff
	faults   retry.Log
}

// consumer decides which Picture is wanted, and gets it.
type consumer interface {
	// wanted describes the Picture that is wanted now, given the name of the best plan. It is nil while none is wanted.
	// The camera's mutex is held.
	wanted(plan string) *pictureSpec
	// outdated reports whether a Picture that has not caught up yet is not wanted any more. The camera's mutex is held.
	outdated(*pictureSpec) bool
	// show is called with each Picture that has caught up, and with nil when there is none any more.
	show(*pictureRun)
}

// pictureTimeout is how long a Picture may take to catch up with its camera. Each plan has its own, shorter limit.
// This one is for Pictures that wait for their turn on a device when many start at the same time.
const pictureTimeout = time.Minute

// errOutdated ends a Picture that is no longer wanted before it has caught up.
var errOutdated = errors.New("outdated")

// run makes Pictures until ctx is done. The error is ctx's or, with once, why a Picture has failed.
func (p *producer) run(ctx context.Context) error {
	var current *pictureRun
	defer func() { current.stop() }()
	for {
		spec, err := p.next(ctx, current)
		if err != nil {
			return err
		}
		if ended := current; ended.ended() {
			current = nil
			if p.isFailure(ended.err) {
				p.consumer.show(nil)
				if err := p.retry(ctx, ended.err, time.Since(ended.began), nil); err != nil {
					return err
				}
				continue
			}
		}
		var next *pictureRun
		if spec != nil {
			next, err = p.start(ctx, spec)
			switch {
			case ctx.Err() != nil:
				next.stop()
				return context.Cause(ctx)
			case errors.Is(err, errOutdated):
				continue
			case err != nil:
				if err := p.retry(ctx, err, 0, current); err != nil {
					return err
				}
				continue
			}
		}
		last := current
		current = next
		p.consumer.show(current)
		last.stop()
	}
}

// next waits until something other than current is wanted, or current has ended, and returns what is wanted. It asks the
// feed for the best plan without the camera's mutex, since the engine takes locks to answer, and asks again when the answer
// may have changed.
func (p *producer) next(ctx context.Context, current *pictureRun) (spec *pictureSpec, err error) {
	s := p.stream
	for {
		var seen int
		s.camera.read(func() { seen = s.planChanges })
		best := s.feed.Plan()
		var again bool
		err := s.camera.until(ctx, func() bool {
			spec, again = p.consumer.wanted(best), s.planChanges != seen
			return again || !spec.same(current.makes()) || current.ended()
		})
		if err != nil || !again {
			return spec, err
		}
	}
}

// start starts a Picture and waits until it has caught up with the camera. After an error it has ended.
func (p *producer) start(ctx context.Context, spec *pictureSpec) (*pictureRun, error) {
	r := p.stream.start(ctx, spec)
	ctx, cancel := context.WithTimeoutCause(ctx, pictureTimeout, fmt.Errorf("no picture within %v", pictureTimeout))
	defer cancel()
	err := p.stream.camera.until(ctx, func() bool {
		return isClosed(r.caughtUp) || r.ended() || p.consumer.outdated(spec)
	})
	switch {
	case err == nil && isClosed(r.caughtUp):
		return r, nil
	case r.ended() && p.isFailure(r.err):
		err = r.err
	case err == nil:
		err = errOutdated
	}
	r.stop()
	return nil, err
}

// isFailure reports whether a Picture that ended with err has failed. A change of format counts as a failure only with once;
// otherwise the producer starts another Picture.
func (p *producer) isFailure(err error) bool {
	return p.once || !errors.Is(err, frame.ErrFormatChanged)
}

// retry waits until another Picture may start after a failure: immediately if another plan takes over. lasted is
// how long the Picture that failed was running, and current is the Picture that still runs. The error is failure if no
// other Picture is to be started.
func (p *producer) retry(ctx context.Context, failure error, lasted time.Duration, current *pictureRun) error {
	var plan *frame.PlanError
	if errors.As(failure, &plan) {
		p.stream.log.Warn("plan suspended", "plan", plan.Plan, "next", plan.Next, "error", plan.Err, "retry_in", plan.Pause)
		return nil
	}
	if p.once {
		return failure
	}
	reason := frame.ReasonOf(failure)
	d := p.pauses.Next(reason, lasted)
	if retry.Temporary(reason) { // and somebody watches
		d = min(d, retry.Jitter(watchedPause))
	}
	p.faults.Add(ctx, failure, d)
	p.pauseAfter(ctx, failure, d, current)
	return nil
}

// pauseAfter waits for d, or until there is another connection or current has ended. Meanwhile failure is the reason why
// renditions that current does not make have no Picture.
func (p *producer) pauseAfter(ctx context.Context, failure error, d time.Duration, current *pictureRun) {
	s := p.stream
	var failed int
	s.camera.change(func() { s.pictureErr, failed = failure, s.connection })
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	s.camera.until(ctx, func() bool { return s.connection != failed || current.ended() })
	s.camera.change(func() { s.pictureErr = nil })
}
