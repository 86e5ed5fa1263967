package plan

import (
	"fmt"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// How long a camera is left alone whose pipelines hang in software, from the second time on: a pipeline that hangs keeps its memory
// and a processor, and another one would do the same. The pause doubles with each further one.
const (
	firstLeave  = time.Minute
	longestLeft = 30 * time.Minute
	forgetHangs = 2 * time.Hour // after the last one
	// slowReturn is within what time a pipeline was slow and did not hang.
	slowReturn = 10 * time.Second
	// maxHanging is how many pipelines may hang in software at a time, of all cameras.
	maxHanging = 8
)

// hangs counts the pipelines of a camera that hung. The zero value has none. Its methods may be called from any goroutine.
type hangs struct {
	mu    sync.Mutex // guards what follows
	times int
	last  time.Time
}

// add counts one.
func (h *hangs) add(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.last) > forgetHangs {
		h.times = 0
	}
	h.times, h.last = h.times+1, now
}

// remove takes one back that was only slow.
func (h *hangs) remove() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.times = max(0, h.times-1)
}

// until is when the camera may be tried again, and how often it has hung.
func (h *hangs) until() (at time.Time, times int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.times < 2 {
		return time.Time{}, h.times
	}
	return h.last.Add(min(firstLeave<<min(h.times-2, 10), longestLeft)), h.times
}

// Hung records that a pipeline of a candidate does not return from a change of its state. returned is closed if it does after all. A
// plan that is not the last one is suspended instead, see Failed.
func (f *Fallback) Hung(c Candidate, returned <-chan struct{}) {
	if !c.Last() {
		return
	}
	f.hangs.add(time.Now())
	f.machine.hanging.Add(1)
	go func() {
		select {
		case <-returned:
			f.hangs.remove()
		case <-time.After(slowReturn):
			<-returned // perhaps never
		}
		f.machine.hanging.Add(-1)
	}()
}

// MayBegin returns an error while no picture is to begin with a candidate, since pipelines of this camera hang, or too many of all.
func (f *Fallback) MayBegin(c Candidate) error { return f.mayBegin(c, time.Now()) }

func (f *Fallback) mayBegin(c Candidate, now time.Time) error {
	if !c.Last() {
		return nil
	}
	if until, times := f.hangs.until(); now.Before(until) {
		return &frame.CameraError{Reason: frame.Failed, Text: fmt.Sprintf(
			"%d pipelines of this camera did not end when they had to; framegate decodes it again at %s", times, until.Format(time.TimeOnly))}
	}
	if n := f.machine.hanging.Load(); n >= maxHanging {
		return &frame.CameraError{Reason: frame.Failed, Text: fmt.Sprintf(
			"%d pipelines do not end, and no more are started in software until one does: restart framegate, and look for the cameras that it lost before", n)}
	}
	return nil
}
