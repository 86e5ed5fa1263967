package pipeline

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
	"github.com/go-gst/go-gst/gst/app"
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

// Run makes frames until ctx is done, the format changes (frame.ErrFormatChanged) or the chain fails, and says why. It waits for a
// keyframe where the GOP buffer has none.
func (p *Picture) Run(ctx context.Context) error {
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
	src, err := p.build(g, key)
	if err != nil {
		g.stop()
		return err
	}
	// Stopping the pipeline sets push free where it waits for the decoder.
	ctx, cancel := context.WithCancelCause(ctx)
	var pushing sync.WaitGroup
	defer func() {
		if !g.hung { // else push may wait for a decoder that never comes back
			pushing.Wait()
		}
	}()
	defer g.stop()
	defer cancel(nil)
	if err := g.play(); err != nil {
		return err
	}
	pushing.Go(func() { cancel(p.push(ctx, src, key, units)) })
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
func (p *Picture) build(g *graph, key Unit) (*app.Source, error) {
	decode, err := p.plan.addDecoder(g, element{"appsrc", map[string]any{
		"caps": arg(key.format.caps), "format": arg("time"),
		"is-live": true, // libav's decoder takes no frame threads then, each of which is a frame of latency
		"block":   true, "max-bytes": uint64(1 << 20),
	}})
	if err != nil {
		return nil, err
	}
	head, err := p.addOutputs(g, key)
	if err != nil {
		return nil, err
	}
	linkLater(decode[len(decode)-1], head)
	return app.SrcFromElement(decode[0]), nil
}

// addOutputs adds the chain of every output and returns what the decoder is to be linked to.
func (p *Picture) addOutputs(g *graph, key Unit) (head *gst.Element, err error) {
	if len(p.outputs) > 1 {
		made, err := g.add(element{factory: "tee"})
		if err != nil {
			return nil, err
		}
		head = made[0]
	}
	for _, out := range p.outputs {
		chain, err := g.add(p.plan.output(out.Rendition)...)
		if err != nil {
			return nil, err
		}
		gate{first: key.PTS, showFrom: p.showFrom, fps: out.Rendition.FPS}.install(chain[0].GetStaticPad("sink"))
		onSample(chain[len(chain)-1], p.publisher(out))
		if head == nil {
			return chain[0], nil
		}
		if err := head.Link(chain[0]); err != nil {
			return nil, err
		}
	}
	return head, nil
}

// publisher is the callback of an output's appsink.
func (p *Picture) publisher(out frame.Output) func(sample) gst.FlowReturn {
	caughtUp := false
	return func(s sample) gst.FlowReturn {
		out.Slot.Publish(frame.New(s.data, s.pts, p.sent.received(s.pts), out.Rendition.Width, out.Rendition.Height))
		if !caughtUp && s.pts >= p.showFrom {
			caughtUp = true
			if p.waiting.Add(-1) == 0 {
				close(p.caughtUp)
			}
		}
		return gst.FlowOK
	}
}

// push feeds the decoder until ctx is done or the format changes. It blocks while the decoder is behind.
func (p *Picture) push(ctx context.Context, src *app.Source, u Unit, units *Reader) error {
	began := u.format
	for {
		p.sent.add(u)
		buffer := gst.NewBufferFromBytes(u.Data)
		buffer.SetPresentationTimestamp(gst.ClockTime(u.PTS))
		if !u.Key {
			buffer.SetFlags(gst.BufferFlagDeltaUnit)
		}
		flow := src.PushBuffer(buffer)
		free(buffer)
		if flow != gst.FlowOK {
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
