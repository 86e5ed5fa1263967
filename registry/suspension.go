package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/framegate/framegate/internal/backoff"
	"github.com/framegate/framegate/pipeline/frame"
)

// suspensions is how long a camera that takes too much memory is suspended. While memory stays short a suspension is extended, up to
// the longest one.
var suspensions = backoff.Policy{First: time.Minute, Longest: 30 * time.Minute}

// forgetSuspensions is how long after its last suspension a camera begins with the first pause again.
const forgetSuspensions = 2 * time.Hour

// suspension is the state of a camera that is left alone for some minutes. The camera's mutex guards it.
type suspension struct {
	why    error // nil while the camera is not suspended
	until  time.Time
	latest time.Time // when it ends even if memory is short
	times  int       // without those that are forgotten
	count  int       // all of them
}

// Relief says how Relieve has reduced the memory of a camera.
type Relief struct {
	Camera    string        // its id
	HeldBytes int64         // bytes that it held, about
	Suspended bool          // else its large renditions have ended
	Pause     time.Duration // for how long
	Spared    bool          // nothing was done, since it holds too little
}

// Relieve reduces the memory of the camera that takes the most. If renditions and snapshots of a megapixel or more are being made of
// it that its configuration does not ask for, they end, and for a minute there are no others. Else the camera is suspended: its
// connection and its Pictures end, what is buffered of it is freed, and it is left alone for growing minutes. At most half of the
// cameras are suspended at a time, but always one may be, and none that holds less than least bytes. ok is false if nothing was done.
func (r *Registry) Relieve(now time.Time, least int64) (done Relief, ok bool) {
	var largest *camera
	running, suspended := 0, 0
	for _, c := range r.list() {
		if c.conf.Disabled {
			continue
		}
		running++
		if c.suspended() != nil {
			suspended++
		} else if held := c.held(); held > done.HeldBytes {
			largest, done.HeldBytes = c, held
		}
	}
	if largest == nil {
		return Relief{}, false
	}
	done.Camera = largest.conf.ID
	if largest.endLarge(now) {
		done.Pause = smallTime
		return done, true
	}
	if suspended >= max(1, running/2) {
		return Relief{}, false
	}
	if done.HeldBytes < least {
		done.Spared = true
		return done, false
	}
	done.Suspended, done.Pause = true, largest.suspend(now, done.HeldBytes)
	return done, true
}

// Resume ends the suspensions whose time is over, unless memory is short. Then those that may be extended go on, and it returns
// true if there are such.
func (r *Registry) Resume(now time.Time, short bool) (extended bool) {
	for _, c := range r.list() {
		over := false
		c.read(func() {
			s := &c.suspension
			due := s.why != nil && !now.Before(s.until)
			over = due && (!short || !now.Before(s.latest))
			extended = extended || due && !over
		})
		if over {
			c.change(func() { c.suspension.why, c.suspension.until = nil, now })
		}
	}
	return extended
}

// FreeUnused frees what is buffered of streams that are not connected.
func (r *Registry) FreeUnused() {
	for _, c := range r.list() {
		for _, s := range c.streams {
			var up bool
			c.read(func() { up = s.up })
			if !up {
				s.feed.Free()
			}
		}
	}
}

// HeldBytes is about how much memory all cameras take, in bytes.
func (r *Registry) HeldBytes() (sum int64) {
	for _, c := range r.list() {
		sum += c.held()
	}
	return sum
}

// list is the cameras in the order of the configuration.
func (r *Registry) list() []*camera {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cameras
}

// bytesPerPixel is about how much memory a rendition takes for each pixel of its load, since a few pictures are being made at a time.
const bytesPerPixel = 4

// held is about how much memory the camera takes, in bytes.
func (c *camera) held() (sum int64) {
	for _, s := range c.streams {
		sum += s.feed.HeldBytes()
	}
	c.read(func() {
		for _, r := range c.renditions {
			if r.stream != nil {
				sum += bytesPerPixel * load(r.spec, c.sends())
			}
		}
	})
	return sum
}

// suspended returns why the camera is suspended, nil if it is not.
func (c *camera) suspended() (why error) {
	c.read(func() { why = c.suspension.why })
	return why
}

// suspend suspends the camera, which holds some bytes, and returns for how long.
func (c *camera) suspend(now time.Time, held int64) (pause time.Duration) {
	var why error
	c.change(func() {
		s := &c.suspension
		if now.Sub(s.until) > forgetSuspensions {
			s.times = 0
		}
		s.times++
		pause = suspensions.Pause(s.times)
		s.count++
		s.until, s.latest = now.Add(pause), now.Add(suspensions.Longest)
		why = &frame.CameraError{Reason: frame.Memory, Text: fmt.Sprintf(
			"framegate has reached max_memory, and of all cameras this one takes the most, about %d MiB; framegate tries again at %s, or later if memory stays short",
			held>>20, s.until.Format(time.TimeOnly))}
		s.why = why
	})
	c.snapshots.cancel(why)
	for _, s := range c.streams {
		s.feed.Free()
	}
	return pause
}

// waitOutSuspension keeps the stream away while its camera is suspended, or until ctx is done.
func (s *stream) waitOutSuspension(ctx context.Context) {
	c := s.camera
	why := c.suspended()
	if why == nil {
		return
	}
	s.feed.close(s, why) // which s may have taken over
	if s.feed.has(s) {
		s.feed.Free() // what came before the connection ended
	}
	lastUnit := s.feed.LastUnit()
	c.change(func() {
		s.endGrace()
		s.up, s.tried = false, true
		s.lastFrame = later(s.lastFrame, lastUnit)
		s.fail(why)
	})
	c.until(ctx, func() bool { return c.suspension.why == nil })
}
