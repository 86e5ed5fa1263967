package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// standin is an engine whose cameras do what the test says. It stands in for GStreamer and real cameras.
type standin struct {
	mu       sync.Mutex
	feeds    map[string]*standinFeed
	pictures []*standinPicture
	broken   error         // what every new picture fails with
	plans    int           // how many new pictures fail so that another plan takes over
	away     error         // what every new feed is refused with
	darkness chan struct{} // no picture shows anything until it is closed
}

// standinFeed is a camera that sends, or fails, when it is told to.
type standinFeed struct {
	engine   *standin
	mu       sync.Mutex
	runs     int
	running  bool
	sends    frame.Stream // zero while the camera is away
	refusal  error        // why it is away
	onStream func(frame.Stream)
	drop     chan error
	lastUnit time.Time
	lingers  chan struct{} // where not nil the connection stands until it is closed
	plan     string
	slow     chan struct{} // where not nil the feed answers questions when it is closed
	asked    int           // questions that wait for slow
	change   chan struct{} // closed when plan changes
}

func (e *standin) NewFeed(src configs.Source) (Feed, error) {
	f := &standinFeed{engine: e, sends: frame.Stream{Codec: "h264", Width: 1920, Height: 1080, FPS: 25}, drop: make(chan error), lastUnit: time.Unix(1, 0), change: make(chan struct{})}
	if src.URL.Path == "/sub" {
		f.sends.Width, f.sends.Height = 640, 360
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f.refusal = e.away
	e.feeds[src.URL.Path] = f
	return f, nil
}

// feed is the feed that was made last of a path.
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

func (f *standinFeed) Run(ctx context.Context, onStream func(frame.Stream)) error {
	f.mu.Lock()
	f.runs++
	sends, refusal := f.sends, f.refusal
	f.running, f.onStream = refusal == nil, onStream
	f.mu.Unlock()
	if refusal != nil {
		return refusal
	}
	onStream(sends)
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

// answer waits where the feed is slow to answer.
func (f *standinFeed) answer() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slow := f.slow; slow != nil {
		f.asked++
		f.mu.Unlock()
		<-slow
		f.mu.Lock()
		f.asked--
	}
}

// waiting reports whether somebody waits for an answer of a slow feed.
func (f *standinFeed) waiting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked > 0
}

// slowDown makes the feed answer questions only when the channel is closed that it returns.
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
	return 0
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

func (f *standinFeed) Falls() []frame.Fall {
	f.answer()
	return nil
}

// prefer changes the plan that is best.
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

// sent makes the camera have sent something at a time.
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

// refuse makes the camera refuse connections with err; nil lets them in.
func (f *standinFeed) refuse(err error) {
	f.mu.Lock()
	f.refusal = err
	f.mu.Unlock()
}

// standinPicture publishes a frame every few milliseconds.
type standinPicture struct {
	feed     *standinFeed
	outputs  []frame.Output
	broken   error
	darkness chan struct{}
	caughtUp chan struct{}
	fail     chan error
	ended    chan struct{}
}

func (f *standinFeed) NewPicture(outputs []frame.Output) Picture {
	e := f.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	p := &standinPicture{feed: f, outputs: outputs, broken: e.broken, darkness: e.darkness, caughtUp: make(chan struct{}), fail: make(chan error), ended: make(chan struct{})}
	if e.plans > 0 {
		e.plans--
		p.broken = &frame.PlanError{Plan: "best", Next: "next", Err: errors.New("no picture")}
	}
	e.pictures = append(e.pictures, p)
	return p
}

// allEnded waits until no picture is made.
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
	if p.darkness != nil {
		select {
		case <-p.darkness:
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

// made is how many pictures were begun so far.
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

// start runs a registry of one camera 'a' until the test ends.
func start(t *testing.T, keys string) (*Registry, *standin, *standinFeed) {
	t.Helper()
	config := parse(t, "{id: a, url: 'rtsp://h/a', "+defaultIdle(keys)+keys+"}")
	e := &standin{feeds: map[string]*standinFeed{}}
	r, err := New(config, e, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r, e, e.feeds["/a"]
}

// parse makes a configuration of cameras.
func parse(t *testing.T, cameras string) *configs.Config {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte("cameras: ["+cameras+"]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func state(r *Registry) State {
	s, _ := r.Camera("a")
	return s.State
}

// watch joins a rendition, which must succeed.
func watch(t *testing.T, r *Registry, ask frame.Ask) *View {
	t.Helper()
	v, err := r.Watch(t.Context(), "a", ask)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCameraIsConnectedAtTheStartAndDecodedForViewersOnly(t *testing.T) {
	r, e, _ := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	if e.made() != 0 {
		t.Error("a picture is made for nobody")
	}
	v := watch(t, r, frame.Ask{})
	until(t, "live", func() bool { return state(r) == Live })
	if got := string(v.Frame().Picture()); got != "480x270 q80" {
		t.Errorf("got %s", got)
	}
	v.Close()
	until(t, "ready again", func() bool { return state(r) == Ready })
	if s, _ := r.Camera("a"); len(s.Renditions) != 0 || s.Plan != nil || s.Viewers != 0 {
		t.Errorf("%+v", s)
	}
}

func TestViewersOfTheSameRenditionShareIt(t *testing.T) {
	r, e, _ := start(t, "")
	var views []*View
	for range 10 {
		views = append(views, watch(t, r, frame.Ask{Width: 640}))
	}
	s, _ := r.Camera("a")
	if len(s.Renditions) != 1 || s.Viewers != 10 || e.made() != 1 {
		t.Errorf("%d pictures, %+v", e.made(), s)
	}
	for _, v := range views {
		v.Close()
	}
}

func TestSecondRenditionDoesNotInterruptTheFirst(t *testing.T) {
	r, e, _ := start(t, "")
	first := watch(t, r, frame.Ask{Width: 640})
	defer first.Close()
	second := watch(t, r, frame.Ask{Width: 320})
	defer second.Close()
	if got := string(second.Frame().Picture()); got != "320x180 q80" {
		t.Errorf("got %s", got)
	}
	if e.made() != 2 || len(e.picture(1).outputs) != 2 {
		t.Errorf("%d pictures", e.made())
	}
	<-e.picture(0).ended // the new one has caught up
	last := first.Frame().PTS
	for range 10 {
		f, err := first.Next()
		if err != nil || f.PTS <= last {
			t.Fatalf("%v after %v: %v", f.PTS, last, err)
		}
		last = f.PTS
	}
}

func TestRenditionOutlivesItsLastViewerForATime(t *testing.T) {
	r, e, _ := start(t, "")
	for range 5 {
		watch(t, r, frame.Ask{}).Close()
	}
	if e.made() != 1 {
		t.Errorf("%d pictures for viewers that follow one another", e.made())
	}
}

func TestOnDemandCameraIsConnectedForViewersOnly(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	if s := state(r); s != Idle {
		t.Errorf("state %s", s)
	}
	v := watch(t, r, frame.Ask{})
	if f.count() != 1 || state(r) != Live {
		until(t, "live", func() bool { return state(r) == Live })
	}
	v.Close()
	until(t, "idle again", func() bool { return state(r) == Idle })
	watch(t, r, frame.Ask{}).Close()
	if f.count() != 2 {
		t.Errorf("connected %d times", f.count())
	}
}

func TestOnDemandCameraThatWasAwayIsTriedAgainForTheNextViewer(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	f.refuse(&frame.CameraError{Reason: frame.Unreachable, Text: "the cable is cut"})
	if _, err := r.Watch(t.Context(), "a", frame.Ask{}); frame.ReasonOf(err) != frame.Unreachable {
		t.Errorf("the first viewer is told %v", err)
	}
	f.refuse(nil)
	until(t, "idle", func() bool { return state(r) == Idle })
	watch(t, r, frame.Ask{}).Close()
}

func TestLostCameraSaysWhyAndComesBack(t *testing.T) {
	for reason, want := range map[frame.Reason]State{
		frame.Unreachable: Lost, frame.Ended: Lost, frame.Stalled: Stalled, frame.NoVideo: Lost,
	} {
		t.Run(string(reason), func(t *testing.T) {
			r, _, f := start(t, "")
			v := watch(t, r, frame.Ask{})
			defer v.Close()
			fault := &frame.CameraError{Reason: reason, Text: "the cable is cut"}
			f.refuse(fault)
			f.drop <- fault
			until(t, "lost", func() bool { return state(r) == want })
			if s, _ := r.Camera("a"); s.Error != "the cable is cut" || s.Reason != reason {
				t.Errorf("%+v", s)
			}
			until(t, "a card", func() bool { f, err := v.Next(); return err == nil && f.Card })
			f.refuse(nil)
			until(t, "live", func() bool { return state(r) == Live })
			before := v.Frame().PTS
			if next, err := v.Next(); err != nil || next.PTS <= before {
				t.Errorf("the viewer that stayed gets %v, %v", next, err)
			}
			if s, _ := r.Camera("a"); s.Reconnects != 1 || s.Error != "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestPausesGrowWithJitterAndAreLongAfterAWrongPassword(t *testing.T) {
	var p pause
	last := time.Duration(0)
	for range 20 {
		d := p.next(frame.Unreachable, time.Second)
		if d < last*5/6 || d > maxPause*6/5 {
			t.Fatalf("%v after %v", d, last)
		}
		last = d
	}
	if last < maxPause {
		t.Errorf("the pause ends at %v", last)
	}
	if d := p.next(frame.Unreachable, time.Hour); d > firstPause*6/5 {
		t.Errorf("%v after a good hour", d)
	}
	if d := p.next(frame.Unauthorized, 0); d < time.Minute {
		t.Errorf("%v after a wrong password", d)
	}
}

func TestFaultThatGoesOnIsToldSeldom(t *testing.T) {
	told, now := repeats{}, time.Now()
	loud := 0
	for i := range 3600 { // two faults by turns, each second of an hour
		fault := []error{errors.New("the cable is cut"), errors.New("503")}[i%2]
		if told.level(fault, now.Add(time.Duration(i)*time.Second)) == slog.LevelWarn {
			loud++
		}
	}
	if loud != 12 {
		t.Errorf("told %d times", loud)
	}
}

func TestPictureThatFailsIsMadeAnew(t *testing.T) {
	r, e, _ := start(t, "")
	v := watch(t, r, frame.Ask{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	e.picture(0).fail <- errors.New("the decoder broke")
	until(t, "another picture", func() bool { return e.made() == 2 })
	if _, err := v.Next(); err != nil {
		t.Error(err)
	}
}

func TestViewerIsToldWhyThereIsNoPicture(t *testing.T) {
	r, e, _ := start(t, "")
	e.mu.Lock()
	e.broken = &frame.CameraError{Reason: frame.Unsupported, Text: "no decoder"}
	e.mu.Unlock()
	_, err := r.Watch(t.Context(), "a", frame.Ask{})
	if frame.ReasonOf(err) != frame.Unsupported {
		t.Errorf("got %v", err)
	}
	if s, _ := r.Camera("a"); s.Error != "no decoder" {
		t.Errorf("%+v", s)
	}
}

func TestPlanThatFailsIsFollowedByTheNextAtOnce(t *testing.T) {
	r, e, feed := start(t, "")
	v := watch(t, r, frame.Ask{})
	defer v.Close()
	for i, plan := range []string{"second", "third"} {
		feed.prefer(plan)
		until(t, "the better plan", func() bool { return e.made() == 2*i+2 })
		until(t, "it is shown", func() bool { return isClosed(e.picture(2 * i).ended) })
		feed.mu.Lock()
		feed.plan = plan + "'s next"
		feed.mu.Unlock()
		e.picture(2*i + 1).fail <- &frame.PlanError{Plan: plan, Err: errors.New("no picture")}
		until(t, "the next plan", func() bool {
			s, _ := r.Camera("a")
			if s.Error != "" { // as it is told during a pause
				t.Fatalf("the API says %q", s.Error)
			}
			return e.made() == 2*i+3 && s.State == Live
		})
	}
	if _, err := v.Next(); err != nil {
		t.Error(err)
	}
}

// free waits until nobody holds the camera's mutex, which nobody does for long.
func free(t *testing.T, c *camera) {
	t.Helper()
	until(t, "the camera is free", func() bool {
		free := c.mu.TryLock()
		if free {
			c.mu.Unlock()
		}
		return free
	})
}

func TestFeedThatIsSlowToNameItsPlanHoldsUpNobody(t *testing.T) {
	r, e, feed := start(t, "")
	v := watch(t, r, frame.Ask{})
	defer v.Close()
	slow := feed.slowDown()
	feed.prefer("second")
	until(t, "the plan is asked for", feed.waiting)
	free(t, r.byID["a"])
	if f, err := v.Next(); err != nil || f.Card {
		t.Errorf("a viewer gets %v", err)
	}
	close(slow)
	until(t, "the better plan", func() bool { return e.made() == 2 })
}

func TestFeedThatIsSlowToSayHowItIsHoldsUpNobody(t *testing.T) {
	r, _, feed := start(t, "")
	v := watch(t, r, frame.Ask{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	slow := feed.slowDown()
	got := make(chan State)
	go func() { got <- state(r) }()
	until(t, "the feed is asked", feed.waiting)
	free(t, r.byID["a"])
	close(slow)
	if s := <-got; s != Live {
		t.Errorf("state %s", s)
	}
}

func TestPictureThatNobodyWantsAnyMoreIsNotWaitedFor(t *testing.T) {
	r, e, _ := start(t, "idle_timeout: 0s")
	e.mu.Lock()
	e.darkness = make(chan struct{})
	e.mu.Unlock()
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := r.Watch(ctx, "a", frame.Ask{})
		gone <- err
	}()
	until(t, "a picture", func() bool { return e.made() == 1 })
	e.mu.Lock()
	e.darkness = nil
	e.mu.Unlock()
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	until(t, "the rendition ends", func() bool { s, _ := r.Camera("a"); return len(s.Renditions) == 0 })
	watch(t, r, frame.Ask{})
	if e.made() != 2 {
		t.Errorf("%d pictures", e.made())
	}
}

func TestChangedFormatGetsAnotherPicture(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Ask{Scale: 0.5})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	changed := frame.Stream{Codec: "h264", Width: 640, Height: 480, FPS: 25}
	f.mu.Lock()
	f.sends = changed
	f.mu.Unlock()
	f.onStream(changed)
	e.picture(0).fail <- frame.ErrFormatChanged
	until(t, "the new size", func() bool {
		f, err := v.Next()
		return err == nil && f.Width == 320 && f.Height == 240
	})
}

func TestUnknownAndDisabledCamerasAreRefused(t *testing.T) {
	r, _, f := start(t, "disabled: true")
	if _, err := r.Watch(t.Context(), "b", frame.Ask{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Watch(t.Context(), "a", frame.Ask{}); !errors.Is(err, ErrDisabled) {
		t.Errorf("got %v", err)
	}
	if state(r) != Disabled || f.count() != 0 {
		t.Errorf("%s, connected %d times", state(r), f.count())
	}
}

func TestViewersEndWhenTheRegistryDoes(t *testing.T) {
	config, _ := configs.Parse("test.yaml", []byte("cameras: [{id: a, url: 'rtsp://h/a'}]"), nil)
	e := &standin{feeds: map[string]*standinFeed{}}
	r, _ := New(config, e, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(done)
	}()
	v := watch(t, r, frame.Ask{})
	cancel()
	for {
		if _, err := v.Next(); err != nil {
			if !errors.Is(err, ErrClosing) {
				t.Errorf("got %v", err)
			}
			break
		}
	}
	v.Close()
	<-done
	if _, err := r.Watch(t.Context(), "a", frame.Ask{}); !errors.Is(err, ErrClosing) {
		t.Errorf("got %v", err)
	}
}

func TestManyViewersComeAndGo(t *testing.T) {
	r, _, f := start(t, "idle_timeout: 0s")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var viewers sync.WaitGroup
	for i := range 20 {
		viewers.Go(func() {
			for j := range 10 {
				v, err := r.Watch(ctx, "a", frame.Ask{Width: 100 + 20*((i+j)%3)})
				if err != nil {
					continue // the camera is away
				}
				v.Next()
				v.Close()
			}
		})
	}
	for range 5 {
		select {
		case f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "dropped"}:
		case <-time.After(50 * time.Millisecond):
		}
	}
	viewers.Wait()
	until(t, "nobody is left", func() bool { s, _ := r.Camera("a"); return s.Viewers == 0 && len(s.Renditions) == 0 })
}

// defaultIdle makes renditions end soon, where a test does not say otherwise.
func defaultIdle(keys string) string {
	if strings.Contains(keys, "idle_timeout") {
		return ""
	}
	return "idle_timeout: 100ms, "
}
