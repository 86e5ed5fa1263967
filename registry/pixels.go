package registry

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/framegate/framegate/pipeline/frame"
)

// ErrPixels means that a picture is too large to be made besides those that are being made.
var ErrPixels = errors.New("too many pixels")

// pixels counts those of all renditions and snapshots that are being made, of all cameras: the memory that they take grows with it.
// Any goroutine may use it, with any lock held.
type pixels struct{ limit, used atomic.Int64 } // a limit of 0 is none

const million = 1_000_000

// take counts the pixels of a rendition until give is called. It refuses too many, unless the rendition has to be made. own is the
// size of the camera's own pictures in pixels.
func (p *pixels) take(spec frame.Rendition, own int, must bool) error {
	n, limit := int64(spec.Pixels()), p.limit.Load()
	used := p.used.Add(n)
	switch {
	case must || limit == 0 || n == 0:
		return nil
	case n > limit/4 && spec.Pixels() > own:
		p.used.Add(-n)
		return fmt.Errorf("%w: %dx%d is larger than the camera's pictures and than a quarter of the %d megapixels that max_megapixels allows",
			ErrPixels, spec.Width, spec.Height, limit/million)
	case used > limit:
		p.used.Add(-n)
		return fmt.Errorf("%w: %dx%d does not fit besides the pictures that are being made, in the %d megapixels that max_megapixels allows",
			ErrPixels, spec.Width, spec.Height, limit/million)
	}
	return nil
}

// give ends the count of a rendition's pixels.
func (p *pixels) give(spec frame.Rendition) { p.used.Add(-int64(spec.Pixels())) }

// takePixels counts the pixels of a rendition of the camera. c.mu is held.
func (c *camera) takePixels(spec frame.Rendition) error {
	width, height := c.sends().DisplaySize()
	return c.pixels.take(spec, width*height, c.isDefault(spec))
}

// resolve finds out again what the renditions are, after the camera's format has changed. Viewers keep theirs, even if they grow.
// c.mu is held.
func (c *camera) resolve() {
	for _, r := range c.renditions {
		counted := r.counted
		c.givePixels(r)
		r.spec = r.request.Resolve(c.sends())
		if r.counted = counted; counted {
			c.pixels.take(r.spec, 0, true)
		}
	}
}

// givePixels ends the count of a rendition's pixels, if they are counted. c.mu is held.
func (c *camera) givePixels(r *rendition) {
	if r.counted {
		c.pixels.give(r.spec)
		r.counted = false
	}
}
