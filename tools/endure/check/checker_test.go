package check

import (
	"errors"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
)

// scenario is a checker with one camera, number 1, that has sent a frame every tenth of a second since start, and what
// happens to it. All times are seconds since start.
type scenario struct {
	*Checker
	viewer *Viewer
}

var (
	start = time.Unix(1_000_000, 0)
	full  = image.Pt(640, 360)
)

func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second))).Round(time.Microsecond)
}

func newScenario() scenario {
	sent := func(_ string, frame int, limit time.Time) (time.Time, bool) {
		t := at(float64(frame) / 10)
		return t, frame >= 0 && !t.After(limit)
	}
	c := New(start, sent)
	c.Add("cam1", 1, start)
	s := scenario{Checker: c}
	s.viewer = s.add("a viewer", true, start)
	return s
}

// add adds a viewer of the camera.
func (s scenario) add(who string, eager bool, opened time.Time) *Viewer {
	return s.AddViewer(Visit{Camera: "cam1", Who: who, Size: full, Eager: eager, Opened: opened})
}

// frame is how a viewer reads frame n if it is received and read without delay.
func frame(n int) Part {
	sent := at(float64(n) / 10)
	return Part{Read: sent.Add(20 * time.Millisecond), Received: sent.Add(10 * time.Millisecond), Size: full, Marked: true, Camera: 1, Frame: n}
}

// placeholder is a picture without a mark.
func placeholder(seconds float64) Part {
	return Part{Read: at(seconds), Received: at(seconds), Size: full}
}

// watch lets the viewer see frames from one to another.
func (s scenario) watch(from, to int) {
	for n := from; n < to; n++ {
		s.CheckPart(s.viewer, frame(n))
	}
}

func (s scenario) fail(command testcam.Command, seconds float64) {
	i := slices.IndexFunc(Faults, func(f *Fault) bool { return f.Command == command })
	s.FaultBegins("cam1", Faults[i], at(seconds))
}

func (s scenario) heal(seconds float64) { s.FaultEnds("cam1", at(seconds)) }

// showPlaceholders shows a placeholder each second.
func (s scenario) showPlaceholders(from, to float64) {
	for t := from; t < to; t++ {
		s.CheckPart(s.viewer, placeholder(t))
	}
}

func (s scenario) violations() []Violation {
	found, _ := s.Result()
	return found.Violations
}

func TestEveryBrokenPromiseIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(scenario)
		want    string
	}{
		"frame of another camera": {func(s scenario) {
			s.watch(0, 20)
			other := frame(20)
			other.Camera = 2
			s.CheckPart(s.viewer, other)
		}, "picture of camera number 2"},
		"X-Timestamp goes back": {func(s scenario) {
			s.watch(0, 20)
			old := frame(10)
			old.Read = at(2)
			s.CheckPart(s.viewer, old)
		}, "X-Timestamp 900ms before"},
		"old frame with a new X-Timestamp": {func(s scenario) {
			s.watch(0, 20)
			old := frame(10)
			old.Read, old.Received = at(2), at(2)
			s.CheckPart(s.viewer, old)
		}, "goes back in time: frame 10, sent 900ms before frame 19"},
		"frame twice": {func(s scenario) {
			s.watch(0, 20)
			again := frame(19)
			again.Read, again.Received = at(2), at(2)
			s.CheckPart(s.viewer, again)
		}, "goes back in time: frame 19, sent 0s before frame 19"},
		"frame twice, read late by a slow viewer": {func(s scenario) {
			slow := s.add("a slow viewer", false, start)
			s.CheckPart(slow, frame(10))
			again := frame(10)
			again.Read, again.Received = at(2), at(1.5)
			s.CheckPart(slow, again)
			s.ViewerLeft(s.viewer, at(1))
		}, "goes back in time: frame 10, sent 0s before frame 10"},
		"frame from the future": {func(s scenario) {
			s.watch(0, 20)
			future := frame(25)
			future.Read, future.Received = at(2), at(2)
			s.CheckPart(s.viewer, future)
		}, "sent only after"},
		"X-Timestamp long after the frame": {func(s scenario) {
			s.watch(0, 20)
			for n, when := range []float64{3.5, 4.5} {
				late := frame(20 + n)
				late.Read, late.Received = at(when), at(when)
				s.CheckPart(s.viewer, late)
			}
		}, "X-Timestamp of 2.4s after it was sent"},
		"frame that comes too late": {func(s scenario) {
			s.watch(0, 20)
			for n, when := range []float64{3.5, 4.5, 4.6} {
				late := frame(20 + n)
				late.Read = at(when)
				s.CheckPart(s.viewer, late)
			}
		}, "reads frame 21 2.4s after"},
		"gap": {func(s scenario) {
			s.watch(0, 20)
			s.watch(50, 60)
		}, "has waited 3.1s"},
		"gap that never ends": {func(s scenario) {
			s.watch(0, 20)
			s.CheckWaits(at(4.5))
			s.CheckWaits(at(5))
		}, "has waited 2.58s"},
		"gap that ends with the watching": {func(s scenario) {
			s.watch(0, 20)
			s.ViewerLeft(s.viewer, at(4.5))
		}, "has waited 2.58s"},
		"gap before a fault": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 4.5)
		}, "has waited 2.58s"},
		"viewer that never sees anything": {func(s scenario) { s.CheckWaits(at(2.5)) }, "has waited 2.5s"},
		"picture without a mark": {func(s scenario) {
			s.watch(0, 20)
			s.CheckPart(s.viewer, placeholder(2))
		}, "without a mark"},
		"no picture at all": {func(s scenario) {
			s.CheckPart(s.viewer, Part{Read: at(1), Received: at(1), Broken: errors.New("unexpected EOF")})
		}, "something that is not a picture: unexpected EOF"},
		"picture of another size": {func(s scenario) {
			small := frame(1)
			small.Size = image.Pt(320, 180)
			s.CheckPart(s.viewer, small)
		}, "(320,180) instead of (640,360)"},
		"no placeholder of a lost camera": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.CheckWaits(at(4.1))
		}, "neither picture nor placeholder for 2.18s"},
		"no second placeholder": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.CheckPart(s.viewer, placeholder(3))
			s.CheckWaits(at(5.1))
		}, "neither picture nor placeholder for 2.1s"},
		"no placeholder of a stalled camera": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Stall, 2)
			s.CheckWaits(at(6.1))
		}, "neither picture nor placeholder for 4.18s"},
		"placeholder of another size": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			small := placeholder(3)
			small.Size = image.Pt(320, 180)
			s.CheckPart(s.viewer, small)
		}, "placeholder of (320,180)"},
		"camera that does not come back": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.showPlaceholders(3, 5)
			s.heal(5)
			s.showPlaceholders(5, 10)
		}, "no picture 4s after the end of refuse"},
		"old pictures instead of placeholders": {func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			again := frame(19)
			again.Read, again.Received = at(3), at(3)
			s.CheckPart(s.viewer, again)
		}, "goes back in time: frame 19"},
		"state of a camera that works": {func(s scenario) { s.CheckState("cam1", "stalled", at(1)) }, "it works and is reported as stalled"},
		"state of a lost camera": {func(s scenario) {
			s.fail(testcam.Refuse, 1)
			s.CheckState("cam1", "live", at(3.5))
		}, "2.5s after the beginning of refuse it is reported as live"},
		"state that is never reported": {func(s scenario) {
			s.fail(testcam.Refuse, 1)
			s.CheckState("cam1", "connecting", at(4))
			s.showPlaceholders(2, 10)
			s.heal(10)
		}, "never reported as lost in 9s"},
		"viewer that is cut off": {func(s scenario) {
			s.fail(testcam.Refuse, 1)
			s.ViewerCutOff(s.viewer, errors.New("EOF"), at(2))
		}, "cut off after 2s: EOF"},
		"refusal by a camera that works": {func(s scenario) {
			s.ViewerRefused(s.add("a guest", true, at(1)), true, errors.New("503"), at(1.1))
		}, "a guest is refused: 503"},
		"refusal for another reason": {func(s scenario) {
			s.fail(testcam.Refuse, 1)
			s.ViewerRefused(s.add("a guest", true, at(1.1)), false, errors.New("500"), at(1.2))
		}, "a guest is refused: 500"},
	} {
		s := newScenario()
		c.happens(s)
		found := s.violations()
		if len(found) != 1 || !strings.Contains(found[0].Text, c.want) {
			t.Errorf("%s: %+v, want %q once", name, found, c.want)
		}
	}
}

func TestKeptPromisesAreNotReported(t *testing.T) {
	for name, happens := range map[string]func(scenario){
		"a camera that works": func(s scenario) {
			s.CheckState("cam1", "live", at(1))
			s.watch(0, 100)
			s.CheckWaits(at(10.1))
		},
		"a viewer that skips frames": func(s scenario) {
			for n := 0; n < 100; n += 15 {
				s.CheckPart(s.viewer, frame(n))
			}
		},
		"a slow viewer's old pictures": func(s scenario) {
			slow := s.add("a slow viewer", false, start)
			for n := range 10 {
				late := frame(5 * n)
				late.Read = at(float64(2 * n))
				s.CheckPart(slow, late)
			}
			s.ViewerLeft(s.viewer, at(1))
		},
		"a lost camera with placeholders": func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.CheckState("cam1", "lost", at(5))
			s.showPlaceholders(3.9, 10)
			s.heal(10)
			s.CheckState("cam1", "connecting", at(11))
			s.showPlaceholders(10.9, 13)
			s.watch(135, 200)
			s.CheckState("cam1", "live", at(15))
		},
		"a stalled camera": func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Stall, 2)
			s.CheckState("cam1", "live", at(4))
			s.showPlaceholders(5.9, 8)
			s.CheckState("cam1", "stalled", at(6.5))
			s.heal(8)
			s.watch(81, 130)
		},
		"a drop": func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Drop, 2)
			s.heal(2)
			s.watch(35, 100)
		},
		"broken data": func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Corrupt, 2)
			s.CheckPart(s.viewer, placeholder(2.1))
			concealed := frame(10)
			concealed.Read, concealed.Received = at(2.2), at(2.2)
			s.CheckPart(s.viewer, concealed)
			s.heal(3)
			s.CheckPart(s.viewer, placeholder(3.5))
			s.watch(40, 100)
		},
		"broken data from which nothing can be decoded": func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Corrupt, 2)
			s.showPlaceholders(5.9, 9)
			s.CheckState("cam1", "waiting", at(8))
			s.heal(9)
			s.watch(95, 140)
		},
		"broken data that is read late": func(s scenario) {
			slow := s.add("a slow viewer", false, start)
			s.watch(0, 20)
			s.fail(testcam.Corrupt, 2)
			s.heal(2.5)
			s.watch(21, 80)
			concealed := frame(10)
			concealed.Read, concealed.Received = at(7.5), at(2.2)
			s.CheckPart(slow, concealed)
			again := concealed
			again.Received = at(2.3)
			s.CheckPart(slow, again)
		},
		"a refused guest of a lost camera": func(s scenario) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.ViewerRefused(s.add("a guest", true, at(2.1)), true, errors.New("503"), at(2.2))
			s.heal(2.5)
			s.watch(30, 100)
		},
	} {
		s := newScenario()
		happens(s)
		if found := s.violations(); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestCheckerCounts(t *testing.T) {
	s := newScenario()
	s.watch(0, 20)
	s.CheckPart(s.viewer, frame(34))
	s.fail(testcam.Refuse, 3.5)
	s.showPlaceholders(5, 7)
	s.heal(7.5)
	s.watch(90, 130)
	found, _ := s.Result()
	if found.Frames != 63 || found.Compared != 61 || found.Placeholders != 2 || found.LongestWait != 1500*time.Millisecond {
		t.Errorf("%+v", found)
	}
	if facts := *found.Faults["refuse"]; facts.Times != 1 || facts.Silence != 3020*time.Millisecond || facts.Back != 1520*time.Millisecond {
		t.Errorf("%+v", facts)
	}
}
