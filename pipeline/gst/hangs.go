package gst

import (
	"fmt"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/backoff"
	"github.com/framegate/framegate/pipeline/frame"
)

// afterHang is how long a camera whose pipelines hang is left alone, from the second one on: a pipeline that hangs keeps its memory and
// perhaps a processor, and another one would do the same.
var afterHang = backoff.Policy{First: time.Minute, Longest: 30 * time.Minute}

const (
	forgetHangs = 2 * time.Hour // after the last one
	// slowReturn is within what time a pipeline was slow and did not hang.
	slowReturn = 10 * time.Second
)

// Hangs counts the pipelines of a camera that hung. The zero value has none. Its methods may be called from any goroutine.
type Hangs struct {
	mu    sync.Mutex // guards what follows
	times int
	last  time.Time
}

// Add counts a pipeline that did not return from a change of its state. returned is closed if it does after all; one that was only
// slow is not counted. gone, if not nil, is called when it has returned.
func (h *Hangs) Add(returned <-chan struct{}, gone func()) {
	h.change(1, time.Now())
	go func() {
		select {
		case <-returned:
			h.change(-1, time.Now())
		case <-time.After(slowReturn):
			<-returned // perhaps never
		}
		if gone != nil {
			gone()
		}
	}()
}

func (h *Hangs) change(by int, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.last) > forgetHangs {
		h.times = 0
	}
	if h.times = max(0, h.times+by); by > 0 {
		h.last = now
	}
}

// Wait returns an error while the camera is left alone.
func (h *Hangs) Wait(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.times < 2 {
		return nil
	}
	until := h.last.Add(afterHang.Pause(h.times - 1))
	if !now.Before(until) {
		return nil
	}
	return &frame.CameraError{Reason: frame.Failed, Text: fmt.Sprintf(
		"%d pipelines of this camera did not end when they had to; framegate tries again at %s", h.times, until.Format(time.TimeOnly))}
}
