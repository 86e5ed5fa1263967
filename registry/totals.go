package registry

import "github.com/framegate/framegate/pipeline/frame"

// totals are what a Status counts since framegate started. A camera whose configuration changes is replaced by another one, which
// goes on counting where the previous one ends, because a counter of Prometheus must not fall.
type totals struct {
	reconnects  int
	broken      uint64
	failedPlans []frame.FailedPlan // those of cameras that have been replaced, so none is suspended now
}

// inherited are the totals of the cameras that c has replaced, which may still be counting.
func (c *camera) inherited() (t totals) {
	var previous *camera
	c.read(func() { t, previous = c.before, c.previous })
	if previous != nil {
		return previous.totals()
	}
	return t
}

// inherit keeps the totals of the camera that c has replaced, which has ended.
func (c *camera) inherit() {
	t := c.inherited()
	c.change(func() { c.before, c.previous = t, nil })
}

// totals are the totals of c and of the cameras that it has replaced.
func (c *camera) totals() totals {
	s := c.status()
	t := totals{s.Reconnects, s.Broken, s.FailedPlans}
	for i := range t.failedPlans {
		t.failedPlans[i].Until = nil
	}
	return t
}

// addTotals adds what cameras counted that this one has replaced.
func (s *Status) addTotals(t totals) {
	s.Reconnects += t.reconnects
	s.Broken += t.broken
	for _, f := range t.failedPlans {
		s.addFailedPlan(f)
	}
}
