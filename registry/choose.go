package registry

import (
	"cmp"

	"github.com/framegate/framegate/pipeline/frame"
)

// choose returns the stream that a rendition is to be made of. Of the streams that work it is the smallest one that is
// large enough for the rendition, or else the largest one. If no stream works, it is the main one. c.mu is held.
func (c *camera) choose(spec frame.Rendition) *stream {
	best := c.main()
	for _, s := range c.streams[1:] {
		switch {
		case !s.known() || s.failure() != nil:
		case !best.known() || best.failure() != nil,
			s.fits(spec) && !best.fits(spec),
			s.fits(spec) == best.fits(spec) && s.fits(spec) == (s.area() < best.area()):
			best = s
		}
	}
	return best
}

// main is the stream that scale and 'no larger than the camera' refer to.
func (c *camera) main() *stream { return c.streams[0] }

// sends is what the camera sends: the main stream if it has been seen, or else the other one. It is zero if none has been
// seen. c.mu is held.
func (c *camera) sends() frame.Stream {
	for _, s := range c.streams {
		if s.known() {
			return s.format
		}
	}
	return frame.Stream{}
}

// failure is why a rendition gets no picture, nil if it has one or will have one soon. c.mu is held.
func (c *camera) failure(spec frame.Rendition) error {
	s := c.choose(spec)
	if s.err == nil && s.shown.makes().has(spec) {
		return nil // another picture of the stream has failed
	}
	return s.failure()
}

// known reports whether the stream has been seen.
func (s *stream) known() bool { return s.format.Width > 0 }

func (s *stream) area() int {
	width, height := s.format.DisplaySize()
	return width * height
}

// fits reports whether the stream is large enough for a rendition.
func (s *stream) fits(spec frame.Rendition) bool {
	width, height := spec.SourceSize()
	ownWidth, ownHeight := s.format.DisplaySize()
	return ownWidth >= width && ownHeight >= height
}

// failure is why the stream gives no picture, nil if it does or will soon.
func (s *stream) failure() error { return cmp.Or(s.err, s.pictureErr) }
