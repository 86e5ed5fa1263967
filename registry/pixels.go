package registry

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// ErrPixels means that a picture is too large to be made besides those that are being made.
var ErrPixels = errors.New("too many pixels")

// pixels counts the pixels of all renditions and snapshots that are being made, of all cameras, because the memory that they take grows
// with them. Any goroutine may use it, with any lock held.
type pixels struct{ limit, used atomic.Int64 } // a limit of 0 is none

const million = 1_000_000

// take counts the pixels of a rendition of a camera that sends a stream, until give is called with their number. It refuses too many,
// unless the rendition has to be made.
func (p *pixels) take(spec frame.Rendition, sends frame.Stream, must bool) (n int64, err error) {
	n = load(spec, sends)
	limit, used := p.limit.Load(), p.used.Add(n)
	width, height := sends.DisplaySize()
	switch {
	case must || limit == 0 || n == 0:
		return n, nil
	case n > limit/4 && spec.Pixels() > width*height:
		err = fmt.Errorf("%w: %dx%d is larger than the camera's pictures and than a quarter of the %d megapixels that max_megapixels allows",
			ErrPixels, spec.Width, spec.Height, limit/million)
	case used > limit:
		err = fmt.Errorf("%w: %dx%d does not fit besides the pictures that are being made, in the %d megapixels that max_megapixels allows",
			ErrPixels, spec.Width, spec.Height, limit/million)
	default:
		return n, nil
	}
	p.give(n)
	return 0, err
}

// give subtracts pixels that take has counted.
func (p *pixels) give(n int64) { p.used.Add(-n) }

// load is how many pixels a rendition counts as. A crop counts at least as much as the whole picture from which it is cut, since a
// device scales and copies all of it. Bare pixels count more than once: packed BGR takes two times the memory of a picture that is to be
// encoded, besides that picture.
func load(spec frame.Rendition, sends frame.Stream) int64 {
	n := int64(spec.Pixels())
	if n > 0 && !spec.Crop.Whole() {
		width, height := spec.SourceSize()
		if w, h := sends.DisplaySize(); w > 0 && h > 0 {
			width, height = min(width, w), min(height, h)
		}
		n = max(n, int64(width)*int64(height))
	}
	switch spec.Format {
	case frame.BGR, frame.RGB:
		return 3 * n
	case frame.Gray, frame.I420:
		return 2 * n
	}
	return n
}

// takePixels counts the pixels of a rendition of the camera. c.mu is held.
func (c *camera) takePixels(spec frame.Rendition) (int64, error) {
	return c.pixels.take(spec, c.sends(), c.isDefault(spec))
}

// resolve resolves all renditions again after the camera's format has changed. Viewers keep theirs, even if they grow. c.mu is held.
func (c *camera) resolve() {
	for _, r := range c.renditions {
		counted := r.counted
		c.givePixels(r)
		r.spec = r.request.Resolve(c.sends())
		if r.counted = counted; counted {
			r.pixels, _ = c.pixels.take(r.spec, c.sends(), true)
		}
	}
}

// givePixels ends the count of a rendition's pixels, if they are counted. c.mu is held.
func (c *camera) givePixels(r *rendition) {
	if r.counted {
		c.pixels.give(r.pixels)
		r.counted = false
	}
}

// smallTime is how long a camera makes no large renditions after they have ended because memory is short.
const smallTime = time.Minute

// isLarge reports whether a rendition has a megapixel or more and is not what the configuration asks for. c.mu is held.
func (c *camera) isLarge(spec frame.Rendition) bool {
	return spec.Pixels() >= million && !c.isDefault(spec)
}

// endLarge ends the large renditions and the snapshots of the camera, and refuses others for smallTime. It reports false and does
// nothing if there are none.
func (c *camera) endLarge(now time.Time) bool {
	why, ended := errLarge(now.Add(smallTime)), c.snapshots.haveLarge()
	c.change(func() {
		for _, r := range slices.Clone(c.renditions) {
			if c.isLarge(r.spec) {
				c.drop(r, why)
				ended = true
			}
		}
		if ended {
			c.smallUntil = now.Add(smallTime)
		}
	})
	if ended {
		c.snapshots.cancel(why)
	}
	return ended
}

// refuseLarge returns why a rendition is not added now, nil if it may be. c.mu is held.
func (c *camera) refuseLarge(spec frame.Rendition) error {
	if c.isLarge(spec) && time.Now().Before(c.smallUntil) {
		return errLarge(c.smallUntil)
	}
	return nil
}

func errLarge(until time.Time) error {
	return fmt.Errorf("%w: framegate has reached max_memory; pictures of this camera with a megapixel or more are made from %s on",
		ErrPixels, until.Format(time.TimeOnly))
}
