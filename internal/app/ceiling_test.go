package app

import (
	"log/slog"
	"slices"
	"testing"
	"time"
)

// cameraList are cameras by their size, and the process that has them.
type cameraList struct {
	sizes     []int64
	suspended []int
	cache     int64 // which is given back
}

func (l *cameraList) resident() (sum int64) {
	for i, size := range l.sizes {
		if !slices.Contains(l.suspended, i) {
			sum += size
		}
	}
	return sum + l.cache
}

func (l *cameraList) Weigh(time.Time) {}

func (l *cameraList) SuspendLargest(time.Time) (id string, held int64, ok bool) {
	for i, size := range l.sizes {
		if !slices.Contains(l.suspended, i) && size > held {
			held = size
			l.suspended = append(l.suspended, i)
			return "cam", held, true
		}
	}
	return "", 0, false
}

func newTestCeiling(l *cameraList, limit int64) *ceiling {
	c := newCeiling(l, slog.New(slog.DiscardHandler))
	c.resident, c.giveBack = l.resident, func() { l.cache = 0 }
	c.limit.Store(limit)
	return c
}

func TestMemoryThatCanBeGivenBackSuspendsNoCamera(t *testing.T) {
	l := &cameraList{sizes: []int64{30, 30}, cache: 100}
	newTestCeiling(l, 100).check(time.Now())
	if l.cache != 0 || len(l.suspended) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestCamerasAreSuspendedOneAfterAnother(t *testing.T) {
	l := &cameraList{sizes: []int64{60, 50, 40}}
	c := newTestCeiling(l, 50)
	now := time.Now()
	for _, step := range []struct {
		after     time.Duration
		suspended int
	}{{0, 1}, {ceilingInterval, 1}, {ceilingPause, 2}, {time.Hour, 2}} {
		c.check(now.Add(step.after))
		if len(l.suspended) != step.suspended {
			t.Fatalf("after %v %v are suspended, want %d", step.after, l.suspended, step.suspended)
		}
	}
}

func TestWithoutALimitNoCameraIsSuspended(t *testing.T) {
	l := &cameraList{sizes: []int64{1 << 50}}
	newTestCeiling(l, 0).check(time.Now())
	if len(l.suspended) != 0 {
		t.Errorf("%+v", l)
	}
}
