package picture

import (
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/unit"
)

// sentUnits records when the units that were sent to the decoder had been received, for the frames that are made of them. It
// keeps more units than ever wait in the decoder, even while a picture catches up with a long GOP. Its methods may be called
// from any goroutine.
type sentUnits struct {
	mu    sync.Mutex // guards what follows
	units [512]sentUnit
	n     int
	shown time.Duration // largest PTS of a frame
	added time.Time     // when the newest unit was added
}

type sentUnit struct {
	pts      time.Duration
	received time.Time
}

// add records that a unit is sent to the decoder.
func (s *sentUnits) add(u unit.Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units[s.n%len(s.units)] = sentUnit{u.PTS, u.Received}
	s.n++
	s.added = time.Now()
}

// received records a frame and returns when its unit was received: the unit with the nearest PTS, since a decoder may round it.
func (s *sentUnits) received(pts time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = max(s.shown, pts)
	var best sentUnit
	for i := range min(s.n, len(s.units)) {
		u := s.units[(s.n-1-i)%len(s.units)]
		if i == 0 || (u.pts-pts).Abs() < (best.pts-pts).Abs() {
			best = u
		}
		if best.pts == pts {
			break
		}
	}
	return best.received
}

// newest returns the largest PTS of a frame.
func (s *sentUnits) newest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

// count returns how many units were sent, and when the newest one was.
func (s *sentUnits) count() (n int, newest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n, s.added
}
