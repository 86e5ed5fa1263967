package plan

import (
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// maxHangingSoftware is how many pipelines may hang in software at a time, of all cameras.
const maxHangingSoftware = 8

// Hung records that a pipeline of a candidate does not return from a change of its state. returned is closed if it does after all. A
// plan that is not the last one is suspended instead, see Failed.
func (f *Fallback) Hung(c Candidate, returned <-chan struct{}) {
	if !c.Last() {
		return
	}
	f.machine.hanging.Add(1)
	f.hangs.Add(returned, func() { f.machine.hanging.Add(-1) })
}

// MayBegin returns an error while no picture is to begin with a candidate, since pipelines of this camera hang, or too many of all.
func (f *Fallback) MayBegin(c Candidate) error {
	if !c.Last() {
		return nil
	}
	if err := f.hangs.Wait(time.Now()); err != nil {
		return err
	}
	if n := f.machine.hanging.Load(); n >= maxHangingSoftware {
		return &frame.CameraError{Reason: frame.Failed, Text: fmt.Sprintf(
			"%d pipelines do not end, and no more are started in software until one does: restart framegate, and look for the cameras that it lost before", n)}
	}
	return nil
}
