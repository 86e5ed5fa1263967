package registry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// rendition is one requested picture of a camera, shared by those who watch it. The camera's mutex guards the second group of
// fields.
type rendition struct {
	request     frame.Request // resolved again when the camera's size changes
	slot        *frame.Slot
	ended       context.Context // its cause is the error that its viewers get
	end         context.CancelCauseFunc
	placeholder shownPlaceholder

	spec    frame.Rendition // what request resolves to at the camera's current size
	stream  *stream         // whose picture fills the slot; nil if none does
	pixels  int64           // as how many pixels it counts
	counted bool            // its pixels are counted
	drawing bool            // its placeholder is being drawn
	viewers int
	polled  bool        // programs ask for its pictures one by one
	expiry  *time.Timer // ends the rendition; runs while it has no viewers
	sampled counts
}

// join waits until it is known what the camera sends, and then adds a viewer to the rendition that a complete request
// resolves to.
func (c *camera) join(ctx context.Context, request frame.Request, already bool) (r *rendition, err error) {
	if r := c.rejoin(request, already); r != nil {
		return r, nil
	}
	defer c.keepConnected()()
	if _, err := c.learn(ctx); err != nil {
		return nil, err
	}
	c.change(func() { r, err = c.addViewer(request, already) })
	return r, err
}

// rejoin adds a viewer to a rendition that is being made, without waking those who wait for a change of the camera: programs come and
// go with each picture. It returns nil if there is more to do.
func (c *camera) rejoin(request frame.Request, already bool) *rendition {
	c.mu.Lock()
	defer c.mu.Unlock()
	sends := c.sends()
	if sends.Width == 0 {
		return nil
	}
	spec := request.Resolve(sends)
	i := slices.IndexFunc(c.renditions, func(r *rendition) bool { return r.spec == spec })
	if i < 0 || c.renditions[i].stream == nil || c.failure(spec) != nil {
		return nil
	}
	r, err := c.addViewer(request, already)
	if err != nil {
		return nil
	}
	return r
}

// addViewer adds a viewer to the rendition that request resolves to. It adds the rendition too if it does not exist, unless
// there are too many viewers or renditions. already says that the viewer is counted. c.mu is held.
func (c *camera) addViewer(request frame.Request, already bool) (*rendition, error) {
	if limit := c.conf.MaxViewers; limit > 0 && !already && c.viewers() >= limit {
		return nil, fmt.Errorf("%w: camera %s already has %d, the limit set by max_viewers", ErrFull, c.conf.ID, limit)
	}
	spec := request.Resolve(c.sends())
	i := slices.IndexFunc(c.renditions, func(r *rendition) bool { return r.spec == spec })
	if i < 0 {
		n, err := c.makeRoom(spec)
		if err != nil {
			return nil, err
		}
		added := &rendition{request: request, spec: spec, pixels: n, counted: true, slot: &frame.Slot{}}
		added.ended, added.end = context.WithCancelCause(context.Background())
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

// makeRoom makes room for another rendition, and returns how many pixels it counts as. It drops those that nobody watches any more where
// that helps. What the configuration asks for always has a place. c.mu is held.
func (c *camera) makeRoom(spec frame.Rendition) (pixels int64, err error) {
	full := len(c.renditions) >= c.conf.MaxRenditions && !c.isDefault(spec)
	if full && !c.dropUnwatched() {
		return 0, &TooManyError{Limit: c.conf.MaxRenditions}
	}
	if err := c.refuseLarge(spec); err != nil {
		return 0, err
	}
	pixels, err = c.takePixels(spec)
	for err != nil && c.dropUnwatched() {
		pixels, err = c.takePixels(spec)
	}
	return pixels, err
}

// dropUnwatched drops a rendition that nobody watches. It reports whether there was one. c.mu is held.
func (c *camera) dropUnwatched() bool {
	i := slices.IndexFunc(c.renditions, func(r *rendition) bool { return r.viewers == 0 })
	if i >= 0 {
		c.drop(c.renditions[i], nil)
	}
	return i >= 0
}

// isDefault reports whether a rendition is what a request without parameters gets, or a snapshot of it. Bare pixels never are. c.mu is
// held.
func (c *camera) isDefault(spec frame.Rendition) bool {
	if spec.Format.Raw() {
		return false
	}
	request := c.defaultRequest()
	stream := request.Resolve(c.sends())
	request.Format = spec.Format
	return spec == stream || spec == request.Still().Resolve(c.sends())
}

// firstFrame waits until the rendition has a frame, which may be a placeholder, or until it is known why it gets none.
func (c *camera) firstFrame(ctx context.Context, r *rendition) (*frame.Frame, error) {
	if f := r.slot.Newest(); f != nil {
		return f, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan struct{})
	go func() {
		defer close(failed)
		var failure error
		err := c.until(ctx, func() bool {
			failure = c.failure(r.spec)
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

// removeViewer removes a viewer. A rendition without viewers ends after idle_timeout, or polledTime if that is longer and programs ask
// for its pictures. c.mu is held.
func (c *camera) removeViewer(r *rendition) {
	r.viewers--
	if r.viewers > 0 {
		return
	}
	idle := c.conf.IdleTimeout
	if r.polled {
		idle = max(idle, polledTime)
	}
	var expiry *time.Timer
	expiry = time.AfterFunc(idle, func() {
		c.change(func() {
			if r.expiry == expiry { // nobody has come back
				c.drop(r, nil)
			}
		})
	})
	r.expiry = expiry
}

// drop ends a rendition, and its viewers get why as their error. c.mu is held.
func (c *camera) drop(r *rendition, why error) {
	c.renditions = slices.DeleteFunc(c.renditions, func(other *rendition) bool { return other == r })
	c.givePixels(r)
	r.end(why)
}

// viewers is the number of viewers of the camera. c.mu is held.
func (c *camera) viewers() (n int) {
	for _, r := range c.renditions {
		n += r.viewers
	}
	return n
}
