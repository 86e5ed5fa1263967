// Package adapt decides how much a viewer is sent: which step of frame.Steps, by what its line has carried, and at which rate. It
// has neither a clock nor a connection.
package adapt

import (
	"math"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Line decides on which step a viewer is. It goes down when the viewer has missed more than a tenth of the frames for a while, or when
// the frames would exceed the limit, and then directly to the step that the line carries. It goes up one step at a time, when the line
// has had enough room for a while. This while doubles each time that the viewer had to go down again soon after. The zero Line begins on
// the first step and has no limit. It belongs to one goroutine.
type Line struct {
	// Limit is the largest number of bytes per second that the viewer may be sent; 0 for no limit.
	Limit float64

	step    int
	since   time.Time     // when the step began; zero before its first frame
	last    time.Time     // when the last frame was written
	over    time.Time     // since when too many frames are missed; zero while few are
	tight   time.Time     // when the line last had no room for the step above
	rise    time.Time     // when the viewer last went up; zero after it has stayed up for probation
	pause   time.Duration // how long the line must have room before the viewer goes up, if above minPause
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
	// Delivered is TCP's estimate of how many bytes per second the other end has acknowledged lately, which is at most what the line
	// carries; 0 if it is unknown.
	Delivered float64
}

const (
	window = 2 * time.Second
	// lasting is how long too many frames must be missed before the viewer goes down. A single interruption of the line counts for
	// less time, see longest.
	lasting = window
	// longest is how much of a gap between two frames counts. Of what was sent and missed in a longer gap, the same part counts.
	longest = window / 4

	tooMany = 0.1  // the part of missed frames above which the viewer goes down
	few     = 0.02 // the part of missed frames below which the line has room
	room    = 0.7  // the part of the time below which writes on the step above must stay
	downTo  = 0.95 // the part of what the line carries that the step below may need
	upTo    = 0.85 // the part of the limit that the step above may need
	// A viewer that has just gone up is on probation: if it goes down again, it waits twice as long before it next goes up.
	probation          = 10 * time.Second
	minPause, maxPause = 3 * time.Second, time.Minute
)

// Sent takes a frame into account and returns the step on which the viewer should be. The caller calls Moved when the viewer is there,
// or Refused if it cannot be.
func (l *Line) Sent(s Sent) (step int) {
	if l.since.IsZero() { // without a frame before, the time that this one took is unknown
		l.since, l.last, l.tight, l.part = s.At, s.At, s.At, 1
		return l.step
	}
	l.add(s)
	missed := l.missed / (l.frames + l.missed)
	need := l.bytes / l.frames * (l.frames + l.missed) / l.elapsed
	if missed <= tooMany {
		l.over = time.Time{}
	} else if l.over.IsZero() {
		l.over = s.At
	}
	if !l.hasRoom(missed, need) {
		l.tight = s.At
	}
	if !l.rise.IsZero() && s.At.Sub(l.rise) >= probation {
		l.rise, l.pause = time.Time{}, max(minPause, l.pause/2)
	}
	switch {
	case s.At.Before(l.refused):
	case !l.over.IsZero() && s.At.Sub(l.over) >= lasting:
		return l.below(need, l.bytes/l.elapsed)
	case l.Limit > 0 && need > l.Limit && s.At.Sub(l.since) >= window:
		return l.below(need, l.Limit)
	case l.step > 0 && s.At.Sub(l.tight) >= l.patience(s.Delivered, need):
		return l.step - 1
	}
	return l.step
}

// add adds a frame to the sums.
func (l *Line) add(s Sent) {
	gap := max(s.At.Sub(l.last), s.Took)
	l.last = s.At
	missed := float64(s.Missed) * l.part // they were missed during the last gap
	l.part = min(1, longest.Seconds()/gap.Seconds())
	count := l.part
	keep := math.Exp(-gap.Seconds() * count / window.Seconds())
	l.busy = l.busy*keep + s.Took.Seconds()*count
	l.elapsed = max(1e-6, l.elapsed*keep+gap.Seconds()*count)
	l.bytes = l.bytes*keep + float64(s.Bytes)*count
	l.frames = l.frames*keep + count
	l.missed = l.missed*keep + missed
}

// hasRoom reports whether the line seems to carry the step above. missed is the part of the frames that the viewer misses, and need is
// how many bytes per second it needs on its step.
func (l *Line) hasRoom(missed, need float64) bool {
	if l.step == 0 {
		return true
	}
	growth := frame.Steps[l.step-1].Bytes / frame.Steps[l.step].Bytes
	return missed < few && l.busy/l.elapsed*growth < room && (l.Limit == 0 || need*growth < upTo*l.Limit)
}

// patience returns how long the line must have had room before the viewer goes up. It is longer if TCP has not seen the line carry as
// much as the step above needs, perhaps because nothing has sent so much.
func (l *Line) patience(delivered, need float64) time.Duration {
	pause := max(minPause, l.pause)
	growth := frame.Steps[l.step-1].Bytes / frame.Steps[l.step].Bytes
	if delivered > 0 && need*growth > delivered {
		pause *= 4
	}
	return pause
}

// below returns the best lower step that fits the limit and a line that carries so many bytes per second. need is what the current step
// needs. If no step fits, it returns the last one.
func (l *Line) below(need, carries float64) int {
	if l.Limit > 0 {
		carries = min(carries, l.Limit)
	}
	for step := l.step + 1; step < len(frame.Steps); step++ {
		if need*frame.Steps[step].Bytes/frame.Steps[l.step].Bytes <= downTo*carries {
			return step
		}
	}
	return len(frame.Steps) - 1
}

// Moved records that the viewer is on a step from now on.
func (l *Line) Moved(step int, at time.Time) {
	switch {
	case step < l.step:
		l.rise = at
	case step > l.step && !l.rise.IsZero():
		l.rise, l.pause = time.Time{}, min(maxPause, 2*max(minPause, l.pause))
	}
	*l = Line{Limit: l.Limit, step: step, rise: l.rise, pause: l.pause}
}

// Refused records that the viewer cannot be on the step that Sent has returned. It stays on its step for refusedPause.
func (l *Line) Refused(at time.Time) {
	l.refused, l.tight = at.Add(refusedPause), at
}

const refusedPause = 5 * time.Second

// Step returns the step that the viewer is on.
func (l *Line) Step() int { return l.step }

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
