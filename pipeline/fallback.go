package pipeline

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// fallback is the order in which a camera's plans are tried, the best first. A plan that fails is suspended for a
// time that grows with each failure; the last one, software, never is. Its methods may be called from any goroutine.
type fallback struct {
	machine *Machine // nil knows software only
	choice  configs.Plans
	watched func() bool // whether pictures of the camera are being made; not nil where there is a machine

	mu        sync.Mutex // of what follows
	changed   chan struct{}
	suspended map[string]*suspension // by the plan's name and codec
}

// suspension is a plan that failed.
type suspension struct {
	plan     plan
	why      error
	at       time.Time
	until    time.Time // zero where it may be tried again
	pause    time.Duration
	failures int
}

// How long a plan is suspended: at first, where the configuration does not say, and at most, as a multiple of that.
// A plan that has worked for goodWhile begins anew.
const (
	firstPause = 10 * time.Second
	lastPause  = 60
	goodWhile  = time.Minute
)

// candidate is a plan to use now, and what it stands in for.
type candidate struct {
	plan
	instead *suspension // nil where there is nothing better
}

// best is the first plan for a codec that is not suspended.
func (l *fallback) best(codec string) candidate {
	plans := l.plans(codec)
	l.mu.Lock()
	defer l.mu.Unlock()
	var instead *suspension
	for _, p := range plans[:len(plans)-1] {
		failed := l.suspended[p.key()]
		if failed == nil || failed.until.IsZero() {
			return candidate{p, instead}
		}
		if instead == nil {
			copied := *failed
			instead = &copied
		}
	}
	return candidate{plans[len(plans)-1], instead}
}

// plans are all that may be used for a codec. The last is software.
func (l *fallback) plans(codec string) []plan {
	if l.machine == nil {
		return []plan{softwarePlan(codec)}
	}
	return l.machine.plans(codec, l.choice)
}

// fell suspends a plan after an error and reports which is next and for how long, or false where there is no
// other. A plan that gave no picture in time cost viewers all the time that they may wait: then the others that use a device
// are suspended with it.
func (l *fallback) fell(p plan, why error, worked time.Duration, late bool) (next plan, pause time.Duration, ok bool) {
	plans := l.plans(p.codec)
	last := plans[len(plans)-1]
	if p.key() == last.key() {
		return plan{}, 0, false
	}
	l.mu.Lock()
	pause = l.suspend(p, why, worked)
	for _, other := range plans[:len(plans)-1] {
		if other.key() == p.key() {
			continue
		}
		if a := l.suspended[other.key()]; late && (a == nil || a.until.IsZero()) {
			l.suspend(other, why, worked)
			l.suspended[other.key()].failures-- // it was not tried
		}
	}
	failed := *l.suspended[p.key()]
	l.mu.Unlock()
	if worked == 0 {
		l.machine.wait(waiting{l, p, failed.until})
	}
	l.changedPlans()
	return l.best(p.codec).plan, pause, true
}

// suspend notes a failure. l.mu is held.
func (l *fallback) suspend(p plan, why error, worked time.Duration) time.Duration {
	a := l.suspended[p.key()]
	if a == nil {
		a = &suspension{plan: p}
		if l.suspended == nil {
			l.suspended = map[string]*suspension{}
		}
		l.suspended[p.key()] = a
	}
	if worked > goodWhile {
		a.pause = 0
	}
	first := cmp.Or(l.choice.Retry, firstPause)
	a.pause = min(max(first, 2*a.pause), lastPause*first)
	a.why, a.at, a.until = why, time.Now(), time.Now().Add(a.pause)
	a.failures++
	until := a.until
	time.AfterFunc(a.pause, func() { l.release(p, until) })
	return a.pause
}

// release lets a plan be tried again that was suspended until then.
func (l *fallback) release(p plan, until time.Time) bool {
	l.mu.Lock()
	a := l.suspended[p.key()]
	waiting := a != nil && !a.until.IsZero() && a.until.Equal(until)
	if waiting {
		a.until = time.Time{}
	}
	l.mu.Unlock()
	if waiting {
		l.changedPlans()
	}
	return waiting
}

// change returns a channel that is closed when best may give something else.
func (l *fallback) change() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// changedPlans wakes all who wait for a change.
func (l *fallback) changedPlans() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// describe is the plan of a candidate, with the decoder that it came to use where that was not known before.
func (l *fallback) describe(r candidate, decoder string) frame.Plan {
	described := r.plan.describe(decoder)
	described.Chosen = l.why(r)
	if r.instead != nil {
		described.FellBackFrom, described.Reason = r.instead.plan.name, r.instead.why.Error()
	}
	return described
}

// why says why it is this plan.
func (l *fallback) why(r candidate) string {
	switch c := l.choice; {
	case r.instead != nil:
		return "the next best, since " + r.instead.plan.name + " has failed"
	case r.forced:
		return "the configuration names " + strings.Join(slices.DeleteFunc([]string{c.Decoder, c.Encoder}, func(s string) bool { return s == "" }), " and ")
	case c.Hardware == configs.NoHardware || c.Hardware == software.name:
		return "the configuration says hardware: " + c.Hardware
	case r.hardware():
		return "the best that was proved here for " + r.codec
	case c.Hardware != "" && c.Hardware != configs.AnyHardware:
		return c.Hardware + ", which the configuration names, was not proved here for " + r.codec
	default:
		return "no hardware was proved here for " + r.codec
	}
}

// fallible reports whether another plan can take over from one.
func (r candidate) fallible() bool { return r.key() != softwarePlan(r.codec).key() }

// failedPlans are the plans that have failed so far, the latest last.
func (l *fallback) failedPlans() (all []frame.FailedPlan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.suspended {
		if a.failures == 0 {
			continue
		}
		f := frame.FailedPlan{Plan: a.plan.name, Codec: a.plan.codec, Reason: a.why.Error(), At: a.at, Times: a.failures}
		if until := a.until; !until.IsZero() {
			f.Until = &until
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b frame.FailedPlan) int { return a.At.Compare(b.At) })
	return all
}
