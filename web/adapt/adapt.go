// Package adapt decides how much a viewer is sent: on which step of frame.Steps, by what its line has carried, and at which rate. It
// has no clock and no connection of its own.
package adapt

import (
	"math"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Line decides on which step a viewer is. It goes down when the viewer has missed a good part of the frames for a while, at once to
// the step that the line carries, or when the frames would take more than the limit. It goes up one step at a time, when the line has
// had enough room for a while; the longer, the more often it had to go down again soon after. The zero Line begins on the first step
// and has no limit. It belongs to one goroutine.
type Line struct {
	// Limit is the largest number of bytes per second that the viewer may be sent; 0 for no limit.
	Limit float64

	step    int
	since   time.Time // when the step began; zero before its first frame
	last    time.Time // when the last frame was written
	over    time.Time // since when too many frames are missed; zero while they are not
	tight   time.Time // when the line last had no room for the step above
	rise    time.Time // when the viewer last went up, zero if it has stayed there for probation
	pause   time.Duration
	refused time.Time // no other step before

	// Sums over the last window, in which older values count less.
	busy, elapsed         float64 // seconds in writes, and in all
	bytes, frames, missed float64
	part                  float64 // of the last gap that counted
}

// Sent describes a frame that was written.
type Sent struct {
	At    time.Time     // when the write had ended
	Took  time.Duration // the write
	Bytes int
	// Missed is how many frames before this one the viewer did not get, because it was still being sent an earlier one.
	Missed int
	// Delivered is how many bytes per second the other end has acknowledged lately, by TCP's own estimate, which is at most what
	// the line carries; 0 if it is not known.
	Delivered float64
}

const (
	window = 2 * time.Second
	// lasting is how long too many frames must be missed before the viewer goes down, and how long a step lasts before a limit
	// judges it. A line that fails once, for whatever time, is forgotten sooner.
	lasting = window
	// longest is how much of the gap between two frames counts, with as much of what was sent and missed in it.
	longest = window / 4

	tooMany = 0.1  // part of the frames that are missed
	few     = 0.02 // the same, for a line that has room
	room    = 0.7  // part of the time that writes are expected to take on the step above
	downTo  = 0.95 // part of what the line carries that the step below may need
	upTo    = 0.85 // part of the limit that the step above may need
	// A viewer that has just gone up is on probation: if it goes down again, the next attempt comes after twice the pause.
	probation          = 10 * time.Second
	minPause, maxPause = 3 * time.Second, time.Minute
)

// Sent takes a frame into account and returns the step on which the viewer should be. The viewer reports that it is there with
// Moved, or that it cannot be with Refused.
func (l *Line) Sent(s Sent) (step int) {
	if l.since.IsZero() { // there is no time yet in which it was sent
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
	missed := float64(s.Missed) * l.part // they were missed during the gap before
	l.part = min(1, longest.Seconds()/gap.Seconds())
	count := l.part
	keep := math.Exp(-gap.Seconds() * count / window.Seconds())
	l.busy = l.busy*keep + s.Took.Seconds()*count
	l.elapsed = max(1e-6, l.elapsed*keep+gap.Seconds()*count)
	l.bytes = l.bytes*keep + float64(s.Bytes)*count
	l.frames = l.frames*keep + count
	l.missed = l.missed*keep + missed
}

// hasRoom reports whether the line seems to carry the step above, of a viewer that misses a part of the frames and needs so many
// bytes per second.
func (l *Line) hasRoom(missed, need float64) bool {
	if l.step == 0 {
		return true
	}
	growth := frame.Steps[l.step-1].Bytes / frame.Steps[l.step].Bytes
	return missed < few && l.busy/l.elapsed*growth < room && (l.Limit == 0 || need*growth < upTo*l.Limit)
}

// patience is how long the line must have had room before the viewer goes up. Where TCP has not seen that the line carries as much,
// which may be because nobody has sent as much, it is longer.
func (l *Line) patience(delivered, need float64) time.Duration {
	pause := max(minPause, l.pause)
	growth := frame.Steps[l.step-1].Bytes / frame.Steps[l.step].Bytes
	if delivered > 0 && need*growth > delivered {
		pause *= 4
	}
	return pause
}

// below is the best lower step that a line of so many bytes per second carries, and that fits the limit, by what the current one
// needs. It is the last step if none does.
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

// Moved says that the viewer is on a step from now on.
func (l *Line) Moved(step int, at time.Time) {
	switch {
	case step < l.step:
		l.rise = at
	case step > l.step && !l.rise.IsZero():
		l.rise, l.pause = time.Time{}, min(maxPause, 2*max(minPause, l.pause))
	}
	*l = Line{Limit: l.Limit, step: step, rise: l.rise, pause: l.pause}
}

// Refused says that the viewer cannot be on the step that Sent has returned. It stays for a while.
func (l *Line) Refused(at time.Time) {
	l.refused, l.tight = at.Add(refusedPause), at
}

// refusedPause is how long a viewer stays on its step after it was refused another one.
const refusedPause = 5 * time.Second

// Step is the step that the viewer is on.
func (l *Line) Step() int { return l.step }

// Pace keeps a viewer below a number of bytes per second on average. It belongs to one goroutine.
type Pace struct {
	Limit float64 // bytes per second
	free  time.Time
}

// burst is how much of unused time counts later.
const burst = 500 * time.Millisecond

// Sent takes bytes that were sent into account and returns how long the viewer must wait before the next ones.
func (p *Pace) Sent(bytes int, at time.Time) time.Duration {
	if earliest := at.Add(-burst); p.free.Before(earliest) {
		p.free = earliest
	}
	p.free = p.free.Add(time.Duration(float64(bytes) / p.Limit * float64(time.Second)))
	return max(0, p.free.Sub(at))
}
