package unit

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// places runs units through a timeline: each has the camera's time and the wall clock's, in ms. The first is
// a keyframe.
func places(line *Timeline, units ...[2]int) (got []time.Duration) {
	for i, u := range units {
		pts := time.Duration(u[0]) * ms
		if u[0] < 0 {
			pts = NoPTS
		}
		got = append(got, line.Place(pts, i == 0, Beginning.Add(time.Duration(u[1])*ms)))
	}
	return got
}

func TestTimelineKeepsTheCamerasIntervals(t *testing.T) {
	got := places(&Timeline{}, [2]int{5000, 0}, [2]int{5040, 90}, [2]int{5080, 95})
	if got[1]-got[0] != 40*ms || got[2]-got[1] != 40*ms {
		t.Error(got)
	}
}

func TestTimelineKeepsBFramesInTheirOrder(t *testing.T) {
	got := places(&Timeline{}, [2]int{0, 0}, [2]int{120, 40}, [2]int{40, 80}, [2]int{80, 120})
	if got[1]-got[0] != 120*ms || got[2]-got[0] != 40*ms || got[3]-got[0] != 80*ms {
		t.Error(got)
	}
}

func TestTimelineGoesOnAcrossReconnects(t *testing.T) {
	line := &Timeline{}
	before := places(line, [2]int{0, 0}, [2]int{40, 40})
	line.Reconnect()
	after := places(line, [2]int{700000, 2000}, [2]int{700040, 2040})
	if after[0] <= before[1] || after[1]-after[0] != 40*ms || (after[0]-before[0]-2000*ms).Abs() > 50*ms {
		t.Error(before, after)
	}
}

func TestTimelineNeverJumpsWithTheCamerasClock(t *testing.T) {
	for name, jump := range map[string]int{"forward": 3600_000, "back": -4000} {
		got := places(&Timeline{}, [2]int{5000, 0}, [2]int{5040, 40}, [2]int{5080 + jump, 80}, [2]int{5120 + jump, 120})
		if got[2] <= got[1] || got[2] > got[1]+200*ms || got[3]-got[2] != 40*ms {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTimelineFollowsAClockThatWasPutBackALittle(t *testing.T) {
	line := &Timeline{}
	before := places(line, [2]int{5000, 0}, [2]int{5040, 40}, [2]int{5080, 80})
	after := places(line, [2]int{4000, 120}, [2]int{4040, 160})
	if after[0] <= before[2] || after[0] > before[2]+100*ms || after[1]-after[0] != 40*ms {
		t.Error(before, after)
	}
}

func TestTimelineGivesEveryUnitATimeOfItsOwn(t *testing.T) {
	for name, pts := range map[string]int{"standing still": 40, "none": -1} {
		got := places(&Timeline{}, [2]int{pts, 0}, [2]int{pts, 40}, [2]int{pts, 80}, [2]int{pts, 120})
		for i := 1; i < len(got); i++ {
			if got[i] <= got[i-1] {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}

// The same holds for one that stands still: behind the units that might be reordered each one is
// newer than those before, and when the clock runs again its intervals are kept.
func TestTimelineGoesOnWithAClockThatRunsBackwards(t *testing.T) {
	for name, step := range map[string]int{"backwards": -40, "standing still": 0} {
		for _, interval := range []int{1, 10, 100} { // from keyframe to keyframe
			line := &Timeline{}
			camera, wall := 1_000_000, 0
			var got []time.Duration
			run := func(n, step int) {
				for range n {
					camera, wall = camera+step, wall+40
					got = append(got, line.Place(time.Duration(camera)*ms, len(got)%interval == 0, Beginning.Add(time.Duration(wall)*ms)))
				}
			}
			run(20, 40)
			run(200, step)
			for i := 20 + maxReordered + 1; i < len(got); i++ {
				if got[i] <= got[i-1] || got[i] > got[i-1]+80*ms {
					t.Errorf("%s, a keyframe each %d: %v after %v", name, interval, got[i], got[i-1])
					break
				}
			}
			run(220, 40) // as far as it went back
			for i := len(got) - 100; i < len(got); i++ {
				if got[i]-got[i-1] != 40*ms {
					t.Errorf("%s, a keyframe each %d: %v after %v when it is well again", name, interval, got[i], got[i-1])
					break
				}
			}
			if d := (got[len(got)-1] - time.Duration(wall)*ms).Abs(); d > 200*ms {
				t.Errorf("%s, a keyframe each %d: %v from the wall clock", name, interval, d)
			}
		}
	}
}
