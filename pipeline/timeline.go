package pipeline

import "time"

// timeline puts a camera's presentation times on one line that goes on across reconnects and never jumps,
// whatever the camera's clock does. It belongs to the goroutine or streaming thread that reads the camera.
type timeline struct {
	epoch   time.Time     // when the line began
	offset  time.Duration // from the camera's time to the line
	newest  time.Duration // largest PTS given out
	last    time.Duration // the camera's time of the unit before
	anchors bool          // offset is valid for this connection
}

// maxJump is how far a camera's clock may run from the wall clock before the line is tied to it again. It
// is above the reordering of B-frames and the jitter of a bad network.
const maxJump = 3 * time.Second

// reconnect ends the validity of the camera's clock.
func (t *timeline) reconnect() { t.anchors = false }

// place returns the PTS on the line for a unit that came in at now with the camera's time pts, or noPTS.
// Every unit gets a PTS of its own.
func (t *timeline) place(pts time.Duration, now time.Time) time.Duration {
	if t.epoch.IsZero() {
		t.epoch = now
	}
	wall := now.Sub(t.epoch)
	stands := t.anchors && pts == t.last
	t.last = pts
	switch {
	case pts == noPTS:
		pts = wall
	case t.anchors && (pts+t.offset-wall).Abs() <= maxJump:
		pts += t.offset
	default:
		t.offset, t.anchors = max(wall, t.newest+time.Millisecond)-pts, true
		pts += t.offset
	}
	if stands {
		pts = max(wall, t.newest+time.Millisecond)
	}
	t.newest = max(pts, t.newest)
	return pts
}
