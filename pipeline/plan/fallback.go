package plan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/backoff"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// Fallback is the order in which the plans of a camera's stream are tried, the best first. A plan that fails is suspended for a time
// that grows with each failure; the last one, software, never is. Machine.NewFallback makes one. Its methods may be called from any
// goroutine.
type Fallback struct {
	machine *Machine
	choice  configs.Plans
	watched func() bool // reports whether pictures of the camera are being made
	hangs   gst.Hangs

	mu        sync.Mutex // guards what follows
	changed   chan struct{}
	suspended map[string]*suspension // by the plan's key
}

// Candidate is a plan to use now.
type Candidate struct {
	Plan
	failedBetter *suspension // the better plan that failed; nil if there is none
	only         bool        // no other plan decodes what the camera sends
}

// suspension is a plan that failed.
type suspension struct {
	plan     Plan
	err      error
	at       time.Time
	until    time.Time // zero if the plan may be tried again
	pauses   int       // that were made in a row
	failures int
}

// Best returns the first plan for a codec that is not suspended.
func (f *Fallback) Best(codec string) Candidate {
	plans := f.machine.plans(codec, f.choice)
	f.mu.Lock()
	defer f.mu.Unlock()
	var failedBetter *suspension
	for _, p := range plans[:len(plans)-1] {
		failed := f.suspended[p.Key()]
		if failed == nil || failed.until.IsZero() {
			return Candidate{Plan: p, failedBetter: failedBetter}
		}
		if failedBetter == nil {
			copied := *failed
			failedBetter = &copied
		}
	}
	return Candidate{Plan: plans[len(plans)-1], failedBetter: failedBetter}
}

// For returns the plan to use for what a camera sends: the best one, or software if nothing else decodes it.
func (f *Fallback) For(s frame.Stream) Candidate {
	if !s.Software {
		return f.Best(s.Codec)
	}
	plans := f.machine.plans(s.Codec, f.choice)
	return Candidate{Plan: plans[len(plans)-1], only: true}
}

// Begin waits until a picture may begin with a candidate, at most until ctx is done, and reports whether it had to wait. It
// waits no longer if the device completes no start within timeout. done, which must be called, lets the next picture begin;
// further calls do nothing.
func (f *Fallback) Begin(ctx context.Context, c Candidate, timeout time.Duration) (done func(), waited bool) {
	if c.platform == software {
		return func() {}, false
	}
	return c.platform.starts.begin(ctx, timeout)
}

// Enter records that a candidate makes pictures until leave is called.
func (f *Fallback) Enter(c Candidate) (leave func()) { return f.machine.enter(c.platform) }

// Failure is how a candidate failed.
type Failure struct {
	Err      error
	Worked   time.Duration // how long it had made pictures; 0 if it made none
	Late     bool          // the only sign is that no picture arrived in time
	Pipeline *gst.Pipeline // the one that failed; nil if none was made
}

// Failed suspends a candidate. It returns the name of the next plan and for how long the candidate is suspended, or false if
// there is no other plan. A plan that gave no picture in time has used up the time that viewers may wait. Then all other plans
// that use a device are suspended with it.
func (f *Fallback) Failed(c Candidate, failure Failure) (next string, pause time.Duration, ok bool) {
	if failure.Pipeline != nil && (failure.Worked > 0 || !f.machine.makes(c.platform)) {
		c.platform.context.Forget(failure.Pipeline)
	}
	if c.Last() {
		return "", 0, false
	}
	plans := f.machine.plans(c.codec, f.choice)
	f.mu.Lock()
	pause = f.suspend(c.Plan, failure)
	for _, other := range plans[:len(plans)-1] {
		if other.Key() == c.Key() {
			continue
		}
		if s := f.suspended[other.Key()]; failure.Late && (s == nil || s.until.IsZero()) {
			f.suspend(other, failure)
			f.suspended[other.Key()].failures-- // it was not tried
		}
	}
	until := f.suspended[c.Key()].until
	f.mu.Unlock()
	if failure.Worked == 0 {
		f.machine.wait(waiting{f, c.Plan, until})
	}
	f.wake()
	return f.Best(c.codec).name, pause, true
}

// How long a plan is suspended: defaultPause the first time, unless the configuration says otherwise, then twice as long each
// time, up to maxPauseFactor times the first pause. A plan that has worked for resetAfter begins with the first pause again.
const (
	defaultPause   = 10 * time.Second
	maxPauseFactor = 60
	resetAfter     = time.Minute
)

// suspend records a failure. f.mu is held.
func (f *Fallback) suspend(p Plan, failure Failure) (pause time.Duration) {
	s := f.suspended[p.Key()]
	if s == nil {
		s = &suspension{plan: p}
		if f.suspended == nil {
			f.suspended = map[string]*suspension{}
		}
		f.suspended[p.Key()] = s
	}
	if failure.Worked > resetAfter {
		s.pauses = 0
	}
	first := cmp.Or(f.choice.Retry, defaultPause)
	s.pauses++
	pause = backoff.Policy{First: first, Longest: maxPauseFactor * first}.Pause(s.pauses)
	s.err, s.at, s.until = failure.Err, time.Now(), time.Now().Add(pause)
	s.failures++
	until := s.until
	time.AfterFunc(pause, func() { f.release(p, until) })
	return pause
}

// release ends the suspension of a plan if it still lasts until the given time, and reports whether it did.
func (f *Fallback) release(p Plan, until time.Time) bool {
	f.mu.Lock()
	s := f.suspended[p.Key()]
	suspended := s != nil && !s.until.IsZero() && s.until.Equal(until)
	if suspended {
		s.until = time.Time{}
	}
	f.mu.Unlock()
	if suspended {
		f.wake()
	}
	return suspended
}

// Changed returns a channel that is closed when Best may return another plan.
func (f *Fallback) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// wake closes the channel of Changed.
func (f *Fallback) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// Join wakes the fallback whenever the machine gets new proofs, until leave is called.
func (f *Fallback) Join() (leave func()) { return f.machine.join(f) }

// Describe describes the plan of a candidate that makes some renditions of a camera. decoder is the one that decodebin found, if the plan
// does not name one. The encoder is that of JPEGs; it is empty if no rendition is one.
func (f *Fallback) Describe(c Candidate, decoder string, renditions []frame.Rendition, of Camera) frame.Plan {
	d := c.describe(decoder)
	d.Chosen = f.why(c)
	if c.failedBetter != nil {
		d.FellBackFrom, d.Reason = c.failedBetter.plan.name, c.failedBetter.err.Error()
	}
	d.Encoder = ""
	for _, r := range renditions {
		switch {
		case c.OnDevice(r, of):
			d.Encoder = c.device.factory
			return d
		case r.Format == frame.JPEG:
			d.Encoder = c.system.factory
		}
	}
	return d
}

// why says why a candidate was chosen.
func (f *Fallback) why(c Candidate) string {
	switch choice := f.choice; {
	case c.only:
		return "nothing else decodes what the camera sends"
	case c.failedBetter != nil:
		return "the next best, since " + c.failedBetter.plan.name + " has failed"
	case c.forced:
		names := slices.DeleteFunc([]string{choice.Decoder, choice.Encoder}, func(s string) bool { return s == "" })
		return "the configuration names " + strings.Join(names, " and ")
	case choice.Hardware == configs.NoHardware || choice.Hardware == software.name:
		return "the configuration says hardware: " + choice.Hardware
	case c.hardware():
		return "the best that was proved here for " + c.codec
	case choice.Hardware != "" && choice.Hardware != configs.AnyHardware:
		return choice.Hardware + ", which the configuration names, was not proved here for " + c.codec
	default:
		return "no hardware was proved here for " + c.codec
	}
}

// FailedPlans lists the plans that have failed so far, the latest failure last.
func (f *Fallback) FailedPlans() (all []frame.FailedPlan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.suspended {
		if s.failures == 0 {
			continue
		}
		failed := frame.FailedPlan{Plan: s.plan.name, Codec: s.plan.codec, Reason: s.err.Error(), At: s.at, Times: s.failures}
		if until := s.until; !until.IsZero() {
			failed.Until = &until
		}
		all = append(all, failed)
	}
	slices.SortFunc(all, func(a, b frame.FailedPlan) int { return a.At.Compare(b.At) })
	return all
}
