package pipeline

/*
#include <gst/app/gstappsrc.h>

// fg_push hands a copy of an access unit to an appsrc and waits while the decoder is behind.
static gboolean fg_push(void *appsrc, const void *data, gsize size, GstClockTime pts, gboolean key) {
	GstBuffer *unit = gst_buffer_new_memdup(data, size);
	GST_BUFFER_PTS(unit) = pts;
	if (!key)
		GST_BUFFER_FLAG_SET(unit, GST_BUFFER_FLAG_DELTA_UNIT);
	return gst_app_src_push_buffer(appsrc, unit) == GST_FLOW_OK;
}
*/
import "C"

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// Picture makes all its outputs of a feed's access units. What can be served as the camera sent it is passed
// through; all else is decoded, once:
//
//	appsrc ! decoder ! [tee !] videoscale ! jpegenc ! appsink
//
// It begins with the keyframe in the GOP buffer, which is shown at once; the units between it and the
// newest are decoded but not shown. A Picture is run once; its other methods may be called from any
// goroutine.
type Picture struct {
	feed    *Feed
	outputs []frame.Output
	plan    plan

	caughtUp chan struct{}
	behind   atomic.Int32 // outputs that have not caught up
	told     atomic.Pointer[frame.Plan]

	showFrom time.Duration // PTS; pictures before it are only decoded
	decoded  []*output
	passed   []*output
	thrift   *thrift
	sent     sentUnits
}

// output is one output of a picture. All but the gate belongs to the goroutine that publishes.
type output struct {
	frame.Output
	gate     gate
	caughtUp bool
	last     *frame.Frame
}

// NewPicture returns a picture of the feed for the given outputs, of which there is at least one.
func NewPicture(feed *Feed, outputs []frame.Output) *Picture {
	p := &Picture{feed: feed, outputs: outputs, plan: software, caughtUp: make(chan struct{})}
	p.behind.Store(int32(len(outputs)))
	p.tell("", false)
	return p
}

// CaughtUp is closed when every output has got a frame as new as the camera's newest was when the picture
// began. From then on an older picture of the same slots can go.
func (p *Picture) CaughtUp() <-chan struct{} { return p.caughtUp }

// Plan tells the chain in use. The decoder is empty until the first frame.
func (p *Picture) Plan() frame.Plan { return *p.told.Load() }

// tell notes the plan for those who ask.
func (p *Picture) tell(decoder string, hardware bool) {
	told := p.plan.describe(decoder, hardware)
	if len(p.decoded) == 0 && len(p.passed) > 0 {
		told = &frame.Plan{Name: passThrough}
	}
	told.Warnings = warnings(p.outputs)
	p.told.Store(told)
}

// Run makes frames until ctx is done, the format changes (frame.ErrFormatChanged) or the chain fails, and
// says why. It waits for a keyframe where the GOP buffer has none.
func (p *Picture) Run(ctx context.Context) error {
	p.feed.attend(nothing, keyframes)
	defer p.feed.attend(keyframes, nothing)
	units := p.feed.gop.Reader()
	key, err := units.Next(ctx)
	if err != nil {
		return err
	}
	p.sort(key.format.stream)
	p.thrift = newThrift(&p.feed.rate, p.decoded)
	p.showFrom = key.PTS
	if newest, ok := p.feed.gop.newest(); ok && !p.thrift.onlyKeys() {
		p.showFrom = newest
	}
	for _, out := range append(p.passed, p.decoded...) {
		out.gate = newGate(out.Rendition, key.PTS, p.showFrom)
		defer out.gate.close()
	}
	if len(p.decoded) == 0 {
		p.tell("", false)
		return p.push(ctx, nil, key, units)
	}
	return p.decode(ctx, key, units)
}

// insteadOfOwn is the quality of pictures that were to be passed through and cannot be.
const insteadOfOwn = 80

// sort parts the outputs into those that are passed through and those that are decoded, for a camera that
// sends s.
func (p *Picture) sort(s frame.Stream) {
	for _, out := range p.outputs {
		if out.Rendition.Quality == 0 && s.Codec == "mjpeg" && len(p.feed.source.Masks) == 0 {
			p.passed = append(p.passed, &output{Output: out})
			continue
		}
		if out.Rendition.Quality == 0 {
			out.Rendition.Quality = insteadOfOwn
		}
		p.decoded = append(p.decoded, &output{Output: out})
	}
}

// decode runs the pipeline of the outputs that are decoded, from key on.
func (p *Picture) decode(ctx context.Context, key Unit, units *Reader) error {
	g, err := newGraph()
	if err != nil {
		return err
	}
	box, err := newInbox()
	if err != nil {
		g.stop()
		return err
	}
	src, err := p.build(g, key, box)
	if err != nil {
		g.stop()
		box.close()
		return err
	}
	// Stopping the pipeline sets push free where it waits for the decoder.
	ctx, cancel := context.WithCancelCause(ctx)
	var pushing, publishing sync.WaitGroup
	defer func() {
		if !g.hung { // else push may wait for a decoder that never comes back
			pushing.Wait()
		}
	}()
	defer publishing.Wait()
	defer box.close()
	defer g.stop()
	defer cancel(nil)
	if err := g.play(); err != nil {
		return err
	}
	pushing.Go(func() { cancel(p.push(ctx, src, key, units)) })
	publishing.Go(func() { p.publish(box) })
	watch := time.NewTicker(time.Second)
	defer watch.Stop()
	caughtUp := p.caughtUp
	for {
		select {
		case err := <-g.ended:
			return fmt.Errorf("plan %s: %w", p.plan.name, err)
		case <-ctx.Done():
			p.tell(g.decoder())
			return context.Cause(ctx)
		case <-caughtUp:
			p.tell(g.decoder())
			caughtUp = nil
		case <-watch.C:
			if p.sent.unanswered() > p.patience() {
				return fmt.Errorf("plan %s: no picture has come of what the camera sent in the last %v", p.plan.name, p.patience())
			}
		}
	}
}

// pictureStall is how long a decoder may take units without giving a picture.
const pictureStall = 5 * time.Second

// patience is how long a decoder may take units without giving a picture that passes a gate.
func (p *Picture) patience() time.Duration {
	if p.thrift.rate > 0 {
		return max(pictureStall, time.Duration(3*float64(time.Second)/p.thrift.rate))
	}
	return max(pictureStall, 3*p.feed.rate.keyInterval())
}

// build fills the pipeline for units of key's format and returns where they go in.
func (p *Picture) build(g *graph, key Unit, box *inbox) (*gst.Element, error) {
	made, err := g.add(element{"appsrc", map[string]any{
		"caps": arg(key.format.caps), "format": arg("time"),
		"is-live": true, // libav's decoder takes no frame threads then, each of which is a frame of latency
		"block":   true, "max-bytes": uint64(1 << 20),
	}})
	if err != nil {
		return nil, err
	}
	decoder, err := p.plan.addDecoder(g, key.format.stream.Codec)
	if err != nil {
		return nil, err
	}
	head, err := p.addOutputs(g, box)
	if err != nil {
		return nil, err
	}
	if err := made[0].Link(decoder); err != nil {
		return nil, err
	}
	return made[0], link(decoder, head)
}

// addOutputs adds the chain of every decoded output and returns what the decoder is to be linked to.
func (p *Picture) addOutputs(g *graph, box *inbox) (head *gst.Element, err error) {
	if len(p.decoded) > 1 {
		made, err := g.add(element{factory: "tee"})
		if err != nil {
			return nil, err
		}
		head = made[0]
	}
	for i, out := range p.decoded {
		in, sink, err := p.plan.addOutput(g, out.Rendition, p.feed.source.Masks)
		if err != nil {
			return nil, err
		}
		out.gate.install(in.GetStaticPad("sink"))
		box.collect(sink, i)
		if head == nil {
			return in, nil
		}
		if err := head.Link(in); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// publish takes the frames of the decoded outputs until the inbox is closed.
func (p *Picture) publish(box *inbox) {
	for box.wait() == nil {
		box.take(func(s sample) { p.show(p.decoded[s.sink], s.data, s.pts, p.sent.answer(s.pts)) }, noHold)
	}
}

// show publishes a picture of an output.
func (p *Picture) show(out *output, picture []byte, pts time.Duration, received time.Time) {
	r := out.Rendition
	same := r.DropSame && out.last != nil && pts-out.last.PTS < time.Second && bytes.Equal(picture, out.last.Picture())
	if !same {
		out.last = frame.New(picture, frame.Info{PTS: pts, Received: received, Width: r.Width, Height: r.Height, Format: r.Format})
		out.Slot.Publish(out.last)
	}
	if !out.caughtUp && pts >= p.showFrom {
		out.caughtUp = true
		if p.behind.Add(-1) == 0 {
			close(p.caughtUp)
		}
	}
}

// push passes units through and feeds the decoder behind src, nil where there is none, until ctx is done or
// the format changes. It blocks while the decoder is behind.
func (p *Picture) push(ctx context.Context, src *gst.Element, u Unit, units *Reader) error {
	began, waits, pushed := u.format, keyframes, units.next
	defer func() { p.feed.attend(waits, keyframes) }()
	for {
		for _, out := range p.passed {
			if out.gate.passes(u.PTS) {
				p.show(out, u.Data, u.PTS, u.Received)
			}
		}
		switch {
		case src == nil:
		case p.thrift.late(u):
			p.thrift.overdue = true
			units.next = pushed
		case p.thrift.skips(u, p.sent.newest()):
		default:
			p.sent.ask(u)
			pushed = units.next
			if !p.pushUnit(src, u) {
				<-ctx.Done() // the pipeline is going down and says itself why
				return context.Cause(ctx)
			}
		}
		if now := p.attendance(src); now != waits {
			p.feed.attend(waits, now)
			waits = now
		}
		var err error
		if u, err = units.Next(ctx); err != nil {
			return err
		}
		if u.format != began {
			return frame.ErrFormatChanged
		}
	}
}

// attendance tells which units the picture waits for now.
func (p *Picture) attendance(src *gst.Element) attendance {
	if src != nil && len(p.passed) == 0 && p.thrift.lone && !p.thrift.overdue {
		return keyframes
	}
	return everyUnit
}

// pushUnit hands a unit to an appsrc and waits while the decoder is behind. It reports false when the pipeline
// takes no more.
func (p *Picture) pushUnit(src *gst.Element, u Unit) bool {
	key := C.gboolean(0)
	if u.Key {
		key = 1
		for _, out := range p.decoded {
			out.gate.key(u.PTS)
		}
	}
	return C.fg_push(unsafe.Pointer(src.Instance()), unsafe.Pointer(&u.Data[0]), C.gsize(len(u.Data)), C.GstClockTime(u.PTS), key) != 0
}

// sentUnits remembers when the last units were received, to tell it of the frames made of them. They are
// more than wait for the decoder, also while a long GOP is caught up with.
type sentUnits struct {
	mu    sync.Mutex
	units [512]struct {
		pts      time.Duration
		received time.Time
	}
	n      int
	shown  time.Duration // largest PTS of a frame
	waited time.Time     // since when no frame has come of what was sent; zero while all is well
}

// ask notes that a unit goes to the decoder.
func (s *sentUnits) ask(u Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := &s.units[s.n%len(s.units)]
	at.pts, at.received = u.PTS, u.Received
	s.n++
	if s.waited.IsZero() {
		s.waited = time.Now()
	}
}

// answer notes a frame and tells when the unit that it was made of was received: the one with the nearest
// PTS, since a decoder may round it.
func (s *sentUnits) answer(pts time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown, s.waited = max(s.shown, pts), time.Time{}
	best := s.units[0]
	for _, u := range s.units[:min(s.n, len(s.units))] {
		if (u.pts - pts).Abs() < (best.pts - pts).Abs() {
			best = u
		}
	}
	return best.received
}

// newest is the largest PTS of a frame that has come.
func (s *sentUnits) newest() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

// unanswered is for how long units were sent without a frame.
func (s *sentUnits) unanswered() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waited.IsZero() {
		return 0
	}
	return time.Since(s.waited)
}
