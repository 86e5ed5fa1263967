package pipeline

import (
	"time"

	"framegate/pipeline/unit"
)

// skipping decides which access units a picture need not decode, since few pictures of them are wanted. It
// belongs to the goroutine that pushes them.
type skipping struct {
	meter *unit.Meter
	rate  float64 // the highest rate that is wanted, 0 for all pictures
	keys  bool    // nobody wants anything but keyframes

	lone    bool          // only keyframes are decoded now
	overdue bool          // a keyframe did not come in time; until the next one everything is decoded
	key     time.Duration // PTS of the newest keyframe
	taken   time.Duration // PTS of the newest keyframe that was not skipped
	behind  int           // units taken since
	due     time.Duration // while only keyframes are decoded, the next one is from here on
}

// reordering is how many units are decoded behind a lone keyframe, at most, to make a decoder that reorders
// pictures give it.
const reordering = 4

func newSkipping(m *unit.Meter, outputs []*output) *skipping {
	t := &skipping{meter: m, keys: true}
	every := false
	for _, o := range outputs {
		r := o.Rendition
		t.keys = t.keys && r.Keyframes
		every = every || r.FPS == 0 && !r.Keyframes
		t.rate = max(t.rate, r.FPS)
	}
	if every {
		t.rate = 0
	}
	return t
}

// onlyKeys reports whether keyframes alone give the rate that is wanted.
func (t *skipping) onlyKeys() bool {
	interval := t.meter.KeyInterval().Seconds()
	return t.keys || t.rate > 0 && interval > 0 && t.rate*interval < 1.05
}

// late reports whether the keyframe behind a unit should have come: some cameras stretch their GOPs while
// nothing moves.
func (t *skipping) late(u unit.Unit) bool {
	return t.lone && !t.keys && !u.Key && u.PTS-t.key > t.meter.KeyInterval()*3/2
}

// skips decides about the next unit. shown is the PTS of the newest picture that has come out of the decoder.
func (t *skipping) skips(u unit.Unit, shown time.Duration) bool {
	if u.Key {
		t.key, t.overdue = u.PTS, false
		t.lone = t.onlyKeys()
		if t.lone && t.early(u) {
			return true
		}
		t.taken, t.behind = u.PTS, 0
		return false
	}
	switch {
	case t.overdue:
		return false
	case t.lone:
		t.behind++
		return shown >= t.taken || t.behind > reordering || t.key > t.taken
	default:
		return u.Droppable && t.rate > 0 && t.rate <= t.meter.ReferencesPerSecond()
	}
}

// early reports whether a keyframe comes sooner than the rate wants one, as most do of a camera that sends
// nothing else. It keeps the grid of the gates (see gate.go).
func (t *skipping) early(u unit.Unit) bool {
	if t.rate == 0 {
		return false
	}
	interval := time.Duration(float64(time.Second) / t.rate)
	if u.PTS+interval/8 < t.due {
		return true
	}
	if u.PTS > t.due+interval {
		t.due = u.PTS
	}
	t.due += interval
	return false
}
