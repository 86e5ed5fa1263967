package pipeline

import "time"

// timeline puts a camera's presentation times on one line that all cameras share: it goes on across
// reconnects and never jumps, whatever the camera's clock does. It belongs to the goroutine that reads the
// camera.
type timeline struct {
	offset  time.Duration // from the camera's time to the line
	newest  time.Duration // largest PTS given out
	last    time.Duration // the camera's time of the unit before
	peak    time.Duration // the largest of the camera's times, since the clock was believed anew
	behind  int           // units since that was reached
	anchors bool          // offset is valid for this connection
}

// beginning is the zero of all timelines.
var beginning = time.Now()

// maxJump is how far a camera's clock may run from the wall clock before the line is tied to it again. It
// is above the reordering of B-frames and the jitter of a bad network.
const maxJump = 3 * time.Second

// reordering of B-frames keeps a unit's time behind the largest for as many units at most (ITU-T H.264, A.3.1: there are
// up to 16 frames in a decoder's buffer). A clock whose times do not get larger for longer stands still or runs backwards.
const maxReordered = 16

// reconnect ends the validity of the camera's clock.
func (t *timeline) reconnect() { t.anchors, t.peak, t.behind = false, noPTS, 0 }

// place returns the PTS on the line for a unit that came in at now with the camera's time pts, or noPTS.
// Every unit gets a PTS of its own, and a keyframe a newer one than all before it: no order of B-frames
// shows a keyframe before what was sent earlier, so one that seems older comes of a clock that was put back.
func (t *timeline) place(pts time.Duration, key bool, now time.Time) time.Duration {
	wall := now.Sub(beginning)
	next := max(wall, t.newest+time.Millisecond)
	stands := t.anchors && pts == t.last
	t.last = pts
	switch {
	case pts == noPTS:
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
func (t *timeline) runs(pts time.Duration, key bool) bool {
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
