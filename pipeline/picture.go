package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
	"framegate/pipeline/unit"
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

	caughtUp chan struct{}
	behind   atomic.Int32 // outputs that have not caught up
	plan     atomic.Pointer[frame.Plan]

	decoded  []*output
	passed   []*output
	skipping *skipping
	sent     sentUnits
}

// output is one output of a picture. All but the gate belongs to the goroutine that publishes.
type output struct {
	frame.Output
	gate     gst.Gate
	showFrom time.Duration // PTS; pictures before it are only decoded
	caughtUp bool
	last     *frame.Frame
}

// NewPicture returns a picture of the feed for the given outputs, of which there is at least one.
func NewPicture(feed *Feed, outputs []frame.Output) *Picture {
	p := &Picture{feed: feed, outputs: outputs, caughtUp: make(chan struct{})}
	p.behind.Store(int32(len(outputs)))
	p.setPlan(frame.Plan{})
	return p
}

// CaughtUp is closed when every output has got a frame as new as the camera's newest was when the picture
// began. From then on an older picture of the same slots can go.
func (p *Picture) CaughtUp() <-chan struct{} { return p.caughtUp }

// Plan is the chain in use. It is empty until the picture has begun.
func (p *Picture) Plan() frame.Plan { return *p.plan.Load() }

// setPlan notes the plan for those who ask.
func (p *Picture) setPlan(plan frame.Plan) {
	plan.Warnings = warnings(p.outputs)
	p.plan.Store(&plan)
}

// Run makes frames until ctx is done, the format changes (frame.ErrFormatChanged) or the chain fails, and
// says why: a frame.PlanError where another plan is ready. It waits for a keyframe where the GOP buffer has none.
//
// What a failed plan leaves may take seconds to stop, or never come back from its driver. Run does not wait for that,
// so that viewers need not either.
func (p *Picture) Run(ctx context.Context) error {
	p.feed.attend(nothing, keyframes)
	defer p.feed.attend(keyframes, nothing)
	units := p.feed.gop.Reader()
	key, err := p.firstKey(ctx, units)
	if err != nil {
		return err
	}
	p.sort(key.Format.Stream)
	p.begin(key)
	if len(p.decoded) == 0 {
		defer p.closeGates()
		p.setPlan(frame.Plan{Name: passThrough, Chosen: "the camera's own JPEGs fit what is asked for"})
		return p.push(ctx, nil, key, units)
	}
	return p.decode(ctx, key, units)
}

// keyTimeout is how long a keyframe may take to come where the GOP buffer has none.
const keyTimeout = 10 * time.Second

// firstKey waits for the keyframe to begin with.
func (p *Picture) firstKey(ctx context.Context, units *unit.Reader) (unit.Unit, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, keyTimeout, fmt.Errorf("no keyframe within %v", keyTimeout))
	defer cancel()
	return units.Next(ctx)
}

// begin prepares everything for the units from key on.
func (p *Picture) begin(key unit.Unit) {
	p.skipping = newSkipping(&p.feed.rate, p.decoded)
	newest, ok := p.feed.gop.Newest()
	for _, out := range append(p.passed, p.decoded...) {
		out.showFrom = key.PTS
		if ok && !p.skipping.onlyKeys() && !out.Rendition.Keyframes {
			out.showFrom = newest.PTS
		}
		out.gate = newGate(out.Rendition, key.PTS, out.showFrom)
	}
}

// newGate returns the gate of a rendition. first is the PTS of the keyframe that is shown at once, and those from showFrom on
// are shown at most at the rendition's rate, or only those of keyframes. The pictures in between are decoded, since later
// ones refer to them, but not shown.
func newGate(r frame.Rendition, first, showFrom time.Duration) gst.Gate {
	var interval time.Duration
	if r.FPS > 0 {
		interval = time.Duration(float64(time.Second) / r.FPS)
	}
	return gst.NewGate(first, showFrom, interval, r.Keyframes)
}

func (p *Picture) closeGates() {
	for _, out := range append(p.passed, p.decoded...) {
		out.gate.Close()
	}
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

// show publishes a picture of an output, which framed gives, unless it is to be left out.
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

// push passes units through and feeds a decoder, nil where there is none, until ctx is done or
// the format changes. It blocks while the decoder is behind.
func (p *Picture) push(ctx context.Context, to *decoding, u unit.Unit, units *unit.Reader) error {
	began, waits, pushed := u.Format, keyframes, units.Mark()
	defer func() { p.feed.attend(waits, keyframes) }()
	for {
		for _, out := range p.passed {
			if out.gate.Passes(u.PTS, u.Key) {
				p.show(out, u.Data, u.PTS, func() *frame.Frame { return u.Framed })
			}
		}
		switch {
		case to == nil:
		case p.skipping.late(u):
			p.skipping.overdue = true
			units.Rewind(pushed)
		case p.skipping.skips(u, p.sent.newest()):
		default:
			p.sent.ask(u)
			pushed = units.Mark()
			if !to.push(u) {
				<-ctx.Done() // the pipeline is going down and says itself why
				return context.Cause(ctx)
			}
		}
		if now := p.attendance(to != nil); now != waits {
			p.feed.attend(waits, now)
			waits = now
		}
		var err error
		if u, err = units.Next(ctx); err != nil {
			return err
		}
		if u.Format != began || to != nil && to.ordered && !p.feed.rate.Ordered() {
			return frame.ErrFormatChanged
		}
	}
}

// attendance is which units the picture waits for now.
func (p *Picture) attendance(decodes bool) attendance {
	if decodes && len(p.passed) == 0 && p.skipping.lone && !p.skipping.overdue {
		return keyframes
	}
	return everyUnit
}

// sentUnits remembers when the last units were received, for the frames made of them. They are
// more than wait for the decoder, also while a long GOP is caught up with.
type sentUnits struct {
	mu    sync.Mutex
	units [512]sentUnit
	n     int
	shown time.Duration // largest PTS of a frame
	asked time.Time     // when the newest unit began to be sent
}

type sentUnit struct {
	pts      time.Duration
	received time.Time
}

// ask notes that a unit goes to the decoder.
func (s *sentUnits) ask(u unit.Unit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units[s.n%len(s.units)] = sentUnit{u.PTS, u.Received}
	s.n++
	s.asked = time.Now()
}

// answer notes a frame and returns when the unit that it was made of was received: the one with the nearest
// PTS, since a decoder may round it.
func (s *sentUnits) answer(pts time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = max(s.shown, pts)
	var best sentUnit
	for i := range min(s.n, len(s.units)) {
		u := s.units[(s.n-1-i)%len(s.units)]
		if i == 0 || (u.pts-pts).Abs() < (best.pts-pts).Abs() {
			best = u
		}
		if best.pts == pts {
			break
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

// count is how many units were sent, and when the newest was.
func (s *sentUnits) count() (n int, newest time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n, s.asked
}
