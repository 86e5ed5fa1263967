// Package check compares what viewers see and framegate reports with what the cameras do, and finds broken promises.
package check

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Checker finds violations. It reads no clock: whoever reports something says when it happened. Its methods may be called
// from any goroutine.
type Checker struct {
	began time.Time
	// sent returns the last time before limit at which a camera sent the frame.
	sent func(camera string, frame int, limit time.Time) (time.Time, bool)

	mu       sync.Mutex // guards the fields below, all cameras and all viewers
	cameras  map[string]*camera
	viewers  map[*Viewer]struct{}
	evidence []Evidence
	lateness lateness // by which each time limit is extended
	tally    Tally
}

// New returns a checker without cameras. sent returns the last time before limit at which a camera sent the frame.
func New(began time.Time, sent func(camera string, frame int, limit time.Time) (time.Time, bool)) *Checker {
	c := &Checker{began: began, sent: sent, cameras: map[string]*camera{}, viewers: map[*Viewer]struct{}{}}
	c.tally.Faults = map[string]*FaultFacts{}
	for _, f := range Faults {
		c.tally.Faults[string(f.Command)] = &FaultFacts{}
	}
	return c
}

// Add adds a camera that has worked since works.
func (c *Checker) Add(name string, number int, works time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cameras[name] = &camera{name: name, number: number, works: works}
}

// Report records a violation by framegate concerning a camera. The name is empty if it concerns no camera.
func (c *Checker) Report(camera string, at time.Time, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report(camera, at, format, args...)
}

func (c *Checker) report(camera string, at time.Time, format string, args ...any) {
	v := Violation{At: at.Sub(c.began), Camera: camera, Text: fmt.Sprintf(format, args...)}
	if cam := c.cameras[camera]; cam != nil && cam.fault != nil {
		v.Fault = string(cam.fault.Command)
	}
	c.tally.Violations = append(c.tally.Violations, v)
}

// MeasureLateness measures how late the machine is until ctx is done.
func (c *Checker) MeasureLateness(ctx context.Context) {
	tick := time.NewTimer(tickTime)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		c.tick(time.Now())
		tick.Reset(tickTime)
	}
}

// tick records that the goroutine of MeasureLateness ran.
func (c *Checker) tick(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cam := range c.cameras {
		c.settle(cam, at)
	}
	c.lateness.tick(at)
}

// Over reports whether a time limit that started at began is over now.
func (c *Checker) Over(began time.Time, limit time.Duration, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over(began, limit, now)
}

func (c *Checker) over(began time.Time, limit time.Duration, now time.Time) bool {
	return now.After(c.lateness.due(began, limit, now))
}

// FaultBegins records that a camera is about to fail.
func (c *Checker) FaultBegins(camera string, f *Fault, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cam := c.cameras[camera]
	c.settle(cam, at)
	c.eachEager(cam, func(v *Viewer) {
		c.checkWait(v, at)
		v.reported = false
	})
	c.tally.Faults[string(f.Command)].Times++
	if cam.fault != nil && cam.fault.damages { // the machine was so late that the previous fault is not settled
		cam.damaged[len(cam.damaged)-1].to = at
	}
	if f.damages {
		cam.damaged = append(cam.damaged, span{from: at})
	}
	cam.fault, cam.began, cam.ended, cam.stateShown, cam.wrongState = f, at, time.Time{}, false, false
}

// FaultEnds records that a camera is about to work again. It may be called again, later, if framegate has had a reason not
// to try before.
func (c *Checker) FaultEnds(camera string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cam := c.cameras[camera]
	f := cam.fault
	if cam.ended.IsZero() && f.shows != "" && !cam.stateShown && c.over(cam.began, f.settled+maxWait, at) {
		c.report(camera, at, "it was never reported as %s in %v", f.shows, round(at.Sub(cam.began)))
	}
	cam.ended = at
}

// settle ends the fault of a camera when BackTime is over: by then its viewers must have pictures again. If the machine
// stood still, framegate may take a camera that works for stalled: then it has BackTime too.
func (c *Checker) settle(cam *camera, now time.Time) {
	if cam.fault == nil {
		if c.lateness.overdue(now) >= heldUpTime {
			cam.works = latest(cam.works, now.Add(BackTime))
		}
		return
	}
	if cam.ended.IsZero() {
		return
	}
	works := c.lateness.due(cam.ended, BackTime, now)
	if now.Before(works) {
		return
	}
	c.eachEager(cam, func(v *Viewer) {
		c.checkWait(v, works)
		v.reported = false
		if v.opened.Before(cam.ended) && !v.sent.After(cam.ended) {
			c.report(cam.name, works, "%s has no picture %v after the end of %s", v.who, BackTime, cam.fault.Command)
			v.reported = true
		}
	})
	if cam.fault.damages {
		cam.damaged[len(cam.damaged)-1].to = works
	}
	cam.fault, cam.works, cam.wrongState = nil, works, false
}

// eachEager visits the eager viewers of a camera.
func (c *Checker) eachEager(cam *camera, visit func(*Viewer)) {
	for v := range c.viewers {
		if v.camera == cam && v.eager {
			visit(v)
		}
	}
}

// CheckWaits looks for viewers that wait for something that does not come.
func (c *Checker) CheckWaits(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cam := range c.cameras {
		c.settle(cam, now)
		c.eachEager(cam, func(v *Viewer) { c.checkWait(v, now) })
	}
}

// CheckState checks the state that framegate reports of a camera when it is asked at a time.
func (c *Checker) CheckState(camera, state string, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cam := c.cameras[camera]
	if cam == nil {
		return // a camera that comes and goes
	}
	c.settle(cam, asked)
	switch {
	case cam.wrongState:
	case cam.fault == nil && asked.After(cam.works):
		if state != "live" && state != "ready" {
			cam.wrongState = true
			c.report(camera, asked, "it works and is reported as %s", state)
		}
	case cam.fault != nil && asked.After(cam.began) && cam.ended.IsZero():
		cam.stateShown = cam.stateShown || state == cam.fault.shows
		if c.over(cam.began, cam.fault.settled, asked) && !slices.Contains(cam.fault.states, state) {
			cam.wrongState = true
			c.report(camera, asked, "%v after the beginning of %s it is reported as %s", round(asked.Sub(cam.began)), cam.fault.Command, state)
		}
	}
}

// Result returns what was counted so far, and the pictures that show violations. The checker must not be used
// afterwards.
func (c *Checker) Result() (Tally, []Evidence) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Late, c.tally.MostLate = c.lateness.total, c.lateness.most
	return c.tally, c.evidence
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
