package unit

import "time"

// Timeline puts a camera's presentation times on a line that all cameras share. It continues across reconnects and never jumps,
// whatever the camera's clock does. It belongs to the goroutine that reads the camera.
type Timeline struct {
	offset      time.Duration // from the camera's time to the line
	newest      time.Duration // largest PTS that Place has returned
	last        time.Duration // the camera's time of the unit before
	peak        time.Duration // the largest of the camera's times, since its clock was last found to be right
	sincePeak   int           // units since then
	offsetValid bool          // offset is valid for this connection
}

// Beginning is the zero of all timelines.
var Beginning = time.Now()

// maxJump is how far a camera's clock may differ from the wall clock before the offset is set again. It is more than the
// reordering of B-frames and the jitter of a bad network.
const maxJump = 3 * time.Second

// maxReordered is how many units with later times may precede a unit because of B-frames (ITU-T H.264, A.3.1: a decoder buffers
// up to 16 frames). A clock whose times do not increase for longer has stopped or runs backwards.
const maxReordered = 16

// Reconnect forgets the camera's clock, which may be another one after a reconnect.
func (t *Timeline) Reconnect() { t.offsetValid, t.peak, t.sincePeak = false, NoPTS, 0 }

// Place returns the PTS on the line of a unit that arrived at now with the camera's time pts, which may be NoPTS. Every unit has
// a PTS of its own. A keyframe has a larger one than all units before it: B-frames never move a keyframe before what was sent
// earlier, so if its time is smaller, the clock was set back.
func (t *Timeline) Place(pts time.Duration, key bool, now time.Time) time.Duration {
	wall := now.Sub(Beginning)
	next := max(wall, t.newest+time.Millisecond)
	stands := t.offsetValid && pts == t.last
	t.last = pts
	switch {
	case pts == NoPTS:
		pts = wall
	case !t.runs(pts, key): // the time of arrival is used instead
		pts, t.offsetValid = next, false
	case t.offsetValid && (pts+t.offset-wall).Abs() <= maxJump && (!key || stands || pts+t.offset > t.newest):
		pts += t.offset
	default:
		t.offset, t.offsetValid = next-pts, true
		t.peak = pts
		pts = next
	}
	if stands {
		pts = next
	}
	t.newest = max(pts, t.newest)
	return pts
}

// runs reports whether the camera's clock is running. A clock that was not is found to be running again when its times
// increase after a keyframe.
func (t *Timeline) runs(pts time.Duration, key bool) bool {
	if pts > t.peak {
		t.peak, t.sincePeak = pts, 0
		return true
	}
	t.sincePeak++
	if t.sincePeak <= maxReordered {
		return true
	}
	if key {
		t.peak = pts
	}
	return false
}
