package picture

import (
	"time"

	"github.com/framegate/framegate/pipeline/unit"
)

// skipping decides which access units need not be decoded because fewer pictures are wanted. It belongs to the goroutine that
// pushes the units.
type skipping struct {
	meter         *unit.Meter
	rate          float64 // the highest rate that is wanted; 0 means all pictures
	wantsOnlyKeys bool    // only keyframes are wanted

	decodesOnlyKeys bool          // only keyframes are decoded now
	keyframeLate    bool          // a keyframe is late; everything is decoded until it arrives
	newestKey       time.Duration // PTS of the newest keyframe
	lastDecodedKey  time.Duration // PTS of the newest keyframe that was not skipped
	sinceKey        int           // units after that keyframe
	due             time.Duration // while only keyframes are decoded: PTS from which the next one is decoded
}

// reordering is the largest number of units that are decoded after a keyframe although only keyframes are wanted. A decoder that
// reorders pictures gives the keyframe only after them.
const reordering = 4

func newSkipping(m *unit.Meter, outputs []*output) *skipping {
	s := &skipping{meter: m, wantsOnlyKeys: true}
	every := false
	for _, o := range outputs {
		r := o.Rendition
		s.wantsOnlyKeys = s.wantsOnlyKeys && r.Keyframes
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
	// Cameras do not keep their interval exactly: a rate of 1 takes the keyframes of one that sends them every 1.04 s.
	return s.wantsOnlyKeys || s.rate > 0 && interval > 0 && s.rate*interval < 1.05
}

// late reports whether a keyframe is overdue when u arrives. Some cameras lengthen their GOPs while nothing moves. Half
// an interval more is beyond the jitter of a network.
func (s *skipping) late(u unit.Unit) bool {
	return s.decodesOnlyKeys && !s.wantsOnlyKeys && !u.Key && u.PTS-s.newestKey > s.meter.KeyInterval()*3/2
}

// skips reports whether u, the next unit, is skipped, and takes u into account. Call it once for each unit for which late is
// false. shown is the PTS of the newest picture of the decoder.
func (s *skipping) skips(u unit.Unit, shown time.Duration) bool {
	if u.Key {
		s.newestKey, s.keyframeLate = u.PTS, false
		s.decodesOnlyKeys = s.keyframesSuffice()
		if s.decodesOnlyKeys && s.early(u) {
			return true
		}
		s.lastDecodedKey, s.sinceKey = u.PTS, 0
		return false
	}
	switch {
	case s.keyframeLate:
		return false
	case s.decodesOnlyKeys:
		s.sinceKey++
		return shown >= s.lastDecodedKey || s.sinceKey > reordering || s.newestKey > s.lastDecodedKey
	default:
		return u.Droppable && s.rate > 0 && s.rate <= s.meter.ReferencesPerSecond()
	}
}

// early reports whether a keyframe arrives sooner than the rate requires. If a camera sends only keyframes, most of them arrive
// early. The rule is that of fg_gate_decide in gate.c.
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
