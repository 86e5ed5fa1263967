package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
	"framegate/pipeline/unit"
)

// decoding is one plan at work: the GStreamer pipeline of a picture's decoded outputs.
type decoding struct {
	picture   *Picture
	candidate candidate
	graph     *gst.Pipeline
	box       *gst.Queue
	src       *gst.Element
	ordered   bool   // the decoder takes units in the order in which they are shown
	leave     func() // gives the place on the platform back; nil before there was a picture
	begun     func() // lets the next picture of the device begin

	idle       idle
	pushes     bool        // push was started; owned by the goroutine that runs
	pushing    atomic.Bool // a unit is being handed over, which blocks while the decoder is behind
	shown      atomic.Int64
	pushed     sync.WaitGroup
	publishing sync.WaitGroup
}

// planFailure is an error that another plan may not have.
type planFailure struct {
	err  error
	late bool // nothing but time says so
}

func (e *planFailure) Error() string { return e.err.Error() }

func (e *planFailure) Unwrap() error { return e.err }

// decode makes the decoded outputs by the best plan, from key on.
//
// Some software gives up at the first broken unit, such as av1dec. Nothing can take over from it, so it begins again
// at the next keyframe, as long as pictures come of that.
func (p *Picture) decode(ctx context.Context, key unit.Unit, units *unit.Reader) error {
	fallback := &p.feed.plans
	for format, lastShown := key.Format, (time.Time{}); ; {
		d := &decoding{picture: p, candidate: fallback.best(key.Format.Stream.Codec)}
		d.setPlan("")
		if waited := d.awaitTurn(ctx); waited {
			// The camera has gone on meanwhile.
			p.closeGates()
			units = p.feed.gop.Reader()
			next, err := units.Next(ctx)
			if err != nil || next.Format != format {
				d.begun()
				return cmp.Or(err, frame.ErrFormatChanged)
			}
			key = next
			p.begin(key)
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
		if d.graph != nil && (worked > 0 || !fallback.machine.makes(d.candidate.platform)) {
			d.candidate.platform.context.Forget(d.graph)
		}
		if next, pause, ok := fallback.fell(d.candidate.plan, failure.err, worked, failure.late); ok {
			return &frame.PlanError{Plan: d.candidate.name, Next: next.name, Pause: pause, Err: failure.err}
		}
		if failure.late || d.graph.Hung() || time.Since(lastShown) > softwareStall {
			return fmt.Errorf("plan %s: %w", d.candidate.name, failure.err)
		}
		units.Restart()
		// A keyframe that is far away leaves viewers with a picture that does not move: then the failure has to be returned.
		waiting, cancel := context.WithTimeoutCause(ctx, softwareStall, fmt.Errorf("plan %s: %w", d.candidate.name, failure.err))
		key, err = units.Next(waiting)
		cancel()
		if err != nil {
			return err
		}
		if key.Format != format {
			return frame.ErrFormatChanged
		}
		p.begin(key)
	}
}

// awaitTurn waits until the picture may begin on its device, or ctx is done, and reports whether it had to.
func (d *decoding) awaitTurn(ctx context.Context) (waited bool) {
	d.begun = func() {}
	if d.candidate.platform != software {
		d.begun, waited = d.candidate.platform.starts.begin(ctx, d.patience().first)
	}
	return waited
}

// run works until ctx is done, the format changes or the plan fails. After a failure of a plan that another one takes
// over from, the pipeline is taken down behind the caller's back.
func (d *decoding) run(ctx context.Context, key unit.Unit, units *unit.Reader) (err error) {
	defer d.begun()
	defer func() {
		if _, failed := err.(*planFailure); failed && d.candidate.fallible() {
			go d.close()
		} else {
			d.close()
		}
	}()
	if d.graph, err = gst.New(); err != nil {
		return err
	}
	if d.box, err = gst.NewQueue(); err != nil {
		return err
	}
	if err := d.build(key); err != nil {
		return &planFailure{err: err}
	}
	// Stopping the pipeline sets push free where it waits for the decoder.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	if err := d.graph.Play(ctx, min(gst.StateTimeout, d.patience().first)); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &planFailure{err: err, late: d.graph.Hung()}
	}
	d.pushes = true
	d.pushed.Go(func() { cancel(d.picture.push(ctx, d, key, units)) })
	d.publishing.Go(d.publish)
	return d.watch(ctx, began)
}

// close takes the pipeline down and frees all that belongs to it. What hangs is left as it is.
func (d *decoding) close() {
	if d.graph != nil {
		d.graph.Stop()
	}
	if d.box != nil {
		d.box.Close()
		d.publishing.Wait()
	}
	if d.leave != nil {
		d.leave()
	}
	if d.graph != nil && d.graph.Hung() && d.pushes {
		return // push may wait for a decoder that never comes back
	}
	d.pushed.Wait()
	d.picture.closeGates()
}

// patience is how long a plan may take for its first picture, and how long for a further one.
type patience struct{ first, next time.Duration }

// What hardware may take for a further picture while viewers wait, and the last plan, which nothing follows.
const (
	hardwareStall = 500 * time.Millisecond
	softwareStall = 5 * time.Second
)

func (d *decoding) patience() patience {
	if !d.candidate.fallible() {
		return patience{2 * softwareStall, softwareStall}
	}
	return patience{cmp.Or(d.picture.feed.source.Plans.Timeout, softwareStall), hardwareStall}
}

// watch waits for the end, and makes one where units go in and nothing comes out.
func (d *decoding) watch(ctx context.Context, began time.Time) error {
	p := d.picture
	limit := d.patience()
	tick := time.NewTicker(min(limit.next/5, 500*time.Millisecond))
	defer tick.Stop()
	var decoder, encoder stall
	caughtUp := p.caughtUp
	for {
		select {
		case err := <-d.graph.Ended():
			return &planFailure{err: err}
		case <-ctx.Done():
			d.setPlan(d.graph.Decoder())
			return context.Cause(ctx)
		case <-caughtUp:
			d.leave = p.feed.plans.machine.enter(d.candidate.platform)
			d.begun()
			d.setPlan(d.graph.Decoder())
			caughtUp = nil
		case now := <-tick.C:
			asked, newest := p.sent.count()
			if d.pushing.Load() || newest.IsZero() {
				newest = now
			}
			seen, passed := d.decoded()
			shown := int(d.shown.Load())
			stuck := decoder.since(asked, seen, stallUnits, newest)
			unmade := encoder.since(passed, shown, 1, now)
			switch {
			case shown == 0 && now.Sub(began) > limit.first:
				return &planFailure{fmt.Errorf("no picture within %v", limit.first), true}
			case shown > 0 && stuck > limit.next:
				return &planFailure{fmt.Errorf("no picture has come for %v of what the camera sends", limit.next), true}
			case shown > 0 && unmade > limit.next:
				return &planFailure{fmt.Errorf("no JPEG has come for %v of the pictures that were decoded", limit.next), true}
			}
		}
	}
}

// stallUnits is how many units go in without a picture before a decoder is suspected: at the end of what it is given
// it may hold back some.
const stallUnits = 3

// stall watches a stage that things go into and come out of.
type stall struct {
	in, out int       // as they were when something came out last
	at      time.Time // when that was
}

// since is for how long at least n things went in and none came out, at a time.
func (s *stall) since(in, out, n int, now time.Time) time.Duration {
	if s.at.IsZero() || out != s.out || in-s.in < n && in-out < n {
		s.in, s.out, s.at = in, out, now
		return 0
	}
	if in-s.in < n {
		return 0
	}
	return now.Sub(s.at)
}

// decoded counts the pictures that came out of the decoder, and those that were to be encoded.
func (d *decoding) decoded() (seen, passed int) {
	for _, out := range d.picture.decoded {
		s, p := out.gate.Count()
		seen += s
		passed += p
	}
	return seen, passed
}

// setPlan notes the plan with the decoder that it came to use, empty where that is not known yet, and the encoder that its
// outputs use.
func (d *decoding) setPlan(decoder string) {
	p := d.picture
	described := p.feed.plans.describe(d.candidate, decoder)
	if !slices.ContainsFunc(p.decoded, func(out *output) bool { return d.candidate.onDevice(out.Rendition, p.feed.source.Masks) }) {
		described.Encoder = d.candidate.system.factory
	}
	p.setPlan(described)
}

// build fills the pipeline for units of key's format.
func (d *decoding) build(key unit.Unit) error {
	p := d.picture
	caps := key.Format.Caps
	if key.Format.Stream.Codec == "mjpeg" && !strings.Contains(caps, "parsed=") {
		// Each unit is one picture, as unit.ReadJPEG has seen: jpegdec need not look for their ends, and does not miss one
		// behind a broken picture.
		caps += ", parsed=(boolean)true"
	}
	made, err := d.graph.Add(gst.Spec{Factory: "appsrc", Set: map[string]any{
		"caps": gst.Arg(caps), "format": gst.Arg("time"),
		"is-live": true, // libav's decoder takes no frame threads then, each of which is a frame of latency
		"block":   true, "max-bytes": uint64(1 << 20),
	}})
	if err != nil {
		return err
	}
	d.src = made[0]
	d.ordered = p.feed.rate.Ordered()
	first, decoder, err := d.candidate.addDecoder(d.graph, caps, d.ordered)
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

// addOutputs adds the chain of every decoded output and returns what the decoder is to be linked to.
func (d *decoding) addOutputs() (head *gst.Element, err error) {
	p := d.picture
	if len(p.decoded) > 1 {
		made, err := d.graph.Add(gst.Spec{Factory: "tee"})
		if err != nil {
			return nil, err
		}
		head = made[0]
	}
	for i, out := range p.decoded {
		in, sink, err := d.candidate.addOutput(d.graph, out.Rendition, p.feed.source.Masks)
		if err != nil {
			return nil, err
		}
		out.gate.Install(in)
		d.box.Collect(sink, i)
		if head == nil {
			return in, nil
		}
		if err := head.Link(in); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// publish takes the frames of the decoded outputs until the queue is closed.
func (d *decoding) publish() {
	p := d.picture
	for d.box.Wait() == nil {
		d.box.Take(func(s gst.Sample) {
			d.shown.Add(1)
			out, received := p.decoded[s.Sink], p.sent.answer(s.PTS)
			p.show(out, s.Data, s.PTS, func() *frame.Frame {
				r := out.Rendition
				return frame.New(s.Data, frame.Info{PTS: s.PTS, Received: received, Width: r.Width, Height: r.Height, Format: r.Format})
			})
		}, gst.NoHold)
	}
}

// idle is what has gone into a decoder since its last picture. It belongs to the goroutine that pushes.
type idle struct {
	seen  int // pictures that had come then
	units int
	key   bool // a keyframe was among them
}

// idleUnits is how many units a software decoder may make nothing of, with a keyframe among them, before another one
// takes its place: broken units can leave a decoder in a state in which it refuses good ones too (avdec_mpeg4 of 1.22).
const idleUnits = 10

// stuck reports, before a unit is pushed, whether the decoder should be replaced by one that begins with that unit.
func (d *decoding) stuck(u unit.Unit) bool {
	if !u.Key {
		d.idle.units++
		return false
	}
	seen, _ := d.decoded()
	stuck := seen == d.idle.seen && d.idle.key && d.idle.units >= idleUnits &&
		d.src.Queued() == 0
	if seen != d.idle.seen {
		d.idle = idle{seen: seen}
	}
	d.idle.units++
	d.idle.key = true
	return stuck && !d.candidate.fallible()
}

// push hands a unit to the decoder and waits while that is behind. It reports false when the pipeline takes no more.
func (d *decoding) push(u unit.Unit) bool {
	if d.stuck(u) {
		d.graph.End(fmt.Errorf("no picture has come of %d units", d.idle.units))
		return false
	}
	if u.Key {
		for _, out := range d.picture.decoded {
			out.gate.Key(u.PTS)
		}
	}
	d.pushing.Store(true)
	defer d.pushing.Store(false)
	return d.src.Push(u.Data, u.PTS, u.Key)
}
