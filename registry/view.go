package registry

import (
	"context"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// View lets one viewer watch a rendition until the context given to Watch is done. It belongs to one goroutine. Close must
// be called.
type View struct {
	camera    *camera
	rendition *rendition
	request   frame.Request // complete
	ctx       context.Context
	cancel    context.CancelCauseFunc
	frame     *frame.Frame
	number    uint64 // of frame, as the slot counts; 0 before the first call of Next
	missed    int
	timer     *time.Timer // of Await; nil before its first call
	polls     bool        // the viewer is a program that comes back for the next picture
}

// Frame is the last frame that Watch or Next has waited for.
func (v *View) Frame() *frame.Frame { return v.frame }

// Auto reports whether the viewer is to get the step of quality=auto that its connection carries. Any goroutine may call it.
func (v *View) Auto() bool { return v.request.Auto }

// Missed is how many pictures were published between Frame and the frame before it.
func (v *View) Missed() int { return v.missed }

// OnStep returns another view for the same viewer, on a step of frame.Steps, as soon as it has a picture of the camera that is no
// older than after; the viewer closes the view that it leaves. max_viewers does not refuse it, because it adds no viewer. The errors are
// those of Watch and ErrReplaced. Any goroutine may call it.
func (v *View) OnStep(ctx context.Context, step int, after *frame.Frame) (*View, error) {
	request := v.request
	request.Step = step
	next, err := v.camera.watchAs(ctx, request, true)
	if err != nil {
		return nil, err
	}
	for next.frame.Placeholder || next.frame.PTS < after.PTS { // the first may be the last keyframe
		if _, err := next.Next(); err != nil {
			next.Close()
			return nil, err
		}
	}
	return next, nil
}

// Context is done when the viewer has gone or the camera has ended.
func (v *View) Context() context.Context { return v.ctx }

// Next waits for a frame that is newer than Frame and returns the newest one. A slow viewer misses some frames and gets
// none twice. While the camera is away, the frames are placeholders; without placeholders in the configuration, the error is
// why the camera is away. Otherwise the error is ErrReplaced, ErrRemoved, ErrClosing, or that of the context given to Watch.
// Next does not allocate.
func (v *View) Next() (*frame.Frame, error) {
	for {
		f, number, replaced := v.rendition.slot.Latest()
		if f != nil && f != v.frame {
			if v.number > 0 && number > v.number {
				v.missed = int(number-v.number) - 1
			}
			v.frame, v.number = f, number
			return f, nil
		}
		select {
		case <-replaced:
		case <-v.ctx.Done():
			return nil, context.Cause(v.ctx)
		}
	}
}

// Await waits at most d for a frame that is newer than Frame. It reports whether Next will not wait. Like Next it does not
// allocate, except for the first time.
func (v *View) Await(d time.Duration) bool {
	if v.timer == nil {
		v.timer = time.NewTimer(d)
	} else {
		v.timer.Reset(d)
	}
	defer v.timer.Stop()
	select {
	case <-v.rendition.slot.Replaced(v.frame):
		return true
	case <-v.ctx.Done():
		return true
	case <-v.timer.C:
		return false
	}
}

// Close leaves the rendition, which ends some time after its last viewer has left.
func (v *View) Close() {
	v.cancel(nil)
	v.camera.mu.Lock() // without waking anybody: nobody waits for a viewer to leave
	defer v.camera.mu.Unlock()
	v.rendition.polled = v.rendition.polled || v.polls
	v.camera.removeViewer(v.rendition)
}

// watch joins the rendition that a complete request resolves to and waits for its first frame.
func (c *camera) watch(ctx context.Context, request frame.Request) (*View, error) {
	return c.watchAs(ctx, request, false)
}

// watchAs does that for a viewer who may watch the camera already.
func (c *camera) watchAs(ctx context.Context, request frame.Request, already bool) (*View, error) {
	ctx, cancel, err := c.bind(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.join(ctx, request, already)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	release := context.AfterFunc(r.ended, func() { cancel(context.Cause(r.ended)) })
	context.AfterFunc(ctx, func() { release() })
	v := &View{camera: c, rendition: r, request: request, ctx: ctx, cancel: cancel}
	if v.frame, err = c.firstFrame(ctx, r); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}
