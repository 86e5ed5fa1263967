package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
)

// standin is an engine whose cameras do what the test wants, in place of GStreamer and real cameras.
type standin struct {
	mu       sync.Mutex
	feeds    map[string]*standinFeed
	pictures []*standinPicture
	broken   error         // fails every new picture
	plans    int           // number of new pictures that fail with a PlanError
	away     error         // makes every new feed refuse connections
	blocked  chan struct{} // if not nil, no new picture makes a frame until it is closed
}

// standinFeed is a camera that sends or fails as the test wants.
type standinFeed struct {
	engine   *standin
	mu       sync.Mutex
	runs     int
	running  bool
	sends    frame.Stream // zero while the camera is away
	refusal  error        // why it is away
	onStream func(frame.Stream)
	waits    func(frame.Waiting)
	mute     bool // accepts connections and sends nothing before send is called
	drop     chan error
	lastUnit time.Time
	lingers  chan struct{} // if not nil, the connection does not end before it is closed
	broken   uint64
	failed   []frame.FailedPlan
	plan     string
	slow     chan struct{} // if not nil, the feed answers only when it is closed
	calls    int           // that wait for slow
	change   chan struct{} // closed when plan changes
	held     int64
	accounts *challenge.Accounts
}

func (e *standin) NewFeed(src configs.Source, accounts *challenge.Accounts) (Feed, error) {
	f := &standinFeed{engine: e, sends: frame.Stream{Codec: "h264", Width: 1920, Height: 1080, FPS: 25}, drop: make(chan error), lastUnit: time.Unix(1, 0), change: make(chan struct{})}
	if src.URL.Path == "/sub" {
		f.sends.Width, f.sends.Height = 640, 360
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f.refusal, f.accounts = e.away, accounts
	e.feeds[src.URL.Path] = f
	return f, nil
}

// feed is the last feed that was made for a path.
func (e *standin) feed(path string) *standinFeed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.feeds[path]
}

func (f *standinFeed) isRunning() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running
}

func (f *standinFeed) OnWaiting(call func(frame.Waiting)) { f.waits = call }

func (f *standinFeed) Run(ctx context.Context, onStream func(frame.Stream)) error {
	f.mu.Lock()
	f.runs++
	sends, refusal, mute := f.sends, f.refusal, f.mute
	f.running, f.onStream = refusal == nil, onStream
	f.mu.Unlock()
	if refusal != nil {
		return refusal
	}
	if !mute {
		onStream(sends)
	}
	defer func() {
		f.mu.Lock()
		lingers := f.lingers
		f.mu.Unlock()
		if lingers != nil {
			<-lingers
		}
		f.mu.Lock()
		f.running = false
		f.mu.Unlock()
	}()
	select {
	case err := <-f.drop:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// answer waits while the feed is slow.
func (f *standinFeed) answer() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slow := f.slow; slow != nil {
		f.calls++
		f.mu.Unlock()
		<-slow
		f.mu.Lock()
		f.calls--
	}
}

// waiting reports whether somebody waits for an answer of the feed.
func (f *standinFeed) waiting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls > 0
}

// slowDown makes the feed wait with its answers until the channel that it returns is closed.
func (f *standinFeed) slowDown() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = make(chan struct{})
	return f.slow
}

func (f *standinFeed) Stream() frame.Stream {
	f.answer()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.running {
		return frame.Stream{}
	}
	return f.sends
}

func (f *standinFeed) Broken() uint64 {
	f.answer()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

func (f *standinFeed) Plan() string {
	f.answer()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan
}

func (f *standinFeed) PlanChange() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.change
}

func (f *standinFeed) FailedPlans() []frame.FailedPlan {
	f.answer()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// counts sets what the feed has counted.
func (f *standinFeed) counts(broken uint64, failed ...frame.FailedPlan) {
	f.mu.Lock()
	f.broken, f.failed = broken, failed
	f.mu.Unlock()
}

// prefer changes the best plan.
func (f *standinFeed) prefer(plan string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = plan
	close(f.change)
	f.change = make(chan struct{})
}

func (f *standinFeed) LastUnit() time.Time {
	f.answer()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lastUnit
}

// sent sets the time at which the camera last sent something.
func (f *standinFeed) sent(at time.Time) {
	f.mu.Lock()
	f.lastUnit = at
	f.mu.Unlock()
}

func (f *standinFeed) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.runs
}

func (f *standinFeed) HeldBytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.held
}

func (f *standinFeed) Free() { f.setHeld(0) }

// setHeld makes the feed hold some bytes.
func (f *standinFeed) setHeld(bytes int64) {
	f.mu.Lock()
	f.held = bytes
	f.mu.Unlock()
}

// send makes the camera send another format on the connection that it has.
func (f *standinFeed) send(sends frame.Stream) {
	f.mu.Lock()
	f.sends = sends
	onStream := f.onStream
	f.mu.Unlock()
	onStream(sends)
}

// refuse makes the camera refuse connections with err, or accept them if err is nil.
func (f *standinFeed) refuse(err error) {
	f.mu.Lock()
	f.refusal = err
	f.mu.Unlock()
}

// hang makes the camera accept connections and send nothing.
func (f *standinFeed) hang(on bool) {
	f.mu.Lock()
	f.mute = on
	f.mu.Unlock()
}

// blockPictures keeps every new picture from making frames, and returns a function that ends this for the pictures begun
// after it is called.
func (e *standin) blockPictures() (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.blocked = make(chan struct{})
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.blocked = nil
	}
}

// block keeps every new picture from making frames until the function that it returns is called.
func (e *standin) block() (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	blocked := make(chan struct{})
	e.blocked = blocked
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.blocked = nil
		close(blocked)
	}
}

// standinPicture publishes a frame every few milliseconds.
type standinPicture struct {
	feed     *standinFeed
	outputs  []frame.Output
	broken   error
	blocked  chan struct{}
	caughtUp chan struct{}
	fail     chan error
	ended    chan struct{}
}

func (f *standinFeed) NewPicture(outputs []frame.Output) Picture {
	e := f.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	p := &standinPicture{feed: f, outputs: outputs, broken: e.broken, blocked: e.blocked, caughtUp: make(chan struct{}), fail: make(chan error), ended: make(chan struct{})}
	if e.plans > 0 {
		e.plans--
		p.broken = &frame.PlanError{Plan: "best", Next: "next", Err: errors.New("no picture")}
	}
	e.pictures = append(e.pictures, p)
	return p
}

// allEnded waits until all pictures that were begun have ended.
func (e *standin) allEnded() {
	e.mu.Lock()
	made := slices.Clone(e.pictures)
	e.mu.Unlock()
	for _, p := range made {
		<-p.ended
	}
}

var epoch = time.Now()

func (p *standinPicture) Run(ctx context.Context) error {
	defer close(p.ended)
	if p.broken != nil {
		return p.broken
	}
	if p.blocked != nil {
		select {
		case <-p.blocked:
		case err := <-p.fail:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		for _, out := range p.outputs {
			text := fmt.Sprint(out.Rendition)
			out.Slot.Publish(frame.New([]byte(text), frame.Info{PTS: time.Since(epoch), Received: time.Now(), Width: out.Rendition.Width, Height: out.Rendition.Height}))
		}
		if n == 2 {
			close(p.caughtUp)
		}
		select {
		case <-tick.C:
		case err := <-p.fail:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *standinPicture) CaughtUp() <-chan struct{} { return p.caughtUp }

func (p *standinPicture) Plan() frame.Plan { return frame.Plan{Name: "standin"} }

// made is the number of pictures that were begun so far.
func (e *standin) made() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.pictures)
}

// picture returns the nth picture.
func (e *standin) picture(n int) *standinPicture {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pictures[n]
}
