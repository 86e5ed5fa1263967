package picture

import (
	"testing"
	"time"
)

// step is what a stall sees at one moment.
type step struct {
	at      time.Duration
	in, out int
	want    time.Duration
}

func TestStallNeedsEnoughInputAndNoOutput(t *testing.T) {
	for name, steps := range map[string][]step{
		"all that goes in comes out":                {{0, 1, 1, 0}, {1e9, 30, 30, 0}, {2e9, 60, 60, 0}},
		"the decoder keeps two back at the end":     {{0, 10, 10, 0}, {1e9, 12, 10, 0}, {2e9, 12, 10, 0}},
		"three go in and none comes out":            {{0, 10, 10, 0}, {1e9, 13, 10, 1e9}, {3e9, 13, 10, 3e9}},
		"one comes out of many, then nothing":       {{0, 10, 10, 0}, {1e9, 20, 10, 1e9}, {2e9, 30, 11, 0}, {3e9, 40, 11, 1e9}},
		"nothing goes in, since the camera pauses":  {{0, 10, 10, 0}, {1e9, 10, 10, 0}, {9e9, 10, 10, 0}},
		"nothing came out from the very beginning":  {{0, 3, 0, 0}, {1e9, 6, 0, 1e9}},
		"a pause ends, and pictures come out again": {{0, 10, 10, 0}, {5e9, 11, 11, 0}, {6e9, 12, 12, 0}},
	} {
		began := time.Now()
		var s stall
		for i, step := range steps {
			if got := s.since(step.in, step.out, stallUnits, began.Add(step.at)); got != step.want {
				t.Errorf("%s: step %d: %v, want %v", name, i, got, step.want)
			}
		}
	}
}
