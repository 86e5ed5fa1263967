package frame

import (
	"testing"
	"time"
)

func TestRateIsMeasuredAndFallsWhenFramesStop(t *testing.T) {
	var r rate
	now := time.Unix(1000, 0)
	if got := r.perSecond(now); got != 0 {
		t.Errorf("%v of nothing", got)
	}
	for range 100 {
		now = now.Add(40 * time.Millisecond)
		r.tick(now)
	}
	if got := r.perSecond(now); got < 24.9 || got > 25.1 {
		t.Errorf("%v, want 25", got)
	}
	if got := r.perSecond(now.Add(time.Second)); got > 25 {
		t.Errorf("%v a second after the last frame", got)
	}
	if got := r.perSecond(now.Add(3 * time.Second)); got != 0 {
		t.Errorf("%v long after the last frame", got)
	}
}
