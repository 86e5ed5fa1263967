package picture

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/unit"
)

// decoding is the GStreamer pipeline that makes a Picture's decoded outputs by one plan.
type decoding struct {
	picture   *Picture
	format    *unit.Format
	candidate plan.Candidate
	pipeline  *gst.Pipeline
	queue     *gst.Queue
	src       *gst.Element
	ordered   bool   // units arrive in display order
	leave     func() // ends what Fallback.Enter began; nil before the first picture
	begun     func() // ends what Fallback.Begin began
	claim     *plan.Claim

	idle       idle
	pushes     bool        // push was started; owned by the goroutine that runs
	pushing    atomic.Bool // a unit is being sent, which blocks while the decoder is behind
	shown      atomic.Int64
	unusual    int // JPEGs in a row that could not be converted; of the goroutine that pushes
	pushed     sync.WaitGroup
	publishing sync.WaitGroup
}

// maxUnusual is how many conversions of unusual JPEGs may fail in a row before that is an error.
const maxUnusual = 5

// planFailure is an error that another plan may avoid.
type planFailure struct {
	err  error
	late bool // the only sign is that no picture arrived in time
}

func (e *planFailure) Error() string { return e.err.Error() }

func (e *planFailure) Unwrap() error { return e.err }

// decode makes the decoded outputs with the best plan, beginning with key.
//
// Some software decoders, such as av1dec, give up at the first broken unit. No plan can take over from software, so decode
// begins again at the next keyframe, as long as that gives pictures.
func (p *Picture) decode(ctx context.Context, key unit.Unit, units *unit.Reader) error {
	for format, lastShown := key.Format, (time.Time{}); ; {
		d := &decoding{picture: p, format: format, candidate: p.Plans.For(format.Stream)}
		d.claim = p.Plans.Claim(d.candidate)
		d.setPlan("")
		if err := p.Plans.MayBegin(d.candidate); err != nil {
			return err
		}
		var waited bool
		if d.begun, waited = p.Plans.Begin(ctx, d.candidate, d.limits().first); waited {
			// The camera has sent more units meanwhile.
			p.closeGates()
			units = p.Units.Reader()
			next, err := units.Next(ctx)
			if err != nil || next.Format != format {
				d.begun()
				return cmp.Or(err, frame.ErrFormatChanged)
			}
			key = next
			p.begin(key, units)
		}
		began := time.Now()
		err := d.run(ctx, key, units)
		failure, ok := err.(*planFailure)
		if !ok {
			return err
		}
		var worked time.Duration
		if d.shown.Load() > 0 {
			worked = time.Since(began)
			lastShown = time.Now()
		}
		failed := plan.Failure{Err: failure.err, Worked: worked, Late: failure.late, Pipeline: d.pipeline}
		if next, pause, ok := p.Plans.Failed(d.candidate, failed); ok {
			return &frame.PlanError{Plan: d.candidate.Name(), Next: next, Pause: pause, Err: failure.err}
		}
		reason := fmt.Errorf("plan %s: %w", d.candidate.Name(), failure.err)
		if format.Stream.Software && lastShown.IsZero() {
			reason = &frame.CameraError{Reason: frame.Unsupported,
				Text: fmt.Sprintf("JPEGs with arithmetic coding, which libjpeg does not decode on this machine: %v", failure.err)}
		}
		if failure.late || d.pipeline.Hung() || time.Since(lastShown) > softwareStall {
			return reason
		}
		units.Restart()
		// Until the next keyframe viewers see a still picture. If that takes too long, decode reports the failure.
		waiting, cancel := context.WithTimeoutCause(ctx, softwareStall, reason)
		key, err = units.Next(waiting)
		cancel()
		if err != nil {
			return err
		}
		if key.Format != format {
			return frame.ErrFormatChanged
		}
		p.begin(key, units)
	}
}

// run makes frames until ctx is done, the format changes or the plan fails. If another plan takes over from a failed one, the
// pipeline of the failed one is taken down in the background.
func (d *decoding) run(ctx context.Context, key unit.Unit, units *unit.Reader) (err error) {
	defer d.begun()
	if err := d.claim.Grow(d.picture.Decoder(d.format)); err != nil {
		return err
	}
	defer func() {
		if _, failed := err.(*planFailure); failed && !d.candidate.Last() {
			go d.close()
		} else {
			d.close()
		}
	}()
	if d.pipeline, err = gst.New(); err != nil {
		return err
	}
	if d.queue, err = gst.NewQueue(); err != nil {
		return err
	}
	if err := d.build(key); err != nil {
		return &planFailure{err: err}
	}
	// Stopping the pipeline also ends a push that waits for the decoder.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	if err := d.pipeline.Play(ctx, min(gst.StateTimeout, d.limits().first)); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &planFailure{err: err, late: d.pipeline.Hung()}
	}
	d.pushes = true
	d.pushed.Go(func() { cancel(d.picture.push(ctx, d, key, units)) })
	d.publishing.Go(d.publish)
	return d.watch(ctx, began)
}

// close takes the pipeline down and frees everything that belongs to it. It does not wait for a pipeline that hangs.
func (d *decoding) close() {
	defer d.claim.End()
	if d.pipeline != nil {
		d.pipeline.Stop()
		if returned, ok := d.pipeline.Abandoned(); ok {
			d.picture.Plans.Hung(d.candidate, returned)
		}
	}
	if d.queue != nil {
		d.queue.Close()
		d.publishing.Wait()
	}
	if d.leave != nil {
		d.leave()
	}
	if d.pipeline != nil && d.pipeline.Hung() && d.pushes {
		return // push may be waiting for a decoder that never returns
	}
	d.pushed.Wait()
	d.picture.closeGates()
	if d.pipeline != nil {
		d.pipeline.Free()
	}
}

// setPlan sets the plan of the picture. decoder is the one that the candidate found. It is empty until that is known.
func (d *decoding) setPlan(decoder string) {
	p := d.picture
	var renditions []frame.Rendition
	for _, out := range p.decoded {
		renditions = append(renditions, out.Rendition)
	}
	p.setPlan(p.Plans.Describe(d.candidate, decoder, renditions, d.camera()))
}

// camera is what all outputs have in common.
func (d *decoding) camera() plan.Camera {
	s := d.format.Stream
	width, height := s.Orientation.Size(s.Width, s.Height)
	return plan.Camera{Orientation: s.Orientation, Masks: d.picture.Source.Masks, Width: width, Height: height, Untagged: d.format.Untagged}
}

// build adds the elements that decode units of the format of key.
func (d *decoding) build(key unit.Unit) error {
	p := d.picture
	caps := key.Format.Caps
	if key.Format.Stream.Codec == "mjpeg" && !strings.Contains(caps, "parsed=") {
		// Each unit is exactly one picture, as jpeg.Read has checked. So jpegdec need not look for its end, and does not
		// lose the picture after a broken one.
		caps += ", parsed=(boolean)true"
	}
	made, err := d.pipeline.Add(gst.Spec{Factory: "appsrc", Set: map[string]any{
		"caps": gst.Arg(caps), "format": gst.Arg("time"),
		"is-live": true, // without it libav's decoder uses frame threads, each of which adds a frame of latency
		"block":   true, "max-bytes": uint64(1 << 20),
	}})
	if err != nil {
		return err
	}
	d.src = made[0]
	d.ordered = p.Rate.Ordered()
	first, decoder, err := d.candidate.AddDecoder(d.pipeline, caps, d.ordered)
	if err != nil {
		return err
	}
	head, err := d.addOutputs()
	if err != nil {
		return err
	}
	if err := d.src.Link(first); err != nil {
		return err
	}
	return decoder.Link(head)
}

// addOutputs adds the chain of every decoded output and returns the element that the decoder is linked to.
func (d *decoding) addOutputs() (head *gst.Element, err error) {
	p := d.picture
	if len(p.decoded) > 1 {
		made, err := d.pipeline.Add(gst.Spec{Factory: "tee"})
		if err != nil {
			return nil, err
		}
		head = made[0]
	}
	for i, out := range p.decoded {
		in, sink, err := d.candidate.AddOutput(d.pipeline, out.Rendition, d.camera())
		if err != nil {
			return nil, err
		}
		out.gate.Install(in)
		d.queue.Collect(sink, i)
		if head == nil {
			return in, nil
		}
		if err := head.Link(in); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// publish publishes the frames of the decoded outputs until the queue is closed.
func (d *decoding) publish() {
	p := d.picture
	for d.queue.Wait() == nil {
		d.queue.Take(func(s gst.Sample) {
			d.shown.Add(1)
			out := p.decoded[s.Sink]
			r := out.Rendition
			if !r.Format.Raw() && frame.HoldsBoundary(s.Data) { // what a camera sends may have been made for this encoder
				return
			}
			received := out.arrival(p.sent.received(s.PTS))
			p.show(out, s.Data, s.PTS, func() *frame.Frame {
				return frame.New(s.Data, frame.Info{PTS: s.PTS, Received: received, Width: r.Width, Height: r.Height, Format: r.Format})
			})
		}, gst.NoDelay)
	}
}

// push sends a unit to the decoder and waits while the decoder is behind. It returns false if the pipeline takes no more units.
func (d *decoding) push(u unit.Unit) bool {
	if d.stuck(u) {
		d.pipeline.End(fmt.Errorf("the decoder has given no picture of %d units", d.idle.units))
		return false
	}
	if u.Key || u.Recovered { // a camera with intra refresh sends no other keyframes
		for _, out := range d.picture.decoded {
			out.gate.Key(u.PTS)
		}
	}
	data := u.Data
	if u.Format.Unusual {
		var err error
		if data, err = jpeg.Usual(data); err != nil {
			if d.unusual++; d.unusual == maxUnusual { // it is not one broken picture
				d.pipeline.End(fmt.Errorf("JPEGs of this kind cannot be converted: %w", err))
			}
			return d.unusual < maxUnusual
		}
		d.unusual = 0
	}
	if d.ordered && (u.Key || u.Recovery > 0) && d.candidate.WantsRoom() {
		data = unit.WithRoom(data, u.Format)
	}
	if err := d.claim.Grow(d.picture.Decoder(u.Format)); err != nil {
		d.pipeline.End(err)
		return false
	}
	d.pushing.Store(true)
	defer d.pushing.Store(false)
	return d.src.Push(data, u.PTS, u.Key || u.Recovery > 0)
}
