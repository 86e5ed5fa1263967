package main

import (
	"errors"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/internal/testcam"
)

// scene is a checker with one camera, number 1, that has sent a frame every tenth of a second since start, and what
// happens to it. All times are seconds since start.
type scene struct {
	*checker
	viewer *spectator
}

var (
	start = time.Unix(1_000_000, 0)
	full  = image.Pt(640, 360)
)

func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second))).Round(time.Microsecond)
}

func newScene() scene {
	sent := func(_ string, frame int, limit time.Time) (time.Time, bool) {
		t := at(float64(frame) / 10)
		return t, frame >= 0 && !t.After(limit)
	}
	c := newChecker(start, sent)
	c.add("cam1", 1, start)
	return scene{c, c.enter("cam1", "a viewer", full, true, start)}
}

// frame is how frame n is seen that came in and was read at once.
func frame(n int) seen {
	sent := at(float64(n) / 10)
	return seen{read: sent.Add(20 * time.Millisecond), received: sent.Add(10 * time.Millisecond), size: full, marked: true, camera: 1, frame: n}
}

// placeholder is a picture without a mark.
func placeholder(seconds float64) seen {
	return seen{read: at(seconds), received: at(seconds), size: full}
}

// watch lets the viewer see frames from one to another.
func (s scene) watch(from, to int) {
	for n := from; n < to; n++ {
		s.see(s.viewer, frame(n))
	}
}

func (s scene) fail(command testcam.Command, seconds float64) {
	i := slices.IndexFunc(faults, func(f *fault) bool { return f.command == command })
	s.begin("cam1", faults[i], at(seconds))
}

func (s scene) heal(seconds float64) { s.end("cam1", at(seconds)) }

// showPlaceholders shows a placeholder each second.
func (s scene) showPlaceholders(from, to float64) {
	for t := from; t < to; t++ {
		s.see(s.viewer, placeholder(t))
	}
}

func TestEveryBrokenPromiseIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(scene)
		want    string
	}{
		"frame of another camera": {func(s scene) {
			s.watch(0, 20)
			other := frame(20)
			other.camera = 2
			s.see(s.viewer, other)
		}, "picture of camera number 2"},
		"X-Timestamp goes back": {func(s scene) {
			s.watch(0, 20)
			old := frame(10)
			old.read = at(2)
			s.see(s.viewer, old)
		}, "X-Timestamp 900ms before"},
		"old frame with a new X-Timestamp": {func(s scene) {
			s.watch(0, 20)
			old := frame(10)
			old.read, old.received = at(2), at(2)
			s.see(s.viewer, old)
		}, "goes back in time: frame 10, sent 900ms before frame 19"},
		"frame twice": {func(s scene) {
			s.watch(0, 20)
			again := frame(19)
			again.read, again.received = at(2), at(2)
			s.see(s.viewer, again)
		}, "goes back in time: frame 19, sent 0s before frame 19"},
		"frame twice, read late by a slow viewer": {func(s scene) {
			slow := s.enter("cam1", "a slow viewer", full, false, start)
			s.see(slow, frame(10))
			again := frame(10)
			again.read, again.received = at(2), at(1.5)
			s.see(slow, again)
			s.leave(s.viewer, at(1))
		}, "goes back in time: frame 10, sent 0s before frame 10"},
		"frame from the future": {func(s scene) {
			s.watch(0, 20)
			future := frame(25)
			future.read, future.received = at(2), at(2)
			s.see(s.viewer, future)
		}, "had not sent"},
		"X-Timestamp long after the frame": {func(s scene) {
			s.watch(0, 20)
			for n, when := range []float64{3.5, 4.5} {
				late := frame(20 + n)
				late.read, late.received = at(when), at(when)
				s.see(s.viewer, late)
			}
		}, "X-Timestamp of 2.4s after it was sent"},
		"frame that comes too late": {func(s scene) {
			s.watch(0, 20)
			for n, when := range []float64{3.5, 4.5, 4.6} {
				late := frame(20 + n)
				late.read = at(when)
				s.see(s.viewer, late)
			}
		}, "reads frame 21 2.4s after"},
		"gap": {func(s scene) {
			s.watch(0, 20)
			s.watch(50, 60)
		}, "has waited 3.1s"},
		"gap that never ends": {func(s scene) {
			s.watch(0, 20)
			s.tick(at(4.5))
			s.tick(at(5))
		}, "has waited 2.58s"},
		"gap that ends with the watching": {func(s scene) {
			s.watch(0, 20)
			s.leave(s.viewer, at(4.5))
		}, "has waited 2.58s"},
		"gap before a fault": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 4.5)
		}, "has waited 2.58s"},
		"viewer that never sees anything": {func(s scene) { s.tick(at(2.5)) }, "has waited 2.5s"},
		"picture without a mark": {func(s scene) {
			s.watch(0, 20)
			s.see(s.viewer, placeholder(2))
		}, "without a mark"},
		"no picture at all": {func(s scene) {
			s.see(s.viewer, seen{read: at(1), received: at(1), broken: errors.New("unexpected EOF")})
		}, "what is no picture: unexpected EOF"},
		"picture of another size": {func(s scene) {
			small := frame(1)
			small.size = image.Pt(320, 180)
			s.see(s.viewer, small)
		}, "(320,180) instead of (640,360)"},
		"no placeholder of a lost camera": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.tick(at(4.1))
		}, "neither picture nor placeholder for 2.18s"},
		"no second placeholder": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.see(s.viewer, placeholder(3))
			s.tick(at(5.1))
		}, "neither picture nor placeholder for 2.1s"},
		"no placeholder of a stalled camera": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Stall, 2)
			s.tick(at(6.1))
		}, "neither picture nor placeholder for 4.18s"},
		"placeholder of another size": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			small := placeholder(3)
			small.size = image.Pt(320, 180)
			s.see(s.viewer, small)
		}, "placeholder of (320,180)"},
		"camera that does not come back": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.showPlaceholders(3, 5)
			s.heal(5)
			s.showPlaceholders(5, 10)
		}, "no picture 4s after the end of refuse"},
		"old pictures instead of placeholders": {func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			again := frame(19)
			again.read, again.received = at(3), at(3)
			s.see(s.viewer, again)
		}, "goes back in time: frame 19"},
		"state of a camera that works": {func(s scene) { s.state("cam1", "stalled", at(1)) }, "it works and is told to be stalled"},
		"state of a lost camera": {func(s scene) {
			s.fail(testcam.Refuse, 1)
			s.state("cam1", "live", at(3.5))
		}, "2.5s after the beginning of refuse it is told to be live"},
		"state that is never told": {func(s scene) {
			s.fail(testcam.Refuse, 1)
			s.state("cam1", "connecting", at(4))
			s.showPlaceholders(2, 10)
			s.heal(10)
		}, "never told to be lost in 9s"},
		"viewer that is cut off": {func(s scene) {
			s.fail(testcam.Refuse, 1)
			s.cut(s.viewer, errors.New("EOF"), at(2))
		}, "cut off after 2s: EOF"},
		"refusal by a camera that works": {func(s scene) {
			s.refuse(s.enter("cam1", "a guest", full, true, at(1)), true, errors.New("503"), at(1.1))
		}, "a guest is refused: 503"},
		"refusal for another reason": {func(s scene) {
			s.fail(testcam.Refuse, 1)
			s.refuse(s.enter("cam1", "a guest", full, true, at(1.1)), false, errors.New("500"), at(1.2))
		}, "a guest is refused: 500"},
	} {
		s := newScene()
		c.happens(s)
		found := s.result().Violations
		if len(found) != 1 || !strings.Contains(found[0].Text, c.want) {
			t.Errorf("%s: %+v, want %q once", name, found, c.want)
		}
	}
}

func TestWhatIsPromisedIsNoViolation(t *testing.T) {
	for name, happens := range map[string]func(scene){
		"a camera that works": func(s scene) {
			s.state("cam1", "live", at(1))
			s.watch(0, 100)
			s.tick(at(10.1))
		},
		"a viewer that skips frames": func(s scene) {
			for n := 0; n < 100; n += 15 {
				s.see(s.viewer, frame(n))
			}
		},
		"a slow viewer's old pictures": func(s scene) {
			slow := s.enter("cam1", "a slow viewer", full, false, start)
			for n := range 10 {
				late := frame(5 * n)
				late.read = at(float64(2 * n))
				s.see(slow, late)
			}
			s.leave(s.viewer, at(1))
		},
		"a lost camera with placeholders": func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.state("cam1", "lost", at(5))
			s.showPlaceholders(3.9, 10)
			s.heal(10)
			s.state("cam1", "connecting", at(11))
			s.showPlaceholders(10.9, 13)
			s.watch(135, 200)
			s.state("cam1", "live", at(15))
		},
		"a stalled camera": func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Stall, 2)
			s.state("cam1", "live", at(4))
			s.showPlaceholders(5.9, 8)
			s.state("cam1", "stalled", at(6.5))
			s.heal(8)
			s.watch(81, 130)
		},
		"a drop": func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Drop, 2)
			s.heal(2)
			s.watch(35, 100)
		},
		"broken data": func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Corrupt, 2)
			s.see(s.viewer, placeholder(2.1))
			concealed := frame(10)
			concealed.read, concealed.received = at(2.2), at(2.2)
			s.see(s.viewer, concealed)
			s.heal(3)
			s.see(s.viewer, placeholder(3.5))
			s.watch(40, 100)
		},
		"broken data that is read late": func(s scene) {
			slow := s.enter("cam1", "a slow viewer", full, false, start)
			s.watch(0, 20)
			s.fail(testcam.Corrupt, 2)
			s.heal(2.5)
			s.watch(21, 80)
			concealed := frame(10)
			concealed.read, concealed.received = at(7.5), at(2.2)
			s.see(slow, concealed)
			again := concealed
			again.received = at(2.3)
			s.see(slow, again)
		},
		"a refused guest of a lost camera": func(s scene) {
			s.watch(0, 20)
			s.fail(testcam.Refuse, 2)
			s.refuse(s.enter("cam1", "a guest", full, true, at(2.1)), true, errors.New("503"), at(2.2))
			s.heal(2.5)
			s.watch(30, 100)
		},
	} {
		s := newScene()
		happens(s)
		if found := s.result().Violations; len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestCheckerCounts(t *testing.T) {
	s := newScene()
	s.watch(0, 20)
	s.see(s.viewer, frame(34))
	s.fail(testcam.Refuse, 3.5)
	s.showPlaceholders(5, 7)
	s.heal(7.5)
	s.watch(90, 130)
	found := s.result()
	if found.Frames != 63 || found.Compared != 61 || found.Placeholders != 2 || found.LongestWait != 1500*time.Millisecond {
		t.Errorf("%+v", found)
	}
	if facts := *found.Faults["refuse"]; facts.Times != 1 || facts.Silence != 3020*time.Millisecond || facts.Back != 1520*time.Millisecond {
		t.Errorf("%+v", facts)
	}
}
