package unit

import "time"

// Timeline puts a camera's presentation times on one line that all cameras share: it goes on across
// reconnects and never jumps, whatever the camera's clock does. It belongs to the goroutine that reads the
// camera.
type Timeline struct {
	offset  time.Duration // from the camera's time to the line
	newest  time.Duration // largest PTS given out
	last    time.Duration // the camera's time of the unit before
	peak    time.Duration // the largest of the camera's times, since the clock was believed anew
	behind  int           // units since that was reached
	anchors bool          // offset is valid for this connection
}

// Beginning is the zero of all timelines.
var Beginning = time.Now()

// maxJump is how far a camera's clock may run from the wall clock before the line is tied to it again. It
// is above the reordering of B-frames and the jitter of a bad network.
const maxJump = 3 * time.Second

// maxReordered is behind how many units of later times a unit can come because of B-frames (ITU-T H.264, A.3.1: there are up
// to 16 frames in a decoder's buffer). A clock whose times do not get larger for longer stands still or runs backwards.
const maxReordered = 16

// Reconnect ends the validity of the camera's clock.
func (t *Timeline) Reconnect() { t.anchors, t.peak, t.behind = false, NoPTS, 0 }

// Place returns the PTS on the line for a unit that came in at now with the camera's time pts, or NoPTS.
// Every unit gets a PTS of its own, and a keyframe a newer one than all before it: no order of B-frames
// shows a keyframe before what was sent earlier, so one that seems older comes of a clock that was put back.
func (t *Timeline) Place(pts time.Duration, key bool, now time.Time) time.Duration {
	wall := now.Sub(Beginning)
	next := max(wall, t.newest+time.Millisecond)
	stands := t.anchors && pts == t.last
	t.last = pts
	switch {
	case pts == NoPTS:
		pts = wall
	case !t.runs(pts, key): // the time of arrival has to do
		pts, t.anchors = next, false
	case t.anchors && (pts+t.offset-wall).Abs() <= maxJump && (!key || stands || pts+t.offset > t.newest):
		pts += t.offset
	default:
		t.offset, t.anchors = next-pts, true
		t.peak = pts
		pts = next
	}
	if stands {
		pts = next
	}
	t.newest = max(pts, t.newest)
	return pts
}

// runs reports whether the camera's clock can be believed. One that was not is believed again when its times get larger
// behind a keyframe.
func (t *Timeline) runs(pts time.Duration, key bool) bool {
	if pts > t.peak {
		t.peak, t.behind = pts, 0
		return true
	}
	t.behind++
	if t.behind <= maxReordered {
		return true
	}
	if key {
		t.peak = pts
	}
	return false
}
