// Package picture makes frames from access units. A Picture decodes the units of one feed, scales and encodes them into the
// slots of all renditions that are requested. It exists only while somebody watches.
package picture

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/unit"
)

// PassThrough is the name of the plan of pictures that are served as the camera sent them.
const PassThrough = "pass-through"

// Input is what Pictures are made from.
type Input struct {
	Source configs.Source
	Units  *unit.GOP
	Rate   *unit.Meter
	Plans  *plan.Fallback
	// Demand is called when a Picture waits for other units than before. If it waits for more, Demand may take units that
	// have arrived already, on the caller's goroutine. Any goroutine may call it.
	Demand func(from, to unit.Demand)
	// Decoder is about how many bytes a decoder of units of a format takes, by what the camera has said until now.
	Decoder func(*unit.Format) int64
}

// Picture makes all its outputs from the units of a feed. It passes on JPEGs that can be served as the camera sent them. For
// all other outputs it decodes, once, such as, in software:
//
//	appsrc ! decoder ! [tee !] framegatescale ! jpegenc ! appsink
//
// It begins with the keyframe in the buffer and shows that at once. It decodes the units between the keyframe and the newest
// unit without showing them. If the buffer begins with a recovery point, the first picture that is shown is that of the newest
// unit: a decoder that begins there gives grey ones at first. A Picture is run once. Its other methods may be called from any
// goroutine.
type Picture struct {
	Input
	outputs []frame.Output

	caughtUp chan struct{}
	behind   atomic.Int32 // how many outputs have not caught up
	plan     atomic.Pointer[frame.Plan]

	decoded  []*output
	passed   []*output
	skipping *skipping
	sent     sentUnits
}

// output is one output of a Picture. Everything except the gate belongs to the goroutine that publishes.
type output struct {
	frame.Output
	gate     gst.Gate
	showFrom time.Duration // PTS; pictures before it are only decoded
	caughtUp bool
	last     *frame.Frame
}

// New returns a Picture with the given outputs, of which there is at least one.
func New(from Input, outputs []frame.Output) *Picture {
	p := &Picture{Input: from, outputs: outputs, caughtUp: make(chan struct{})}
	p.behind.Store(int32(len(outputs)))
	p.setPlan(frame.Plan{})
	return p
}

// CaughtUp returns a channel that is closed when every output has a frame as new as the newest unit was when the Picture began. An older
// Picture of the same slots can end then.
func (p *Picture) CaughtUp() <-chan struct{} { return p.caughtUp }

// Plan is the chain in use. It is empty until the Picture has begun.
func (p *Picture) Plan() frame.Plan { return *p.plan.Load() }

// Sent is how many units were sent to the decoder so far.
func (p *Picture) Sent() int {
	n, _ := p.sent.count()
	return n
}

// setPlan sets what Plan returns.
func (p *Picture) setPlan(made frame.Plan) {
	made.Warnings = plan.Warnings(p.outputs)
	p.plan.Store(&made)
}

// Run makes frames until ctx is done, the format changes (frame.ErrFormatChanged) or the chain fails, and returns the reason:
// a frame.PlanError if another plan is ready. It waits at most 10 s for a keyframe if the buffer has none; then the error is a
// frame.CameraError with frame.NoKeyframe.
//
// The pipeline of a failed plan may take seconds to stop, or never return from its driver. Run does not wait for it, since
// viewers would have to wait too.
func (p *Picture) Run(ctx context.Context) error {
	p.Demand(unit.Nothing, unit.Keyframes)
	defer p.Demand(unit.Keyframes, unit.Nothing)
	units := p.Units.Reader()
	key, err := p.firstKey(ctx, units)
	if err != nil {
		return err
	}
	p.sort(key.Format.Stream)
	p.begin(key, units)
	if len(p.decoded) == 0 {
		defer p.closeGates()
		p.setPlan(frame.Plan{Name: PassThrough, Chosen: "the camera's own JPEGs fit what is asked for"})
		return p.push(ctx, nil, key, units)
	}
	return p.decode(ctx, key, units)
}

// keyTimeout is how long Run waits for a keyframe.
const keyTimeout = 10 * time.Second

// firstKey waits for the unit to begin with.
func (p *Picture) firstKey(ctx context.Context, units *unit.Reader) (unit.Unit, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, keyTimeout, &frame.CameraError{Reason: frame.NoKeyframe,
		Text: fmt.Sprintf("no keyframe within %v: the camera sends them so rarely that the last one is not in the buffer any more", keyTimeout)})
	defer cancel()
	return units.Next(ctx)
}

// begin prepares everything for the units from key on, which units began with.
func (p *Picture) begin(key unit.Unit, units *unit.Reader) {
	p.skipping = newSkipping(p.Rate, p.decoded)
	newest, ok := p.Units.Newest()
	for _, out := range slices.Concat(p.passed, p.decoded) {
		out.showFrom = units.RightFrom()
		first := out.showFrom // of a keyframe this is its own
		if ok && !p.skipping.keyframesSuffice() && !out.Rendition.Keyframes {
			out.showFrom = max(out.showFrom, newest.PTS)
		}
		if !key.Key {
			first = out.showFrom
		}
		out.gate = newGate(out.Rendition, first, out.showFrom)
	}
}

// newGate returns the gate of a rendition. It shows the keyframe whose PTS is first, and from showFrom on as many pictures as
// the rendition's rate allows, or those of keyframes only. The pictures in between are decoded, since later ones refer to
// them, but not shown.
func newGate(r frame.Rendition, first, showFrom time.Duration) gst.Gate {
	var interval time.Duration
	if r.FPS > 0 {
		interval = time.Duration(float64(time.Second) / r.FPS)
	}
	return gst.NewGate(first, showFrom, interval, r.Keyframes)
}

func (p *Picture) closeGates() {
	for _, out := range slices.Concat(p.passed, p.decoded) {
		out.gate.Close()
	}
}

// sort divides the outputs into those that are passed through and those that are decoded, for a camera that sends s. An output
// that should be passed through and cannot be gets the default quality.
func (p *Picture) sort(s frame.Stream) {
	for _, out := range p.outputs {
		if out.Rendition.Quality == 0 && s.Passes() && len(p.Source.Masks) == 0 {
			p.passed = append(p.passed, &output{Output: out})
			continue
		}
		if out.Rendition.Quality == 0 {
			out.Rendition.Quality = frame.DefaultQuality
		}
		p.decoded = append(p.decoded, &output{Output: out})
	}
}

// arrival returns when the unit of the next picture arrived, which is later than the last one's: B-frames arrive after pictures that are
// shown after them, and a program asks for pictures that are newer than one.
func (o *output) arrival(received time.Time) time.Time {
	if o.last == nil {
		return received
	}
	if least := o.last.Received.Add(time.Microsecond); received.Before(least) {
		return least
	}
	return received
}

// show publishes a picture of an output unless it is equal to the last one and the output drops such pictures. framed returns
// the frame of the picture.
func (p *Picture) show(out *output, picture []byte, pts time.Duration, framed func() *frame.Frame) {
	last := out.last
	same := out.Rendition.DropSame && last != nil && pts-last.PTS < time.Second && bytes.Equal(picture, last.Picture())
	if !same {
		out.last = framed()
		out.Slot.Publish(out.last)
	}
	if !out.caughtUp && pts >= out.showFrom {
		out.caughtUp = true
		if p.behind.Add(-1) == 0 {
			close(p.caughtUp)
		}
	}
}

// push passes units through and sends them to a decoder, unless that is nil, until ctx is done or the format changes. It
// blocks while the decoder is behind.
func (p *Picture) push(ctx context.Context, to *decoding, u unit.Unit, units *unit.Reader) error {
	began, waits, pushed := u.Format, unit.Keyframes, units.Mark()
	defer func() { p.Demand(waits, unit.Keyframes) }()
	for {
		for _, out := range p.passed {
			if out.gate.Passes(u.PTS, u.Key) {
				p.show(out, u.Data, u.PTS, func() *frame.Frame { return u.Framed })
			}
		}
		switch {
		case to == nil:
		case p.skipping.late(u):
			p.skipping.keyframeLate = true
			units.Rewind(pushed)
		case p.skipping.skips(u, p.sent.newest()):
		default:
			p.sent.add(u)
			pushed = units.Mark()
			if !to.push(u) {
				<-ctx.Done() // the pipeline is going down and reports the reason itself
				return context.Cause(ctx)
			}
		}
		if now := p.demand(to != nil); now != waits {
			p.Demand(waits, now)
			waits = now
		}
		var err error
		if u, err = units.Next(ctx); err != nil {
			return err
		}
		skipped := to != nil && units.Begins() && !u.Key // the reader went on to a recovery point, where only a new decoder may begin
		if u.Format != began {
			p.finish(ctx)
			return frame.ErrFormatChanged
		}
		if to != nil && to.ordered && !p.Rate.Ordered() || skipped {
			return frame.ErrFormatChanged
		}
	}
}

// finishTimeout is how long a decoder may take for its first picture after the format has changed.
const finishTimeout = 500 * time.Millisecond

// finish waits until each output has a picture: a camera that changes the size with each picture has all of them shown.
func (p *Picture) finish(ctx context.Context) {
	select {
	case <-p.caughtUp:
	case <-time.After(finishTimeout):
	case <-ctx.Done():
	}
}

// demand returns which units the Picture waits for now.
func (p *Picture) demand(decodes bool) unit.Demand {
	if decodes && len(p.passed) == 0 && p.skipping.decodesOnlyKeys && !p.skipping.keyframeLate {
		return unit.Keyframes
	}
	return unit.Everything
}
