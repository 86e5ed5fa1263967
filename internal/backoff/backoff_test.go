package backoff

import (
	"testing"
	"time"
)

func TestPauseDoublesUpToTheLongest(t *testing.T) {
	policy := Policy{First: time.Minute, Longest: 30 * time.Minute}
	for i, minutes := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		if got := policy.Pause(i + 1); got != minutes*time.Minute {
			t.Errorf("%v after %d failures, want %d minutes", got, i+1, minutes)
		}
	}
	if got := policy.Pause(1 << 30); got != policy.Longest {
		t.Errorf("%v after many failures", got)
	}
}

func TestPauseThatMayNotGrowStays(t *testing.T) {
	policy := Policy{First: time.Second, Longest: time.Second}
	for _, failures := range []int{1, 2, 100} {
		if got := policy.Pause(failures); got != time.Second {
			t.Errorf("%v after %d failures", got, failures)
		}
	}
}
