package registry

import (
	"cmp"
	"context"
	"slices"
	"syscall"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// How much is kept of what a camera did.
const (
	samplePeriod = 5 * time.Second
	maxSamples   = int(10 * time.Minute / samplePeriod)
	maxEvents    = 50
)

// History is what a camera did lately, the oldest first.
type History struct {
	Period  float64  `json:"period"`  // seconds between two samples, about
	Samples []Sample `json:"samples"` // of the last ten minutes
	Events  []Event  `json:"events"`
}

// Sample is what a camera did between two samples.
type Sample struct {
	At        time.Time `json:"at"` // its end
	State     State     `json:"state"`
	Viewers   int       `json:"viewers"`
	SourceFPS float64   `json:"source_fps"`
	FPS       float64   `json:"fps"`                 // of the rendition with the most pictures
	Latency   *float64  `json:"latency"`             // seconds from a picture's arrival until it was ready for viewers, on average; nil without pictures
	Bytes     float64   `json:"bytes"`               // of all pictures that were made, a second
	Processor *float64  `json:"processor,omitempty"` // how many processors all of framegate took, on average
}

// EventKind says what an Event is.
type EventKind string

// The kinds of events.
const (
	StateChanged EventKind = "state"
	PlanChosen   EventKind = "plan"
	PlanFailed   EventKind = "plan_failed"
)

// Event is something that happened to a camera.
type Event struct {
	At     time.Time    `json:"at"`
	Kind   EventKind    `json:"kind"`
	State  State        `json:"state,omitempty"` // the new one; Ready also where somebody watches
	Reason frame.Reason `json:"reason,omitempty"`
	Plan   string       `json:"plan,omitempty"`  // the chosen one, or the one that failed
	Error  string       `json:"error,omitempty"` // why there are no pictures, or why the plan failed
}

// history is the History of a camera. The camera's mutex guards it.
type history struct {
	samples  []Sample
	events   []Event
	noted    Event     // the last change of state among all events so far
	plan     string    // the last plan among them
	failedAt time.Time // of the last failure of a plan among them
}

// counts are what a slot counted up to the last sample.
type counts struct {
	frames, bytes uint64
	delay         time.Duration
}

// History returns what a camera did lately. The error is ErrUnknown.
func (r *Registry) History(id string) (History, error) {
	c, err := r.find(id)
	if err != nil {
		return History{}, err
	}
	h := History{Period: samplePeriod.Seconds()}
	c.read(func() {
		h.Samples = append([]Sample{}, c.history.samples...)
		h.Events = append([]Event{}, c.history.events...)
	})
	return h, nil
}

// keepHistory takes a sample of each camera from time to time, until ctx is done.
func (r *Registry) keepHistory(ctx context.Context) {
	tick := time.NewTicker(samplePeriod)
	defer tick.Stop()
	last, lastProcessor := time.Now(), processorTime()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now, processor := time.Now(), processorTime()
		period := now.Sub(last)
		used := (processor - lastProcessor).Seconds() / period.Seconds()
		for _, c := range r.list() {
			c.sample(now, period, used)
		}
		last, lastProcessor = now, processor
	}
}

// processorTime is how long processors have worked for this process.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// sample adds a sample of a period that ends now. During it, framegate took the time of some processors.
func (c *camera) sample(now time.Time, period time.Duration, processors float64) {
	status := c.status()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Sample{At: now, State: status.State, Viewers: status.Viewers, SourceFPS: status.SourceFPS, Processor: &processors}
	var frames uint64
	var delay time.Duration
	for _, r := range c.renditions {
		total := counts{r.slot.Frames(), r.slot.Bytes(), r.slot.Delay()}
		made := total.frames - r.sampled.frames
		s.FPS = max(s.FPS, float64(made)/period.Seconds())
		s.Bytes += float64(total.bytes-r.sampled.bytes) / period.Seconds()
		frames += made
		delay += total.delay - r.sampled.delay
		r.sampled = total
	}
	if frames > 0 {
		mean := delay.Seconds() / float64(frames)
		s.Latency = &mean
	}
	h := &c.history
	h.samples = last(append(h.samples, s), maxSamples)
	h.notePlans(now, status)
}

// notePlans adds the plans that were chosen or failed since the last sample.
func (h *history) notePlans(now time.Time, status Status) {
	newest := h.failedAt
	for _, f := range status.FailedPlans {
		if f.At.After(h.failedAt) {
			h.add(Event{At: f.At, Kind: PlanFailed, Plan: f.Plan, Error: f.Reason})
			newest = later(newest, f.At)
		}
	}
	h.failedAt = newest
	if status.Plan != nil && status.Plan.Name != h.plan {
		h.plan = status.Plan.Name
		h.add(Event{At: now, Kind: PlanChosen, Plan: h.plan})
	}
}

// noteState adds the camera's state to its events. It leaves out attempts to connect, and whether somebody watches. c.mu is held.
func (c *camera) noteState() {
	e := Event{At: c.since, Kind: StateChanged, State: c.state}
	switch c.state {
	case Connecting:
		return
	case Live:
		e.State = Ready
	case Lost, Stalled, Unauthorized, Suspended, Waiting:
		if err := cmp.Or(c.failure(frame.Rendition{}), c.main().failure()); err != nil {
			e.Reason, e.Error = frame.ReasonOf(err), err.Error()
		}
	}
	if noted := &c.history.noted; e.State != noted.State || e.Reason != noted.Reason {
		*noted = e
		c.history.add(e)
	}
}

// add adds an event.
func (h *history) add(e Event) {
	h.events = append(h.events, e)
	slices.SortStableFunc(h.events, func(a, b Event) int { return a.At.Compare(b.At) })
	h.events = last(h.events, maxEvents)
}

// clone returns a history that shares nothing with h.
func (h *history) clone() history {
	copied := *h
	copied.samples, copied.events = slices.Clone(h.samples), slices.Clone(h.events)
	return copied
}

// last returns the last elements of a list, at most n, in its memory.
func last[T any](list []T, n int) []T {
	return slices.Delete(list, 0, max(0, len(list)-n))
}
