package registry

import (
	"context"

	"framegate/pipeline/frame"
)

// View lets one viewer watch a rendition until the context given to Watch is done. It belongs to one goroutine. Close must
// be called.
type View struct {
	camera    *camera
	rendition *rendition
	ctx       context.Context
	cancel    context.CancelCauseFunc
	frame     *frame.Frame
}

// Frame is the newest frame that the viewer has been given.
func (v *View) Frame() *frame.Frame { return v.frame }

// Context is done when the viewer has gone or the camera has ended.
func (v *View) Context() context.Context { return v.ctx }

// Next waits for a frame that is newer than Frame and returns the newest one. A slow viewer misses some frames and gets
// none twice. While the camera is away, the frames are placeholders. Where the configuration wants no placeholders, the
// error is why the camera is away. Otherwise the error is ErrReplaced, ErrRemoved, ErrClosing, or that of the context
// given to Watch. Next does not allocate.
func (v *View) Next() (*frame.Frame, error) {
	f, err := v.rendition.slot.After(v.ctx, v.frame)
	if err != nil {
		return nil, err
	}
	v.frame = f
	return f, nil
}

// Close leaves the rendition, which ends some time after its last viewer has left.
func (v *View) Close() {
	v.cancel(nil)
	v.camera.change(func() { v.camera.removeViewer(v.rendition) })
}

// watch joins the rendition that a complete ask means and waits for its first frame.
func (c *camera) watch(ctx context.Context, ask frame.Ask) (*View, error) {
	ctx, cancel, err := c.bind(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.join(ctx, ask)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	release := context.AfterFunc(r.ended, func() { cancel(context.Cause(r.ended)) })
	context.AfterFunc(ctx, func() { release() })
	v := &View{camera: c, rendition: r, ctx: ctx, cancel: cancel}
	if v.frame, err = c.firstFrame(ctx, r); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// firstFrame waits until the rendition has a frame, which may be a placeholder, or until it is known why it gets none.
func (c *camera) firstFrame(ctx context.Context, r *rendition) (*frame.Frame, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		var failure error
		err := c.until(ctx, func() bool {
			failure = c.failure(r.want)
			return failure != nil && !c.hasPlaceholder(r)
		})
		if err == nil {
			cancel(failure)
		}
	}()
	f, err := r.slot.After(ctx, nil)
	cancel(nil)
	<-failed
	return f, err
}
