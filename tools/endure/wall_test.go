package main

import (
	"strings"
	"testing"
	"time"
)

func TestTileThatStandsSilentlyIsReportedOnce(t *testing.T) {
	s, at := newStanding(), time.Now()
	var wrong []string
	see := func(seconds int, picture func(second int) int64, says string) {
		wrong = nil
		for i := range seconds {
			at = at.Add(lookEvery)
			wrong = append(wrong, s.see([]tileLook{{ID: "gate", Picture: picture(i), Says: says}}, at)...)
		}
	}
	moves := func(second int) int64 { return int64(second + 1) }
	stands := func(int) int64 { return 100 }
	see(20, moves, "")
	if wrong != nil || s.longest > 0 {
		t.Errorf("a tile that moves: %q, silent for %v", wrong, s.longest)
	}
	see(6, stands, "")
	if len(wrong) != 1 || wrong[0] != "gate: its tile stands for 4s and says nothing" || s.longest != 5*time.Second {
		t.Errorf("a tile that stands: %q, silent for %v", wrong, s.longest)
	}
	see(20, moves, "")
	see(6, stands, "3 s old")
	if wrong != nil {
		t.Errorf("a tile that says so: %q", wrong)
	}
	see(20, stands, "3 s old")
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "gate works, and its tile stands") {
		t.Errorf("a tile whose camera works: %q", wrong)
	}
	see(20, moves, "")
	s.lost("gate")
	see(20, stands, "lost")
	if wrong != nil {
		t.Errorf("a tile whose camera is away: %q", wrong)
	}
	s.back("gate", at)
	see(6, stands, "lost")
	if wrong != nil {
		t.Errorf("a tile whose camera has just come back: %q", wrong)
	}
	see(20, stands, "lost")
	if len(wrong) != 1 {
		t.Errorf("a tile whose camera came back long ago: %q", wrong)
	}
}

func TestMachineThatIsLateIsNoFaultOfTheTile(t *testing.T) {
	s, at := newStanding(), time.Now()
	for range 5 {
		at = at.Add(20 * time.Second)
		if wrong := s.see([]tileLook{{ID: "gate", Picture: 7}}, at); wrong != nil {
			t.Errorf("%q", wrong)
		}
	}
	if s.pauses != 4 {
		t.Errorf("%d pauses", s.pauses)
	}
}

func TestWallThatGrowsIsReported(t *testing.T) {
	const warm, length = 5 * time.Minute, time.Hour
	w := wallReport{Wall: wall{Warm: warm, For: length}}
	for at := time.Duration(0); at < warm+length; at += time.Minute {
		u := wallUsage{At: at, Scripts: 8e6, Browser: 600e6 + 20e6*float64(at/time.Minute%2), Memory: 150e6, Heap: 20e6}
		if at < warm {
			u.Browser = 300e6 // it grows at first
		}
		if at >= warm+length*3/4 {
			u.Memory += 31e6
		}
		if at == warm+length/2 {
			u.Heap = 500e6 // for a moment
		}
		w.Usages = append(w.Usages, u)
	}
	w.compare()
	if len(w.Violations) != 1 || w.Violations[0].Text != "framegate: 150 MB in the first quarter and 181 MB in the last" {
		t.Errorf("%+v", w.Violations)
	}
}
