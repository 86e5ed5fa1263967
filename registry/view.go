package registry

import (
	"context"
	"slices"
	"time"

	"framegate/pipeline/frame"
)

// rendition is one wanted picture of a camera and those who watch it. Its fields but the slot are guarded
// by the camera's mutex.
type rendition struct {
	ask     frame.Ask       // resolved anew when the camera's size changes
	want    frame.Rendition // what ask means at the camera's present size
	slot    *frame.Slot
	viewers int
	expiry  *time.Timer // ends the rendition; runs while it has no viewers
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

// Next waits for a frame newer than that, and returns the newest there is: a slow viewer misses some and
// sees none twice. It waits as long as the camera is away. The error is ErrClosing, or that of the context
// given to Watch. It does not allocate.
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

// watch opens the camera, joins a rendition and waits for its first frame.
func (c *camera) watch(ctx context.Context, ask frame.Ask) (*View, error) {
	if c.conf.Disabled {
		return nil, ErrDisabled
	}
	if c.life.Err() != nil {
		return nil, ErrClosing
	}
	ctx, cancel := context.WithCancelCause(ctx)
	release := context.AfterFunc(c.life, func() { cancel(ErrClosing) })
	context.AfterFunc(ctx, func() { release() })
	r, err := c.open(ctx, ask.Or(c.ask()))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	v := &View{camera: c, rendition: r, ctx: ctx, cancel: cancel}
	if err := c.firstFrame(ctx, r); err != nil {
		v.Close()
		return nil, err
	}
	if _, err := v.Next(); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// ask is what the configuration says of the camera's pictures.
func (c *camera) ask() frame.Ask {
	p := c.conf.Settings
	return frame.Ask{Width: p.Width, Height: p.Height, Scale: p.Scale, FPS: p.FPS, Quality: p.Quality}
}

// open waits until the camera is connected, which makes an on_demand camera connect, and joins the
// rendition that ask means at its size.
func (c *camera) open(ctx context.Context, ask frame.Ask) (r *rendition, err error) {
	c.change(func() { c.opening++ })
	defer c.change(func() { c.opening-- })
	waited := c.until(ctx, func() bool {
		switch err = c.feedErr; {
		case err != nil:
			return true
		case c.up:
			r = c.join(ask)
		}
		return r != nil
	})
	if waited != nil {
		return nil, waited
	}
	if r != nil {
		c.change(func() {}) // tells makePictures
	}
	return r, err
}

// firstFrame waits until the rendition has a frame, or it is known why it will have none.
func (c *camera) firstFrame(ctx context.Context, r *rendition) error {
	ctx, cancel := context.WithCancelCause(ctx)
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		var failure error
		if c.until(ctx, func() bool { failure = c.failure(); return failure != nil }) == nil {
			cancel(failure)
		}
	}()
	_, err := r.slot.After(ctx, nil)
	cancel(nil)
	<-failed
	return err
}

// join counts a viewer of the rendition that ask resolves to, which is made where there is none. c.mu is
// held.
func (c *camera) join(ask frame.Ask) *rendition {
	want := ask.Resolve(c.stream)
	i := slices.IndexFunc(c.renditions, func(r *rendition) bool { return r.want == want })
	if i < 0 {
		c.renditions = append(c.renditions, &rendition{ask: ask, want: want, slot: &frame.Slot{}})
		i = len(c.renditions) - 1
	}
	r := c.renditions[i]
	r.viewers++
	if r.expiry != nil {
		r.expiry.Stop()
		r.expiry = nil
	}
	return r
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
				c.renditions = slices.DeleteFunc(c.renditions, func(other *rendition) bool { return other == r })
			}
		})
	})
	r.expiry = expiry
}
