package check

import (
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
)

// tickUntil lets the machine tick from one time to another, each time so much late.
func (s scenario) tickUntil(from, to, late float64) {
	for t := from; t <= to; t += tickTime.Seconds() + late {
		s.tick(at(t))
	}
}

func TestLimitsAreExtendedWhenTheMachineIsLate(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(scenario)
		want    string // empty for no violation
	}{
		"a wait while the machine stood still": {func(s scenario) {
			s.tickUntil(0, 2, 0)
			s.tickUntil(2.9, 5, 0)
			s.watch(0, 20)
			s.CheckWaits(at(4.75)) // 2.83 s after the last picture, of which the machine was there for 1.94 s
		}, ""},
		"a longer wait than that": {func(s scenario) {
			s.tickUntil(0, 2, 0)
			s.tickUntil(2.9, 5, 0)
			s.watch(0, 20)
			s.CheckWaits(at(4.85))
		}, "has waited 2.93s"},
		"a wait while every tick was a little late": {func(s scenario) {
			s.tickUntil(0, 6, 0.005)
			s.watch(0, 20)
			s.CheckWaits(at(4.85)) // a third of 2.93 s does not count
		}, ""},
		"a longer wait while every tick was a little late": {func(s scenario) {
			s.tickUntil(0, 6, 0.005)
			s.watch(0, 20)
			s.CheckWaits(at(5.1))
		}, "has waited 3.18s"},
		"a wait after the machine stood still": {func(s scenario) {
			s.tickUntil(0, 1, 0)
			s.tickUntil(1.9, 5, 0)
			s.watch(0, 20)
			s.CheckWaits(at(4))
		}, "has waited 2.08s"},
		"a picture that is read before the late tick comes": {func(s scenario) {
			s.tickUntil(0, 3.5, 0)
			s.watch(0, 20)
			late := frame(40)
			late.Read = at(4.4)
			s.CheckPart(s.viewer, late)
		}, ""},
		"a frame that is read late": {func(s scenario) {
			s.tickUntil(0, 2.5, 0)
			s.tickUntil(3.4, 5, 0)
			s.watch(0, 20)
			s.CheckPart(s.viewer, frame(24))
			late := frame(25)
			late.Read = at(4.7)
			s.CheckPart(s.viewer, late)
		}, ""},
		"a camera that is taken for stalled after the machine stood still": {func(s scenario) {
			s.watch(0, 20)
			s.tickUntil(0, 2, 0)
			s.tickUntil(4.5, 8, 0)
			s.CheckState("cam1", "stalled", at(5))
			s.CheckPart(s.viewer, placeholder(5.1))
			s.watch(75, 100)
			s.CheckState("cam1", "live", at(9))
		}, ""},
		"a camera that is taken for stalled long after": {func(s scenario) {
			s.watch(0, 20)
			s.tickUntil(0, 2, 0)
			s.tickUntil(4.5, 9, 0)
			s.watch(75, 90)
			s.CheckState("cam1", "stalled", at(8.6))
		}, "it works and is reported as stalled"},
		"a camera that comes back late": {func(s scenario) {
			s.tickUntil(0, 6, 0)
			s.tickUntil(6.9, 11, 0)
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.showPlaceholders(3, 5)
			s.heal(5)
			s.showPlaceholders(5, 10)
			s.watch(98, 110)
		}, ""},
		"a camera that comes back later than that": {func(s scenario) {
			s.tickUntil(0, 6, 0)
			s.tickUntil(6.9, 11, 0)
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.showPlaceholders(3, 5)
			s.heal(5)
			s.showPlaceholders(5, 9.5)
			s.CheckWaits(at(9.95))
		}, "no picture 4s after the end of refuse"},
		"a state that is reported late": {func(s scenario) {
			s.tickUntil(0, 1.5, 0)
			s.tickUntil(2.4, 5, 0)
			s.fail(testcam.Refuse, 1)
			s.CheckState("cam1", "live", at(3.8))
			s.CheckState("cam1", "live", at(4))
		}, "3s after the beginning of refuse"},
		"a fault that begins before the one before is settled": {func(s scenario) {
			s.watch(0, 20)
			s.tickUntil(0, 6, 0)
			s.fail(testcam.Corrupt, 2)
			s.showPlaceholders(2.1, 9)
			s.heal(4)
			s.tickUntil(8.5, 9, 0)
			s.fail(testcam.Drop, 9)
			s.heal(9)
			s.tickUntil(9.01, 9.9, 0)
			s.watch(100, 130)
			s.tickUntil(9.91, 13.2, 0)
			s.CheckPart(s.viewer, placeholder(13.1))
		}, "without a mark"},
	} {
		s := newScenario()
		c.happens(s)
		found := s.violations()
		if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Text, c.want)) {
			t.Errorf("%s: %+v, want %q", name, found, c.want)
		}
	}
}

func TestLimitIsExtendedByTheLatenessOfTheMachine(t *testing.T) {
	var l lateness
	for _, seconds := range []float64{0, 0.01, 0.021, 1.031, 1.041, 2.051, 2.061} { // 1 ms, which is nothing, then 1 s twice
		l.tick(at(seconds))
	}
	for _, c := range []struct{ from, limit, now, want float64 }{
		{0, 0.02, 2.06, 0.02},
		{0, 1, 2.06, 3},
		{0.5, 1, 2.06, 3.031}, // begun while the machine was late
		{1.035, 1, 2.06, 3.035},
		{2.055, 1, 2.06, 3.055},
		{2.055, 1, 2.5, 3.484}, // the next tick has not come yet
	} {
		got := l.due(at(c.from), time.Duration(c.limit*float64(time.Second)), at(c.now))
		if off := got.Sub(at(c.want)); off < -time.Millisecond || off > time.Millisecond {
			t.Errorf("%+v: %v", c, got.Sub(start))
		}
	}
	if l.total.Round(time.Millisecond) != 2*time.Second || l.most.Round(time.Millisecond) != time.Second {
		t.Errorf("%v in all, %v at most", l.total, l.most)
	}
	l.tick(at(2.071).Add(2 * lateMemory))
	l.tick(at(2.081).Add(4 * lateMemory))
	if len(l.spans) != 1 {
		t.Errorf("%d spans are remembered", len(l.spans))
	}
}
