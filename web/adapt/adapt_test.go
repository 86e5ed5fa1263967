package adapt

import (
	"fmt"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// simulation is a viewer of a camera of 25 frames a second, and the connection to it. Frames of the first step have 20 KB: 500 KB/s.
type simulation struct {
	chooser Chooser
	now     time.Duration
	last    time.Duration // when the last frame was published that the viewer got
	free    float64       // bytes that a write may leave in the kernel
	sent    float64       // bytes that have left the kernel and that it has not noticed
	chunk   float64       // it notices so many at a time
	frames  int
	changes int
	// rate is what the connection carries at a time, in bytes per second.
	rate func(time.Duration) float64
	// refuse makes every change of the step fail.
	refuse bool
}

const (
	first    = 20_000
	interval = 40 * time.Millisecond
	kernel   = 100_000 // bytes that a write leaves in the kernel
)

func steady(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

// drain lets a millisecond pass.
func (s *simulation) drain() {
	s.now += time.Millisecond
	s.sent = min(s.sent+s.rate(s.now)/1000, kernel-s.free)
	if s.sent >= s.chunk || s.free+s.sent == kernel {
		s.free, s.sent = s.free+s.sent, 0
	}
}

// run sends frames for a time. A viewer that misses frames gets the newest one.
func (s *simulation) run(d time.Duration) {
	epoch := time.Unix(0, 0)
	for end := s.now + d; s.now < end; {
		for s.now < s.last+interval {
			s.drain()
		}
		published := s.now.Truncate(interval)
		missed := int((published - s.last) / interval)
		s.last = published
		if s.frames > 0 {
			missed--
		}
		began := s.now
		size := first * frame.Steps[s.chooser.Step()].Bytes
		for s.free -= size; s.free < 0; {
			s.drain()
		}
		s.frames++
		step := s.chooser.Sent(Sent{At: epoch.Add(s.now), Took: s.now - began, Bytes: int(size), Missed: missed})
		switch {
		case step == s.chooser.Step():
		case s.refuse:
			s.changes++
			s.chooser.Refused(epoch.Add(s.now))
		default:
			s.changes++
			s.chooser.Moved(step, epoch.Add(s.now))
		}
	}
}

func TestViewerGetsTheStepThatItsLineCarries(t *testing.T) {
	for name, test := range map[string]struct {
		rate, limit float64
		want        int // the best step that the connection carries
	}{
		"fast":                         {5_000_000, 0, 0},
		"just enough":                  {600_000, 0, 0},
		"three quarters":               {400_000, 0, 1},
		"half":                         {280_000, 0, 2},
		"a third":                      {170_000, 0, 3},
		"a fifth":                      {110_000, 0, 4},
		"less than the last step":      {20_000, 0, 4},
		"fast, with a limit of half":   {5_000_000, 280_000, 2},
		"fast, with a limit of almost": {5_000_000, 510_000, 0},
		"slower than the limit":        {170_000, 400_000, 3},
	} {
		for _, chunk := range []float64{0, 64_000} { // as TCP's windows of loopback
			viewerGets(t, fmt.Sprintf("%s, in chunks of %.0f", name, chunk), chunk, test.rate, test.limit, test.want)
		}
	}
}

func viewerGets(t *testing.T, name string, chunk, rate, limit float64, want int) {
	s := simulation{rate: steady(rate), chunk: chunk}
	s.chooser.Limit = limit
	s.run(15 * time.Second)
	// An attempt to go up is over after some seconds, so the step that a viewer has most of the time counts.
	var on [8]int
	s.changes = 0
	for range 600 {
		s.run(100 * time.Millisecond)
		on[s.chooser.Step()]++
	}
	if on[want] < 400 {
		t.Errorf("%s: the steps had %v of 600 tenths of a second, want step %d for most of them", name, on, want)
	}
	if s.changes > 8 {
		t.Errorf("%s: %d changes in a minute", name, s.changes)
	}
}

func TestSlowLineGoesDownWithinSeconds(t *testing.T) {
	s := simulation{rate: steady(60_000)}
	s.run(4 * time.Second)
	if s.chooser.Step() != len(frame.Steps)-1 {
		t.Errorf("step %d after %v", s.chooser.Step(), s.now)
	}
}

func TestLineThatRecoversGoesUpAgain(t *testing.T) {
	s := simulation{rate: func(at time.Duration) float64 {
		if at < 20*time.Second {
			return 90_000
		}
		return 5_000_000
	}}
	s.run(20 * time.Second)
	if s.chooser.Step() < 3 {
		t.Fatalf("step %d on the slow connection", s.chooser.Step())
	}
	s.run(2 * time.Minute)
	if s.chooser.Step() != 0 {
		t.Errorf("step %d on the fast connection", s.chooser.Step())
	}
	before := s.changes
	if s.run(5 * time.Minute); s.changes != before {
		t.Errorf("%d further changes", s.changes-before)
	}
}

func TestShortFailureOfALineChangesNothing(t *testing.T) {
	s := simulation{rate: func(at time.Duration) float64 {
		if at > 20*time.Second && at < 22*time.Second {
			return 100
		}
		return 2_000_000
	}}
	if s.run(time.Minute); s.changes > 0 {
		t.Errorf("%d changes", s.changes)
	}
}

// A mobile connection carries much, and little for some seconds in between.
func TestBurstyLineDoesNotFlap(t *testing.T) {
	s := simulation{rate: func(at time.Duration) float64 {
		if at%(10*time.Second) < 6*time.Second {
			return 800_000
		}
		return 60_000
	}}
	s.run(time.Minute)
	s.changes, s.frames = 0, 0
	s.run(5 * time.Minute)
	if s.changes > 40 {
		t.Errorf("%d changes in five minutes", s.changes)
	}
	if fps := float64(s.frames) / 300; fps < 15 {
		t.Errorf("%.1f frames a second", fps)
	}
}

func TestLossyLineKeepsMostFrames(t *testing.T) {
	s := simulation{rate: func(at time.Duration) float64 { // each tenth quarter of a second nothing arrives
		if at/(250*time.Millisecond)%10 == 0 {
			return 0
		}
		return 350_000
	}}
	s.run(20 * time.Second)
	s.frames, s.changes = 0, 0
	s.run(time.Minute)
	if s.frames < 1300 || s.changes > 8 {
		t.Errorf("%d frames and %d changes in a minute", s.frames, s.changes)
	}
}

func TestRefusedStepIsTriedAgainLater(t *testing.T) {
	s := simulation{rate: steady(60_000), refuse: true}
	s.run(time.Minute)
	if s.chooser.Step() != 0 || s.changes < 3 || s.changes > 15 {
		t.Errorf("step %d after %d attempts in a minute", s.chooser.Step(), s.changes)
	}
	s.refuse = false
	s.run(10 * time.Second)
	if s.chooser.Step() != 4 {
		t.Errorf("step %d when it is not refused any more", s.chooser.Step())
	}
}

func TestTCPsEstimatePostponesTheWayUp(t *testing.T) {
	up := func(delivered float64) time.Duration {
		var l Chooser
		l.Moved(2, time.Unix(0, 0))
		for at := interval; ; at += interval {
			if l.Sent(Sent{At: time.Unix(0, 0).Add(at), Bytes: 8000, Delivered: delivered}) < 2 {
				return at
			}
		}
	}
	if slow, fast := up(250_000), up(900_000); slow < 3*fast {
		t.Errorf("up after %v with an estimate below what is needed, %v with one above", slow, fast)
	}
}

func TestPaceKeepsTheAverage(t *testing.T) {
	p := Pace{Limit: 100_000}
	now := time.Unix(0, 0)
	for range 100 {
		now = now.Add(p.Sent(10_000, now))
	}
	if took := now.Sub(time.Unix(0, 0)); took < 9*time.Second || took > 10*time.Second {
		t.Errorf("1 MB took %v at 100 KB/s", took)
	}
	now = now.Add(time.Hour)
	if wait := p.Sent(1000, now); wait != 0 {
		t.Errorf("a small frame after a long pause waits %v", wait)
	}
	if wait := p.Sent(100_000, now); wait < 400*time.Millisecond {
		t.Errorf("unused time counts for more than %v: wait %v", burst, wait)
	}
}
