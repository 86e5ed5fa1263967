package app

import (
	"testing"
	"time"
)

func TestMemoryIsMeasuredMoreOftenWhileMuchIsTaken(t *testing.T) {
	l := &cameraList{sizes: []int64{50 * mega}}
	c := newTestCeiling(l, 100*mega)
	if got := c.pause(); got != time.Second {
		t.Errorf("%v at half of the limit", got)
	}
	l.sizes[0]++
	if got := c.pause(); got != 50*time.Millisecond {
		t.Errorf("%v above", got)
	}
	c.limit.Store(0)
	if got := c.pause(); got != time.Second {
		t.Errorf("%v without a limit", got)
	}
}

// TestLargeCamerasAreSuspendedAtOnceWhileMemoryGrows has two large cameras, and small ones that are hardly to blame.
func TestLargeCamerasAreSuspendedAtOnceWhileMemoryGrows(t *testing.T) {
	l := &cameraList{sizes: []int64{60 * mega, 50 * mega, 12 * mega, 12 * mega, 12 * mega, 12 * mega}}
	c := newTestCeiling(l, 100*mega)
	begin := time.Now()
	c.check(begin)
	if len(l.suspended) != 1 {
		t.Fatalf("%v are suspended", l.suspended)
	}
	l.own += 60 * mega // the first has not ended yet
	if c.check(begin.Add(50 * time.Millisecond)); len(l.suspended) != 1 {
		t.Errorf("%v are suspended though no more is taken", l.suspended)
	}
	l.own += 20 * mega
	if c.check(begin.Add(100 * time.Millisecond)); len(l.suspended) != 2 {
		t.Errorf("%v are suspended though more is taken", l.suspended)
	}
	l.own += 60 * mega
	if c.check(begin.Add(150 * time.Millisecond)); len(l.suspended) != 2 {
		t.Errorf("%v are suspended", l.suspended)
	}
	if c.check(begin.Add(relievePause + time.Second)); len(l.suspended) != 3 {
		t.Errorf("%v are suspended though memory grows after the others have ended", l.suspended)
	}
}

func TestMemoryIsGivenBackForADecoderThatNeedsIt(t *testing.T) {
	l := &cameraList{sizes: []int64{40 * mega}, cache: 40 * mega}
	c := newTestCeiling(l, 100*mega)
	now := time.Now()
	if limit, resident := c.budget(20 * mega); limit != 100*mega || resident != 80*mega {
		t.Fatalf("%d of %d", resident, limit)
	}
	if c.check(now); l.gaveBack != 0 {
		t.Error("it has room")
	}
	c.budget(30 * mega)
	if c.check(now.Add(time.Second)); l.gaveBack != 1 || len(l.suspended) != 0 {
		t.Errorf("%+v", l)
	}
	for i := range 10 {
		c.budget(90 * mega)
		c.check(now.Add(time.Duration(2+i) * time.Second))
	}
	if l.gaveBack != 1 {
		t.Errorf("%d times within seconds", l.gaveBack)
	}
}

func TestLimitThatCannotBeKeptIsNoBudget(t *testing.T) {
	c := newTestCeiling(&cameraList{own: 200 * mega}, 100*mega)
	c.idle.Store(100 * mega)
	if limit, _ := c.budget(1); limit != 0 {
		t.Errorf("%d bytes", limit)
	}
}

func TestBudgetHoldsWhileMoreIsTakenThanCamerasHold(t *testing.T) {
	c := newTestCeiling(&cameraList{own: 200 * mega, sizes: []int64{mega}}, 100*mega)
	c.idle.Store(50 * mega)
	if limit, resident := c.budget(20 * mega); limit != 100*mega || resident != 201*mega {
		t.Errorf("%d of %d", resident, limit)
	}
}
