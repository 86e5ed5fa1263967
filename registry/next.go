package registry

import (
	"context"
	"errors"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Next returns the newest picture of a rendition as soon as there is one that arrived after a time, to the microsecond, and its number
// among the rendition's pictures, from 1. With the zero time the newest one is enough; if it is older than freshTime, Next waits up to
// snapshotGrace, and not beyond the deadline of ctx, for a newer one. Next never returns a placeholder: while the camera is away, the
// error is why. The other errors are those of Watch. The rendition is made for some time after the last call, see polledTime.
func (r *Registry) Next(ctx context.Context, id string, request frame.Request, after time.Time) (f *frame.Frame, number uint64, err error) {
	for {
		c, err := r.find(id)
		if err != nil {
			return nil, 0, err
		}
		f, number, err = c.next(ctx, request.WithDefaults(c.defaultRequest()), after)
		if !errors.Is(err, ErrReplaced) {
			return f, number, err
		}
	}
}

// polledTime is how long a rendition is made at least after a program has asked for a picture, so that the next one costs no more than
// that, whatever idle_timeout is.
const polledTime = 5 * time.Second

// freshTime is how old a picture may be for those who name no time.
const freshTime = time.Second

// next is Next for a complete request.
func (c *camera) next(ctx context.Context, request frame.Request, after time.Time) (*frame.Frame, uint64, error) {
	view, err := c.watch(ctx, request)
	if err != nil {
		return nil, 0, err
	}
	view.polls = true
	defer view.Close()
	if !after.IsZero() {
		return view.newer(after, nil)
	}
	timer := time.NewTimer(snapshotGrace)
	defer timer.Stop()
	f, number, err := view.newer(time.Now().Add(-freshTime), timer.C)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		if newest, number, _ := view.rendition.slot.Latest(); newest != nil && !newest.Placeholder {
			return newest, number, nil
		}
	}
	return f, number, err
}

// newer waits for a picture that arrived after a time, and returns the newest one with its number. When patience ends, an older one is
// enough; nil never ends.
func (v *View) newer(after time.Time, patience <-chan time.Time) (*frame.Frame, uint64, error) {
	enough := false
	for {
		f, number, replaced := v.rendition.slot.Latest()
		switch {
		case f.Placeholder:
			if err := v.failure(); err != nil {
				return nil, 0, err
			}
		case enough, f.Received.UnixMicro() > after.UnixMicro():
			return f, number, nil
		}
		select {
		case <-replaced:
		case <-patience:
			enough, patience = true, nil
		case <-v.ctx.Done():
			return nil, 0, context.Cause(v.ctx)
		}
	}
}

// failure is why the rendition gets no pictures, nil if they will come soon.
func (v *View) failure() (err error) {
	v.camera.read(func() { err = v.camera.failure(v.rendition.spec) })
	return err
}
