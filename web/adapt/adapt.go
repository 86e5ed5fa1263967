// Package adapt decides how much a viewer is sent: on which step of frame.Steps, by what its line has carried, and at which rate. It
// has no clock and no connection of its own.
package adapt

import (
	"math"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Line decides on which step a viewer is. It goes down when writing takes nearly all of the time, because frames are then missed, or
// when the frames would take more than the limit. It goes up one step at a time, when the line has had enough room for a while; the
// longer, the more often it had to go down again soon after. The zero Line begins on the first step and has no limit. It belongs to
// one goroutine.
type Line struct {
	// Limit is the largest number of bytes per second that the viewer may be sent; 0 for no limit.
	Limit float64

	step  int
	since time.Time // when the step began; zero before its first frame
	last  time.Time // when the last frame was written
	tight time.Time // when the line last had no room for the step above
	rise  time.Time // when the viewer last went up, zero if it has stayed there for probation
	pause time.Duration

	// Sums over the last window, in which older values count less.
	busy, blocked, elapsed float64 // seconds; busy counts at most longest of each frame
	bytes, frames          float64
}

// Sent describes a frame that was written.
type Sent struct {
	At    time.Time     // when the write had ended
	Took  time.Duration // the write
	Bytes int
	// FPS is the rate of the rendition, of which the viewer may miss frames; 0 if it is not known.
	FPS float64
	// Delivered is how many bytes per second the other end has acknowledged lately, by TCP's own estimate, which is at most what
	// the line carries; 0 if it is not known.
	Delivered float64
}

const (
	window = 2 * time.Second
	// longest is how much of one write counts, so that a line that fails once for some seconds does not go down.
	longest = window
	// settling is how long a step lasts before it is judged: what the step before has left in the kernel must be sent first.
	settling = time.Second

	full     = 0.9 // part of the time spent in writes above which frames are about to be missed
	room     = 0.7 // the same, as expected of the step above, below which there is room for it
	headroom = 0.85
	// A viewer that has just gone up is on probation: if it goes down again, the next attempt comes after twice the pause.
	probation          = 10 * time.Second
	minPause, maxPause = 3 * time.Second, time.Minute
)

// Sent takes a frame into account and returns the step on which the viewer should be. The viewer reports that it is there with
// Moved, or that it cannot be with Refused.
func (l *Line) Sent(s Sent) (step int) {
	l.add(s)
	load := l.busy / l.elapsed
	fps := s.FPS
	if fps == 0 {
		fps = l.frames / l.elapsed
	}
	need := l.bytes / l.frames * fps
	if !l.hasRoom(load, need) {
		l.tight = s.At
	}
	if !l.rise.IsZero() && s.At.Sub(l.rise) >= probation {
		l.rise, l.pause = time.Time{}, max(minPause, l.pause/2)
	}
	switch {
	case s.At.Sub(l.since) < settling || l.frames < 1.5:
	case load > full:
		return l.below(need, l.bytes/l.blocked)
	case l.Limit > 0 && need > l.Limit:
		return l.below(need, math.Inf(1))
	case l.step > 0 && s.At.Sub(l.tight) >= l.patience(s.Delivered, need):
		return l.step - 1
	}
	return l.step
}

// add adds a frame to the sums.
func (l *Line) add(s Sent) {
	if l.since.IsZero() {
		l.since = s.At.Add(-s.Took)
		l.last, l.tight = l.since, l.since
	}
	age := s.At.Sub(l.last)
	l.last = s.At
	idle := max(0, age-s.Took).Seconds()
	took := min(s.Took, longest).Seconds()
	keep := math.Exp(-(idle + took) / window.Seconds())
	l.busy = l.busy*keep + took
	l.blocked = l.blocked*keep + s.Took.Seconds()
	l.elapsed = l.elapsed*keep + idle + took
	l.bytes = l.bytes*keep + float64(s.Bytes)
	l.frames = l.frames*keep + 1
	l.elapsed = max(l.elapsed, 1e-6)
}

// hasRoom reports whether the line seems to carry the step above.
func (l *Line) hasRoom(load, need float64) bool {
	if l.step == 0 {
		return true
	}
	growth := frame.Steps[l.step-1].Bytes / frame.Steps[l.step].Bytes
	return load*growth < room && (l.Limit == 0 || need*growth < headroom*l.Limit)
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
		if need*frame.Steps[step].Bytes/frame.Steps[l.step].Bytes <= headroom*carries {
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
	l.since = at.Add(refusedPause - settling)
	l.tight = at
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
