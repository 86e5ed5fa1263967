// Package pipeline is the engine that the registry uses. A Feed is a camera's connection together with the plans for its
// Pictures. Its access units come from package feed, its frames from package picture, its plans from package plan.
//
// The GStreamer pipeline of a Picture is never edited while it runs: each change builds a new one from the buffered units and
// swaps them.
package pipeline

import (
	"context"
	"sync"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/feed"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/picture"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/unit"
)

// Feed is a connection to a camera, from which Pictures can be made. All methods but Run may be called from any goroutine.
type Feed struct {
	*feed.Feed
	plans *plan.Fallback

	mu      sync.Mutex               // guards demands
	demands [unit.Everything + 1]int // how many Pictures have each demand
}

// NewFeed returns the feed of a source, whose Pictures are made with what the machine has. It does not connect.
func NewFeed(machine *plan.Machine, src configs.Source) (*Feed, error) {
	connection, err := feed.New(src)
	if err != nil {
		return nil, err
	}
	f := &Feed{Feed: connection}
	f.plans = machine.NewFallback(src.Plans, f.watched)
	return f, nil
}

// Run connects and reads until the connection ends or ctx is done, see feed.Feed.Run.
func (f *Feed) Run(ctx context.Context, onStream func(frame.Stream)) error {
	defer f.plans.Join()()
	return f.Feed.Run(ctx, onStream)
}

// NewPicture returns a Picture of the feed with the given outputs, of which there is at least one.
func (f *Feed) NewPicture(outputs []frame.Output) *picture.Picture {
	return picture.New(picture.Input{
		Source: f.Source(), Units: f.Units(), Rate: f.Rate(), Plans: f.plans, Demand: f.demand, Decoder: f.Decoder,
	}, outputs)
}

// demand changes what a Picture waits for. The feed gets the largest demand of all Pictures.
func (f *Feed) demand(from, to unit.Demand) {
	f.mu.Lock()
	f.demands[from]--
	f.demands[to]++
	largest := unit.Everything
	for largest > unit.Nothing && f.demands[largest] == 0 {
		largest--
	}
	f.SetDemand(largest)
	f.mu.Unlock()
	if to > from {
		f.Collect()
	}
}

// HeldBytes is about how many bytes the feed and the decoders of its Pictures take.
func (f *Feed) HeldBytes() int64 {
	own, decoder := f.Feed.HeldBytes()
	f.mu.Lock()
	defer f.mu.Unlock()
	return own + decoder*int64(f.pictures())
}

// pictures is how many Pictures are being made. f.mu is held.
func (f *Feed) pictures() int { return f.demands[unit.Keyframes] + f.demands[unit.Everything] }

// watched reports whether a Picture is being made.
func (f *Feed) watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pictures() > 0
}

// Plan is the key of the plan that the next Picture uses. It is empty while the camera is not connected.
func (f *Feed) Plan() string {
	stream := f.Stream()
	if stream.Codec == "" {
		return ""
	}
	return f.plans.For(stream).Key()
}

// PlanChange returns a channel that is closed when Plan may return something else.
func (f *Feed) PlanChange() <-chan struct{} { return f.plans.Changed() }

// FailedPlans lists the plans of the camera that have failed so far.
func (f *Feed) FailedPlans() []frame.FailedPlan { return f.plans.FailedPlans() }

// Version is GStreamer's, such as 1.22.0.
func Version() string { return gst.Version() }

// Living is the number of pipelines and elements that framegate has made and that are not freed yet.
func Living() int { return gst.Living() }

// Abandoned is the number of pipelines that did not return from a state change in time, since the process began.
func Abandoned() int { return gst.Abandoned() }

// Trim gives memory back to the system that GStreamer and its plugins have freed.
func Trim() { gst.Trim() }
