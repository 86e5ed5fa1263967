package gst

import (
	"testing"
	"time"
)

func TestCameraIsLeftAloneForGrowingMinutes(t *testing.T) {
	var h Hangs
	now := time.Now()
	h.change(1, now)
	if err := h.Wait(now); err != nil {
		t.Errorf("after the first: %v", err)
	}
	for _, minutes := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		h.change(1, now)
		if h.Wait(now.Add(minutes*time.Minute-time.Second)) == nil {
			t.Errorf("it is tried again before %d minutes", minutes)
		}
		if err := h.Wait(now.Add(minutes * time.Minute)); err != nil {
			t.Error(err)
		}
		now = now.Add(minutes * time.Minute)
	}
	h.change(1, now.Add(forgetHangs+time.Hour))
	if err := h.Wait(now.Add(forgetHangs + time.Hour)); err != nil {
		t.Errorf("hours later: %v", err)
	}
}
