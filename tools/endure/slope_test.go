package main

import (
	"math"
	"testing"
	"time"
)

func TestSlopeOfALineIsExact(t *testing.T) {
	steepness, err := slope([]float64{0, 1, 2, 3}, []float64{5, 7, 9, 11})
	if math.Abs(steepness-2) > 1e-12 || err > 1e-12 {
		t.Errorf("%v ± %v", steepness, err)
	}
}

// The example has x from 1 to 5 and residuals that can be worked out by hand: the slope is 0.6 and the sum of squared
// distances 2.4, so the error is sqrt(2.4/3/10).
func TestStandardErrorOfASlope(t *testing.T) {
	steepness, err := slope([]float64{1, 2, 3, 4, 5}, []float64{2, 4, 5, 4, 5})
	if math.Abs(steepness-0.6) > 1e-12 || math.Abs(err-math.Sqrt(0.08)) > 1e-12 {
		t.Errorf("%v ± %v", steepness, err)
	}
	if _, err := slope([]float64{1, 2}, []float64{1, 2}); !math.IsInf(err, 1) {
		t.Errorf("two points have an error of %v", err)
	}
}

func TestTrendsIgnoreTheWarmUp(t *testing.T) {
	var usages []usage
	for i := range 10 {
		u := usage{At: time.Duration(i) * time.Hour, Memory: 100e6 + 1e6*float64(i), Threads: 50}
		if i < 3 {
			u.Memory, u.Threads = 1e6, 5
		}
		usages = append(usages, u)
	}
	all := trends(usages, 3*time.Hour)
	if len(all) != len(figures) || math.Abs(all[0].Slope-1) > 1e-9 || all[0].Begin != 103 || all[0].End != 109 || all[3].Slope != 0 {
		t.Errorf("%+v", all)
	}
	if trends(usages, 8*time.Hour) != nil {
		t.Error("two points make a trend")
	}
}

func TestFiguresThatGrowAreReported(t *testing.T) {
	usages := []usage{{Memory: 200e6, Threads: 60}, {Memory: 450e6, Threads: 100}, {Memory: 390e6, Threads: 141}}
	if grown := unbounded(usages, false); len(grown) != 1 || grown[0] != "threads: 60 at the beginning and 141 at the end" {
		t.Errorf("%q", grown)
	}
	usages[1].Memory = 501e6
	if grown := unbounded(usages, false); len(grown) != 2 || grown[0] != "resident memory: 200 MB at the beginning and 501 MB at most" {
		t.Errorf("%q", grown)
	}
	usages = []usage{{Memory: 200e6, Goroutines: 400}, {Memory: 1e9, Goroutines: 2700}, {Memory: 500e6, Goroutines: 500}}
	if grown := unbounded(usages, true); len(grown) != 0 {
		t.Errorf("with hostile clients: %q", grown)
	}
	usages[1].Memory = 1.4e9
	if grown := unbounded(usages, true); len(grown) != 1 || grown[0] != "resident memory: 1400 MB at most" {
		t.Errorf("with hostile clients: %q", grown)
	}
	if grown := unbounded(nil, false); grown != nil {
		t.Errorf("%q", grown)
	}
}
