package registry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"framegate/pipeline/frame"
)

// rendition is one wanted picture of a camera and those who watch it. Its fields but the slot, the life and the cover
// are guarded by the camera's mutex.
type rendition struct {
	ask     frame.Ask       // resolved anew when the camera's size changes
	want    frame.Rendition // what ask means at the camera's present size
	slot    *frame.Slot
	life    context.Context // its cause says why those who watch were sent away
	end     context.CancelCauseFunc
	by      *stream // whose picture fills the slot; nil while none does
	viewers int
	expiry  *time.Timer // ends the rendition; runs while it has no viewers
	cover   cover
}

// View is one viewer's hold on a rendition, for as long as the context given to Watch. It belongs to one
// goroutine; Close must be called.
type View struct {
	camera    *camera
	rendition *rendition
	ctx       context.Context
	cancel    context.CancelCauseFunc
	frame     *frame.Frame
}

// Frame is the newest frame that the viewer has been given.
func (v *View) Frame() *frame.Frame { return v.frame }

// Context is done when the viewer has gone or the camera ends.
func (v *View) Context() context.Context { return v.ctx }

// Next waits for a frame newer than that, and returns the newest there is: a slow viewer misses some and
// sees none twice. While the camera is away cards come, which say so; where the configuration wants none, the error
// is why. Else it is ErrReplaced, ErrRemoved, ErrClosing, or that of the context given to Watch. It does not allocate.
func (v *View) Next() (*frame.Frame, error) {
	f, err := v.rendition.slot.After(v.ctx, v.frame)
	if err != nil {
		return nil, err
	}
	v.frame = f
	return f, nil
}

// Close leaves the rendition, which ends some time after its last viewer.
func (v *View) Close() {
	v.cancel(nil)
	v.camera.change(func() { v.camera.leave(v.rendition) })
}

// watch joins the rendition that a complete ask means, which opens the camera, and waits for its first frame.
func (c *camera) watch(ctx context.Context, ask frame.Ask) (*View, error) {
	ctx, cancel, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.join(ctx, ask)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	release := context.AfterFunc(r.life, func() { cancel(context.Cause(r.life)) })
	context.AfterFunc(ctx, func() { release() })
	v := &View{camera: c, rendition: r, ctx: ctx, cancel: cancel}
	if v.frame, err = c.firstFrame(ctx, r); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// enter begins a visit of the camera, which ends with it. cancel must be called.
func (c *camera) enter(ctx context.Context) (visit context.Context, cancel context.CancelCauseFunc, err error) {
	if c.conf.Disabled {
		return nil, nil, ErrDisabled
	}
	if c.life.Err() != nil {
		return nil, nil, context.Cause(c.life)
	}
	visit, cancel = context.WithCancelCause(ctx)
	release := context.AfterFunc(c.life, func() { cancel(context.Cause(c.life)) })
	context.AfterFunc(visit, func() { release() })
	return visit, cancel, nil
}

// firstFrame waits until the rendition has a frame, which may be a card, or it is known why it will have none.
func (c *camera) firstFrame(ctx context.Context, r *rendition) (*frame.Frame, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		var failure error
		if c.until(ctx, func() bool { failure = c.failure(r.want); return failure != nil && !c.covers(r) }) == nil {
			cancel(failure)
		}
	}()
	f, err := r.slot.After(ctx, nil)
	cancel(nil)
	<-failed
	return f, err
}

// join waits until it is known what the camera sends, and counts a viewer of the rendition that a complete ask means
// then.
func (c *camera) join(ctx context.Context, ask frame.Ask) (r *rendition, err error) {
	defer c.open()()
	if _, err := c.learn(ctx); err != nil {
		return nil, err
	}
	c.change(func() { r, err = c.addViewer(ask) })
	return r, err
}

// addViewer counts a viewer of the rendition that ask means. The rendition is made where there is none, unless there are
// too many. c.mu is held.
func (c *camera) addViewer(ask frame.Ask) (*rendition, error) {
	if limit := c.conf.MaxViewers; limit > 0 && c.viewers() >= limit {
		return nil, fmt.Errorf("%w this camera: %d, as many as its max_viewers allows", ErrFull, limit)
	}
	want := ask.Resolve(c.sends())
	i := slices.IndexFunc(c.renditions, func(r *rendition) bool { return r.want == want })
	if i < 0 {
		if len(c.renditions) >= c.conf.MaxRenditions {
			return nil, &TooManyError{Limit: c.conf.MaxRenditions}
		}
		added := &rendition{ask: ask, want: want, slot: &frame.Slot{}}
		added.life, added.end = context.WithCancelCause(context.Background())
		c.renditions = append(c.renditions, added)
		i = len(c.renditions) - 1
	}
	r := c.renditions[i]
	r.viewers++
	if r.expiry != nil {
		r.expiry.Stop()
		r.expiry = nil
	}
	return r, nil
}

// leave counts a viewer out. c.mu is held.
func (c *camera) leave(r *rendition) {
	r.viewers--
	if r.viewers > 0 {
		return
	}
	var expiry *time.Timer
	expiry = time.AfterFunc(c.conf.IdleTimeout, func() {
		c.change(func() {
			if r.expiry == expiry { // nobody came back meanwhile
				c.drop(r, nil)
			}
		})
	})
	r.expiry = expiry
}

// drop ends a rendition, and those who watch it with why. c.mu is held.
func (c *camera) drop(r *rendition, why error) {
	c.renditions = slices.DeleteFunc(c.renditions, func(other *rendition) bool { return other == r })
	r.end(why)
}

// viewers are all who watch the camera. c.mu is held.
func (c *camera) viewers() (n int) {
	for _, r := range c.renditions {
		n += r.viewers
	}
	return n
}
