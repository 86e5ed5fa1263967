package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// How long a camera is suspended that takes too much memory. The pause doubles each time, and begins anew after forgetSuspensions.
const (
	firstSuspension   = time.Minute
	longestSuspension = 30 * time.Minute
	forgetSuspensions = 2 * time.Hour // after the end of the last one
)

// suspension is the state of a camera that is kept away for some minutes. The camera's mutex guards it.
type suspension struct {
	why   error // nil while the camera is not suspended
	until time.Time
	times int // without those that are forgotten
	count int // all of them
}

// SuspendLargest suspends the camera that takes the most memory: its connection and its Pictures end, what is buffered of it is
// freed, and it is left alone for growing minutes. At most half of the cameras are suspended at a time, but always one may be. ok is
// false if there is none to suspend.
func (r *Registry) SuspendLargest(now time.Time) (id string, held int64, ok bool) {
	r.mu.Lock()
	cameras := r.cameras
	r.mu.Unlock()
	var largest *camera
	var most int64
	running, suspended := 0, 0
	for _, c := range cameras {
		if c.conf.Disabled {
			continue
		}
		running++
		if c.suspended() != nil {
			suspended++
			continue
		}
		if weight := c.weight.of(c.held()); weight > most {
			largest, most = c, weight
		}
	}
	if largest == nil || suspended >= max(1, running/2) {
		return "", 0, false
	}
	held = largest.held()
	largest.suspend(now, held)
	return largest.conf.ID, held, true
}

// Weigh records how much memory each camera holds, so that SuspendLargest knows which have grown. It is called about once a second,
// by one goroutine.
func (r *Registry) Weigh(now time.Time) {
	r.mu.Lock()
	cameras := r.cameras
	r.mu.Unlock()
	for _, c := range cameras {
		c.weight.add(c.held(), now)
	}
}

// held is about how much memory the camera takes, in bytes.
func (c *camera) held() (sum int64) {
	for _, s := range c.streams {
		sum += s.feed.Held()
	}
	return sum
}

// suspended returns why the camera is suspended, nil if it is not.
func (c *camera) suspended() (why error) {
	c.read(func() { why = c.suspension.why })
	return why
}

// suspend suspends the camera, which holds some bytes.
func (c *camera) suspend(now time.Time, held int64) {
	var pause time.Duration
	var why error
	c.change(func() {
		s := &c.suspension
		if now.Sub(s.until) > forgetSuspensions {
			s.times = 0
		}
		pause = min(firstSuspension<<min(s.times, 10), longestSuspension)
		s.times++
		s.count++
		s.until = now.Add(pause)
		why = &frame.CameraError{Reason: frame.Memory, Text: fmt.Sprintf(
			"framegate has reached max_memory, and this camera takes the most, about %d MiB; framegate tries again at %s",
			held>>20, s.until.Format(time.TimeOnly))}
		s.why = why
	})
	c.snapshots.cancel(why)
	for _, s := range c.streams {
		s.feed.Free()
	}
	c.log.Warn("camera suspended: it takes too much memory", "held_bytes", held, "retry_in", pause)
	time.AfterFunc(pause, func() { c.change(func() { c.suspension.why = nil }) })
}

// sitOut keeps the stream away while its camera is suspended, or until ctx is done.
func (s *stream) sitOut(ctx context.Context) {
	c := s.camera
	why := c.suspended()
	if why == nil {
		return
	}
	s.feed.Free() // what came before the connection ended
	c.change(func() {
		s.endGrace()
		s.up, s.tried = false, true
		s.fail(why)
	})
	c.until(ctx, func() bool { return c.suspension.why == nil })
}

// weight says which of several cameras is the largest: what one holds counts, and what it has grown by within the last minute or
// two counts once more. It belongs to the goroutine that calls Weigh and SuspendLargest.
type weight struct {
	lowest [2]int64 // in this minute and the one before
	since  time.Time
}

func (w *weight) add(held int64, now time.Time) {
	switch {
	case w.since.IsZero():
		w.lowest, w.since = [2]int64{held, held}, now
	case now.Sub(w.since) > time.Minute:
		w.lowest, w.since = [2]int64{held, w.lowest[0]}, now
	}
	w.lowest[0] = min(w.lowest[0], held)
}

func (w *weight) of(held int64) int64 {
	if w.since.IsZero() {
		return held
	}
	return held + max(0, held-min(w.lowest[0], w.lowest[1]))
}
