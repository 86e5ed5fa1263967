package unit

import "time"

// Timeline converts the presentation times of a camera to a time that all cameras share. The result continues across
// reconnects and never jumps, whatever the clock of the camera does. Calls of its methods must not overlap.
// Reconnect is called before the first Place.
type Timeline struct {
	offset      time.Duration // from the time of the camera to the shared one
	newest      time.Duration // the largest PTS that Place has returned
	last        time.Duration // the camera's time of the previous unit
	peak        time.Duration // the largest of the camera's times since its clock was last found to be running
	sincePeak   int           // units since peak last grew
	offsetValid bool          // offset is valid for this connection
}

// Beginning is the zero of all timelines.
var Beginning = time.Now()

// maxJump is how far a camera's clock may differ from the wall clock before the offset is set again. It is more than the
// reordering of B-frames and the jitter of a bad network.
const maxJump = 3 * time.Second

// maxReordered is how many units with later times may precede a unit because of B-frames (ITU-T H.264, A.3.1: a decoder buffers
// up to 16 frames). If the times do not increase for more units than that, the clock has stopped or runs backwards.
const maxReordered = 16

// Reconnect forgets the camera's clock, which may be another one after a reconnect.
func (t *Timeline) Reconnect() { t.offsetValid, t.peak, t.sincePeak = false, NoPTS, 0 }

// Place returns the shared time of a unit that arrived at now. pts is the time that the camera gave it, which may be NoPTS. No
// two units get the same time. A keyframe gets a larger one than all units before it: B-frames never move a keyframe before
// what was sent earlier, so if the time of a keyframe is smaller, the clock was set back.
func (t *Timeline) Place(pts time.Duration, key bool, now time.Time) time.Duration {
	wall := now.Sub(Beginning)
	next := max(wall, t.newest+time.Millisecond)
	repeats := t.offsetValid && pts == t.last
	t.last = pts
	switch {
	case pts == NoPTS:
		pts = wall
	case !t.runs(pts, key): // the time of arrival is used instead
		pts, t.offsetValid = next, false
	case t.offsetValid && (pts+t.offset-wall).Abs() <= maxJump && (!key || repeats || pts+t.offset > t.newest):
		pts += t.offset
	default:
		t.offset, t.offsetValid = next-pts, true
		t.peak = pts
		pts = next
	}
	if repeats {
		pts = next
	}
	t.newest = max(pts, t.newest)
	return pts
}

// runs reports whether the clock of the camera is running. A clock that was not is considered running again when its times
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
