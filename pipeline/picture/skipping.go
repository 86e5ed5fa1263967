package picture

import (
	"time"

	"github.com/framegate/framegate/pipeline/unit"
)

// skipping decides which access units need not be decoded because fewer pictures are wanted. It belongs to the goroutine that
// pushes the units.
type skipping struct {
	meter *unit.Meter
	rate  float64 // the highest rate that is wanted; 0 means all pictures
	keys  bool    // only keyframes are wanted

	keyframesOnly  bool          // only keyframes are decoded now
	keyframeLate   bool          // a keyframe is late; everything is decoded until it arrives
	key            time.Duration // PTS of the newest keyframe
	lastDecodedKey time.Duration // PTS of the newest keyframe that was not skipped
	sinceKey       int           // units after that keyframe
	due            time.Duration // while only keyframes are decoded: PTS from which the next one is decoded
}

// reordering is the largest number of units that are decoded after a keyframe although only keyframes are wanted. A decoder that
// reorders pictures gives the keyframe only after them.
const reordering = 4

func newSkipping(m *unit.Meter, outputs []*output) *skipping {
	s := &skipping{meter: m, keys: true}
	every := false
	for _, o := range outputs {
		r := o.Rendition
		s.keys = s.keys && r.Keyframes
		every = every || r.FPS == 0 && !r.Keyframes
		s.rate = max(s.rate, r.FPS)
	}
	if every {
		s.rate = 0
	}
	return s
}

// keyframesSuffice reports whether keyframes alone give the wanted rate.
func (s *skipping) keyframesSuffice() bool {
	interval := s.meter.KeyInterval().Seconds()
	return s.keys || s.rate > 0 && interval > 0 && s.rate*interval < 1.05
}

// late reports whether a keyframe is overdue when u arrives. Some cameras stretch their GOPs while nothing moves.
func (s *skipping) late(u unit.Unit) bool {
	return s.keyframesOnly && !s.keys && !u.Key && u.PTS-s.key > s.meter.KeyInterval()*3/2
}

// skips reports whether the next unit is skipped. shown is the PTS of the newest picture of the decoder.
func (s *skipping) skips(u unit.Unit, shown time.Duration) bool {
	if u.Key {
		s.key, s.keyframeLate = u.PTS, false
		s.keyframesOnly = s.keyframesSuffice()
		if s.keyframesOnly && s.early(u) {
			return true
		}
		s.lastDecodedKey, s.sinceKey = u.PTS, 0
		return false
	}
	switch {
	case s.keyframeLate:
		return false
	case s.keyframesOnly:
		s.sinceKey++
		return shown >= s.lastDecodedKey || s.sinceKey > reordering || s.key > s.lastDecodedKey
	default:
		return u.Droppable && s.rate > 0 && s.rate <= s.meter.ReferencesPerSecond()
	}
}

// early reports whether a keyframe arrives sooner than the rate requires. If a camera sends only keyframes, most do. The rule is that
// of fg_gate_decide in gate.c.
func (s *skipping) early(u unit.Unit) bool {
	if s.rate == 0 {
		return false
	}
	interval := time.Duration(float64(time.Second) / s.rate)
	if u.PTS+interval/8 < s.due {
		return true
	}
	if u.PTS > s.due+interval {
		s.due = u.PTS
	}
	s.due += interval
	return false
}
