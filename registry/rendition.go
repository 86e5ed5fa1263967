package registry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"framegate/pipeline/frame"
)

// rendition is one wanted picture of a camera, shared by those who watch it. The camera's mutex guards the second group of
// fields.
type rendition struct {
	ask         frame.Ask // resolved again when the camera's size changes
	slot        *frame.Slot
	ended       context.Context // its cause is why viewers were sent away
	end         context.CancelCauseFunc
	placeholder shownPlaceholder

	want    frame.Rendition // what ask means at the camera's current size
	by      *stream         // whose picture fills the slot; nil if none does
	viewers int
	expiry  *time.Timer // ends the rendition; runs while it has no viewers
}

// join waits until it is known what the camera sends, and then counts a viewer of the rendition that a complete ask means.
func (c *camera) join(ctx context.Context, ask frame.Ask) (r *rendition, err error) {
	defer c.open()()
	if _, err := c.learn(ctx); err != nil {
		return nil, err
	}
	c.change(func() { r, err = c.addViewer(ask) })
	return r, err
}

// addViewer counts a viewer of the rendition that ask means, and adds the rendition if there is none, unless there are too
// many. c.mu is held.
func (c *camera) addViewer(ask frame.Ask) (*rendition, error) {
	if limit := c.conf.MaxViewers; limit > 0 && c.viewers() >= limit {
		return nil, fmt.Errorf("%w: camera %s already has %d, the limit set by max_viewers", ErrFull, c.conf.ID, limit)
	}
	want := ask.Resolve(c.sends())
	i := slices.IndexFunc(c.renditions, func(r *rendition) bool { return r.want == want })
	if i < 0 {
		if len(c.renditions) >= c.conf.MaxRenditions {
			return nil, &TooManyError{Limit: c.conf.MaxRenditions}
		}
		added := &rendition{ask: ask, want: want, slot: &frame.Slot{}}
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

// removeViewer counts a viewer out. A rendition without viewers ends after idle_timeout. c.mu is held.
func (c *camera) removeViewer(r *rendition) {
	r.viewers--
	if r.viewers > 0 {
		return
	}
	var expiry *time.Timer
	expiry = time.AfterFunc(c.conf.IdleTimeout, func() {
		c.change(func() {
			if r.expiry == expiry { // nobody has come back
				c.drop(r, nil)
			}
		})
	})
	r.expiry = expiry
}

// drop ends a rendition and sends its viewers away because of why. c.mu is held.
func (c *camera) drop(r *rendition, why error) {
	c.renditions = slices.DeleteFunc(c.renditions, func(other *rendition) bool { return other == r })
	r.end(why)
}

// viewers counts those who watch the camera. c.mu is held.
func (c *camera) viewers() (n int) {
	for _, r := range c.renditions {
		n += r.viewers
	}
	return n
}
