// Package adapt decides how much a viewer is sent: which step of frame.Steps, by what its connection has carried, and at which rate. It
// has neither a clock nor a connection.
package adapt

import (
	"math"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Chooser decides on which step a viewer is. It goes down when the viewer has missed more than a tenth of the frames for a while, or when
// the frames would exceed the limit, and then directly to the step that the connection carries. It goes up one step at a time, when the connection
// has had enough room for a while. This while doubles each time that the viewer had to go down again soon after. The zero Chooser begins on
// the first step and has no limit. It belongs to one goroutine.
type Chooser struct {
	// Limit is the largest number of bytes per second that the viewer may be sent; 0 for no limit.
	Limit float64

	step    int
	since   time.Time     // when the step began; zero before its first frame
	last    time.Time     // when the last frame was written
	over    time.Time     // since when too many frames are missed; zero while few are
	tight   time.Time     // when the connection last had no room for the step above
	rise    time.Time     // when the viewer last went up; zero after it has stayed up for probation
	pause   time.Duration // how long the connection must have room before the viewer goes up, if above minPause
	refused time.Time     // until when the step stays the same

	// Sums over about the last window. Older values count less.
	busy, elapsed         float64 // seconds in writes, and in all
	bytes, frames, missed float64
	part                  float64 // the part of the last gap between frames that counted
}

// Sent describes a frame that was written.
type Sent struct {
	At    time.Time     // when the write had ended
	Took  time.Duration // the write
	Bytes int
	// Missed is how many frames before this one the viewer did not get, because it was still being sent an earlier one.
	Missed int
	// Delivered is TCP's estimate of how many bytes per second the other end has acknowledged lately, which is at most what the connection
	// carries; 0 if it is unknown.
	Delivered float64
}

const (
	window = 2 * time.Second
	// lasting is how long too many frames must be missed before the viewer goes down. A single interruption of the connection counts for
	// less time, see longest.
	lasting = window
	// longest is how much of a gap between two frames counts. Of what was sent and missed in a longer gap, the same part counts.
	longest = window / 4

	tooMany = 0.1  // the part of missed frames above which the viewer goes down
	few     = 0.02 // the part of missed frames below which the connection has room
	room    = 0.7  // the part of the time below which writes on the step above must stay
	downTo  = 0.95 // the part of what the connection carries that the step below may need
	upTo    = 0.85 // the part of the limit that the step above may need
	// A viewer that has just gone up is on probation: if it goes down again, it waits twice as long before it next goes up.
	probation          = 10 * time.Second
	minPause, maxPause = 3 * time.Second, time.Minute
)

// Sent takes a frame into account and returns the step on which the viewer should be. The caller calls Moved when the viewer is there,
// or Refused if it cannot be.
func (c *Chooser) Sent(s Sent) (step int) {
	if c.since.IsZero() { // without a frame before, the time that this one took is unknown
		c.since, c.last, c.tight, c.part = s.At, s.At, s.At, 1
		return c.step
	}
	c.add(s)
	missed := c.missed / (c.frames + c.missed)
	need := c.bytes / c.frames * (c.frames + c.missed) / c.elapsed
	if missed <= tooMany {
		c.over = time.Time{}
	} else if c.over.IsZero() {
		c.over = s.At
	}
	if !c.hasRoom(missed, need) {
		c.tight = s.At
	}
	if !c.rise.IsZero() && s.At.Sub(c.rise) >= probation {
		c.rise, c.pause = time.Time{}, max(minPause, c.pause/2)
	}
	switch {
	case s.At.Before(c.refused):
	case !c.over.IsZero() && s.At.Sub(c.over) >= lasting:
		return c.below(need, c.bytes/c.elapsed)
	case c.Limit > 0 && need > c.Limit && s.At.Sub(c.since) >= window:
		return c.below(need, c.Limit)
	case c.step > 0 && s.At.Sub(c.tight) >= c.patience(s.Delivered, need):
		return c.step - 1
	}
	return c.step
}

// add adds a frame to the sums.
func (c *Chooser) add(s Sent) {
	gap := max(s.At.Sub(c.last), s.Took)
	c.last = s.At
	missed := float64(s.Missed) * c.part // they were missed during the last gap
	c.part = min(1, longest.Seconds()/gap.Seconds())
	count := c.part
	keep := math.Exp(-gap.Seconds() * count / window.Seconds())
	c.busy = c.busy*keep + s.Took.Seconds()*count
	c.elapsed = max(1e-6, c.elapsed*keep+gap.Seconds()*count)
	c.bytes = c.bytes*keep + float64(s.Bytes)*count
	c.frames = c.frames*keep + count
	c.missed = c.missed*keep + missed
}

// hasRoom reports whether the connection seems to carry the step above. missed is the part of the frames that the viewer misses, and need is
// how many bytes per second it needs on its step.
func (c *Chooser) hasRoom(missed, need float64) bool {
	if c.step == 0 {
		return true
	}
	growth := frame.Steps[c.step-1].Bytes / frame.Steps[c.step].Bytes
	return missed < few && c.busy/c.elapsed*growth < room && (c.Limit == 0 || need*growth < upTo*c.Limit)
}

// patience returns how long the connection must have had room before the viewer goes up. It is longer if TCP has not seen the connection carry as
// much as the step above needs, perhaps because nothing has sent so much.
func (c *Chooser) patience(delivered, need float64) time.Duration {
	pause := max(minPause, c.pause)
	growth := frame.Steps[c.step-1].Bytes / frame.Steps[c.step].Bytes
	if delivered > 0 && need*growth > delivered {
		pause *= 4
	}
	return pause
}

// below returns the best lower step that fits the limit and a connection that carries so many bytes per second. need is what the current step
// needs. If no step fits, it returns the last one.
func (c *Chooser) below(need, carries float64) int {
	if c.Limit > 0 {
		carries = min(carries, c.Limit)
	}
	for step := c.step + 1; step < len(frame.Steps); step++ {
		if need*frame.Steps[step].Bytes/frame.Steps[c.step].Bytes <= downTo*carries {
			return step
		}
	}
	return len(frame.Steps) - 1
}

// Moved records that the viewer is on a step from now on.
func (c *Chooser) Moved(step int, at time.Time) {
	switch {
	case step < c.step:
		c.rise = at
	case step > c.step && !c.rise.IsZero():
		c.rise, c.pause = time.Time{}, min(maxPause, 2*max(minPause, c.pause))
	}
	*c = Chooser{Limit: c.Limit, step: step, rise: c.rise, pause: c.pause}
}

// Refused records that the viewer cannot be on the step that Sent has returned. It stays on its step for refusedPause.
func (c *Chooser) Refused(at time.Time) {
	c.refused, c.tight = at.Add(refusedPause), at
}

const refusedPause = 5 * time.Second

// Step returns the step that the viewer is on.
func (c *Chooser) Step() int { return c.step }

// Pace keeps a viewer below a number of bytes per second on average. It belongs to one goroutine.
type Pace struct {
	Limit float64   // bytes per second
	free  time.Time // when the bytes that were sent would have been sent at the limit
}

// burst is how much unused time may be made up for later.
const burst = 500 * time.Millisecond

// Sent takes into account that bytes were sent, and returns how long to wait before the next ones.
func (p *Pace) Sent(bytes int, at time.Time) time.Duration {
	if earliest := at.Add(-burst); p.free.Before(earliest) {
		p.free = earliest
	}
	p.free = p.free.Add(time.Duration(float64(bytes) / p.Limit * float64(time.Second)))
	return max(0, p.free.Sub(at))
}
