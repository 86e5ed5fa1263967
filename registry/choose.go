package registry

import (
	"time"

	"framegate/pipeline/frame"
)

// choose returns the stream that a rendition is to be made of. Of the streams that work it is the smallest one that is at
// least as large as the rendition, or else the largest one. If no stream works, it is the main one. c.mu is held.
func (c *camera) choose(want frame.Rendition) *stream {
	best := c.main()
	for _, s := range c.streams[1:] {
		switch {
		case !s.known() || s.failure() != nil:
		case !best.known() || best.failure() != nil,
			s.fits(want) && !best.fits(want),
			s.fits(want) == best.fits(want) && s.fits(want) == (s.area() < best.area()):
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
func (c *camera) failure(want frame.Rendition) error {
	s := c.choose(want)
	if s.err == nil && s.shown.makes().has(want) {
		return nil // another picture of the stream has failed
	}
	return s.failure()
}

// updateState derives the camera's state from those of its streams: the main stream's, unless another one says more.
// c.mu is held.
func (c *camera) updateState() {
	state := c.main().state
	for _, s := range c.streams[1:] {
		if rank[s.state] > rank[state] {
			state = s.state
		}
	}
	if c.conf.Disabled {
		state = Disabled
	}
	if state != c.state {
		c.state, c.since = state, time.Now()
	}
}

// rank orders the states of streams by how much they say about the camera: a picture says most, and a fault more than an
// attempt.
var rank = map[State]int{Idle: 0, Connecting: 1, Stalled: 2, Unauthorized: 2, Lost: 2, Ready: 3, Live: 4}
