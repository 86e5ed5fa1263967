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
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// Picture decodes a feed's access units once and makes all its outputs of them:
//
//	appsrc ! decodebin ! [tee !] videoscale ! jpegenc ! appsink
//
// It begins with the keyframe in the GOP buffer, which is shown at once; the units between it and the
// newest are decoded but not shown. A Picture is run once; its other methods may be called from any
// goroutine.
type Picture struct {
	feed    *Feed
	outputs []frame.Output
	plan    plan

	caughtUp chan struct{}
	waiting  atomic.Int32 // outputs that have not caught up
	showFrom time.Duration
	sent     sentUnits
	told     atomic.Pointer[frame.Plan]
}

// NewPicture returns a picture of the feed for the given outputs, of which there is at least one.
func NewPicture(feed *Feed, outputs []frame.Output) *Picture {
	p := &Picture{feed: feed, outputs: outputs, plan: software, caughtUp: make(chan struct{})}
	p.waiting.Store(int32(len(outputs)))
	p.told.Store(p.plan.describe("", false))
	return p
}

// CaughtUp is closed when every output has got a frame as new as the camera's newest was when the picture
// began. From then on an older picture of the same slots can go.
func (p *Picture) CaughtUp() <-chan struct{} { return p.caughtUp }

// Plan tells the chain in use. The decoder is empty until the first frame.
func (p *Picture) Plan() frame.Plan {
	return *p.told.Load()
}

// Run makes frames until ctx is done, the format changes (frame.ErrFormatChanged) or the chain fails, and
// says why. It waits for a keyframe where the GOP buffer has none.
func (p *Picture) Run(ctx context.Context) error {
	defer p.feed.attend()()
	units := p.feed.gop.Reader()
	key, err := units.Next(ctx)
	if err != nil {
		return err
	}
	p.showFrom = key.PTS
	if newest, ok := p.feed.gop.newest(); ok {
		p.showFrom = newest
	}
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
	caughtUp := p.caughtUp
	for {
		select {
		case err := <-g.ended:
			return fmt.Errorf("plan %s: %w", p.plan.name, err)
		case <-ctx.Done():
			p.told.Store(p.plan.describe(g.decoder()))
			return context.Cause(ctx)
		case <-caughtUp:
			p.told.Store(p.plan.describe(g.decoder()))
			caughtUp = nil
		}
	}
}

// build fills the pipeline for units of key's format and returns where they go in.
func (p *Picture) build(g *graph, key Unit, box *inbox) (*gst.Element, error) {
	decode, err := p.plan.addDecoder(g, element{"appsrc", map[string]any{
		"caps": arg(key.format.caps), "format": arg("time"),
		"is-live": true, // libav's decoder takes no frame threads then, each of which is a frame of latency
		"block":   true, "max-bytes": uint64(1 << 20),
	}})
	if err != nil {
		return nil, err
	}
	head, err := p.addOutputs(g, key, box)
	if err != nil {
		return nil, err
	}
	linkLater(decode[len(decode)-1], head)
	return decode[0], nil
}

// addOutputs adds the chain of every output and returns what the decoder is to be linked to.
func (p *Picture) addOutputs(g *graph, key Unit, box *inbox) (head *gst.Element, err error) {
	if len(p.outputs) > 1 {
		made, err := g.add(element{factory: "tee"})
		if err != nil {
			return nil, err
		}
		head = made[0]
	}
	for i, out := range p.outputs {
		chain, err := g.add(p.plan.output(out.Rendition)...)
		if err != nil {
			return nil, err
		}
		gate{first: key.PTS, showFrom: p.showFrom, fps: out.Rendition.FPS}.install(chain[0].GetStaticPad("sink"))
		box.collect(chain[len(chain)-1], i)
		if head == nil {
			return chain[0], nil
		}
		if err := head.Link(chain[0]); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// publish takes the JPEGs of all outputs until the inbox is closed.
func (p *Picture) publish(box *inbox) {
	caughtUp := make([]bool, len(p.outputs))
	for box.wait() == nil {
		box.take(func(s sample) {
			out := p.outputs[s.sink]
			out.Slot.Publish(frame.New(s.data, s.pts, p.sent.received(s.pts), out.Rendition.Width, out.Rendition.Height))
			if !caughtUp[s.sink] && s.pts >= p.showFrom {
				caughtUp[s.sink] = true
				if p.waiting.Add(-1) == 0 {
					close(p.caughtUp)
				}
			}
		}, atOnce)
	}
}

// push feeds the decoder until ctx is done or the format changes. It blocks while the decoder is behind.
func (p *Picture) push(ctx context.Context, src *gst.Element, u Unit, units *Reader) error {
	began := u.format
	for {
		p.sent.add(u)
		if !pushUnit(src, u) {
			<-ctx.Done() // the pipeline is going down and says itself why
			return context.Cause(ctx)
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

// pushUnit hands a unit to an appsrc and waits while the decoder is behind. It reports false when the pipeline
// takes no more.
func pushUnit(src *gst.Element, u Unit) bool {
	key := C.gboolean(0)
	if u.Key {
		key = 1
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
	n int
}

func (s *sentUnits) add(u Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := &s.units[s.n%len(s.units)]
	at.pts, at.received = u.PTS, u.Received
	s.n++
}

// received finds the unit with the nearest PTS: a decoder may round it.
func (s *sentUnits) received(pts time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := s.units[0]
	for _, u := range s.units[:min(s.n, len(s.units))] {
		if (u.pts - pts).Abs() < (best.pts - pts).Abs() {
			best = u
		}
	}
	return best.received
}
