package registry

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// startAll runs a registry of cameras until the test ends.
func startAll(t *testing.T, ids ...string) (*Registry, *standin) {
	t.Helper()
	var list []string
	for _, id := range ids {
		list = append(list, fmt.Sprintf("{id: %s, url: 'rtsp://h/%s'}", id, id))
	}
	e := &standin{feeds: map[string]*standinFeed{}}
	r, err := New(parse(t, strings.Join(list, ", ")), e, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run(t, r)
	for _, id := range ids {
		awaitState(t, r, id, Ready)
	}
	return r, e
}

func awaitState(t *testing.T, r *Registry, id string, want State) {
	t.Helper()
	until(t, string(want), func() bool { s, err := r.Camera(id); return err == nil && s.State == want })
}

// release lets the suspension of a camera run out, and waits until it is connected.
func release(t *testing.T, r *Registry, id string) {
	t.Helper()
	awaitState(t, r, id, Suspended)
	c, err := r.find(id)
	if err != nil {
		t.Fatal(err)
	}
	var end time.Time
	c.read(func() { end = c.suspension.until })
	if r.Resume(end.Add(-1), false); c.suspended() == nil {
		t.Fatal("it is back too soon")
	}
	r.Resume(end, false)
	until(t, "the connection", func() bool { s, _ := r.Camera(id); return s.State == Ready || s.State == Live })
}

func TestCameraThatTakesTooMuchMemoryIsSuspended(t *testing.T) {
	for _, connect := range []string{"always", "on_demand"} {
		t.Run(connect, func(t *testing.T) {
			r, e, f := start(t, "connect: "+connect)
			v := watch(t, r, frame.Request{})
			defer v.Close()
			until(t, "live", func() bool { return state(r) == Live })
			f.setHeld(1 << 30)
			done, ok := r.Relieve(time.Now(), 0)
			if !ok || !done.Suspended || done.Camera != "a" || done.Pause != suspensions.First || done.HeldBytes < 1<<30 {
				t.Fatalf("%+v, %v", done, ok)
			}
			until(t, "the end of its connection", func() bool { return !f.isRunning() && state(r) == Suspended })
			e.allEnded()
			s, _ := r.Camera("a")
			if s.Reason != frame.Memory || !strings.Contains(s.Error, "max_memory") || s.HeldBytes != 0 || s.Suspensions != 1 || s.Streams[0].State != Suspended {
				t.Errorf("%+v", s)
			}
			until(t, "a placeholder", func() bool { return next(t, v).Placeholder })
			if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0); frame.ReasonOf(err) != frame.Memory {
				t.Errorf("a snapshot gets %v", err)
			}
			runs := f.count()
			if _, ok := r.Relieve(time.Now(), 0); ok {
				t.Error("it is suspended twice")
			}
			if f.count() != runs || e.made() == 0 {
				t.Errorf("it was connected %d times", f.count())
			}
			release(t, r, "a")
			until(t, "pictures", func() bool { return !next(t, v).Placeholder && state(r) == Live })
			if s, _ := r.Camera("a"); s.Error != "" || f.count() != runs+1 {
				t.Errorf("it was connected %d times: %+v", f.count(), s)
			}
		})
	}
}

func TestCameraThatHoldsTooLittleToMatterIsNotSuspended(t *testing.T) {
	r, e := startAll(t, "a", "b")
	e.feed("/a").setHeld(99)
	e.feed("/b").setHeld(50)
	if done, ok := r.Relieve(time.Now(), 100); ok || !done.Spared || done.Suspended || done.Camera != "a" {
		t.Errorf("%+v, %v", done, ok)
	}
	if done, ok := r.Relieve(time.Now(), 99); !ok || done.Spared || !done.Suspended || done.Camera != "a" {
		t.Errorf("%+v, %v", done, ok)
	}
}

func TestSnapshotThatIsBeingMadeEndsWhenItsCameraIsSuspended(t *testing.T) {
	r, e, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	defer e.blockPictures()()
	refused := make(chan error)
	go func() {
		_, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0)
		refused <- err
	}()
	until(t, "a picture", func() bool { return e.made() == 1 })
	f.setHeld(1)
	r.Relieve(time.Now(), 0)
	if err := <-refused; frame.ReasonOf(err) != frame.Memory {
		t.Errorf("got %v", err)
	}
}

func TestSuspensionsGrowAndAreForgotten(t *testing.T) {
	r, _, f := start(t, "")
	c, _ := r.find("a")
	awaitState(t, r, "a", Ready)
	now := time.Now()
	end := func() (until time.Time) {
		c.read(func() { until = c.suspension.until })
		return until
	}
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, suspensions.Longest, suspensions.Longest} {
		f.setHeld(1)
		if _, ok := r.Relieve(now, 0); !ok || end().Sub(now) != want {
			t.Fatalf("suspended for %v, want %v", end().Sub(now), want)
		}
		now = end()
		release(t, r, "a")
	}
	f.setHeld(1)
	now = now.Add(forgetSuspensions + 1)
	if r.Relieve(now, 0); end().Sub(now) != suspensions.First {
		t.Errorf("after a long time it is suspended for %v", end().Sub(now))
	}
}

func TestAtMostHalfOfTheCamerasAreSuspended(t *testing.T) {
	r, e := startAll(t, "a", "b", "c", "d", "e")
	for path, held := range map[string]int64{"/a": 10, "/b": 20, "/c": 30, "/d": 40, "/e": 50} {
		e.feed(path).setHeld(held)
	}
	var suspended []string
	for {
		done, ok := r.Relieve(time.Now(), 0)
		if !ok {
			break
		}
		suspended = append(suspended, done.Camera)
	}
	if got := strings.Join(suspended, " "); got != "e d" {
		t.Errorf("suspended %s", got)
	}
}

func TestCameraThatComesBackIsNotSuspendedInPlaceOfALargerOne(t *testing.T) {
	r, e := startAll(t, "returns", "larger")
	now := time.Now()
	e.feed("/returns").setHeld(100)
	if done, _ := r.Relieve(now, 0); done.Camera != "returns" {
		t.Fatalf("suspended %s", done.Camera)
	}
	release(t, r, "returns")
	e.feed("/returns").setHeld(50)
	e.feed("/larger").setHeld(90)
	if done, _ := r.Relieve(now.Add(suspensions.First), 0); done.Camera != "larger" {
		t.Errorf("suspended %s", done.Camera)
	}
}

func TestSuspensionIsExtendedWhileMemoryIsShort(t *testing.T) {
	r, _, f := start(t, "")
	awaitState(t, r, "a", Ready)
	f.setHeld(1)
	now := time.Now()
	r.Relieve(now, 0)
	awaitState(t, r, "a", Suspended)
	if r.Resume(now, true) {
		t.Error("its time is over at once")
	}
	if !r.Resume(now.Add(suspensions.First), true) || !r.Resume(now.Add(suspensions.Longest-1), true) || state(r) != Suspended {
		t.Error("it is not extended")
	}
	if r.Resume(now.Add(suspensions.Longest), true) {
		t.Error("it is extended for ever")
	}
	awaitState(t, r, "a", Ready)
	f.setHeld(1)
	if done, _ := r.Relieve(now.Add(suspensions.Longest), 0); done.Pause != 2*suspensions.First {
		t.Errorf("the next one lasts %v", done.Pause)
	}
}

func TestStreamThatIsNotConnectedIsFreedAndNotSuspended(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	f.setHeld(1 << 20)
	r.FreeUnused()
	if done, ok := r.Relieve(time.Now(), 0); ok || r.HeldBytes() != 0 || state(r) != Idle {
		t.Errorf("suspended %+v", done)
	}
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	f.setHeld(1 << 20)
	if r.FreeUnused(); r.HeldBytes() < 1<<20 {
		t.Error("what is watched is freed")
	}
}

func TestLargeRenditionsEndBeforeACameraIsSuspended(t *testing.T) {
	r, _, f := start(t, "")
	awaitState(t, r, "a", Ready)
	large := frame.Request{Width: 3840, Height: 2160, Upscale: true}
	own, small, huge := watch(t, r, frame.Request{}), watch(t, r, frame.Request{Width: 320, Height: 180}), watch(t, r, large)
	for _, v := range []*View{own, small, huge} {
		defer v.Close()
	}
	f.setHeld(1 << 30)
	now := time.Now()
	if done, ok := r.Relieve(now, 0); !ok || done.Suspended || done.Camera != "a" {
		t.Fatalf("%+v, %v", done, ok)
	}
	var err error
	for err == nil {
		_, err = huge.Next()
	}
	if !errors.Is(err, ErrPixels) || !strings.Contains(err.Error(), "max_memory") {
		t.Errorf("its viewer gets %v", err)
	}
	if _, err := r.Watch(t.Context(), "a", large); !errors.Is(err, ErrPixels) {
		t.Errorf("the next viewer gets %v", err)
	}
	if _, _, err := r.Snapshot(t.Context(), "a", large, 0); !errors.Is(err, ErrPixels) {
		t.Errorf("a snapshot gets %v", err)
	}
	next(t, own)
	next(t, small)
	if done, ok := r.Relieve(now.Add(time.Second), 0); !ok || !done.Suspended {
		t.Errorf("then %+v, %v", done, ok)
	}
}

func TestLargeSnapshotEndsBeforeItsCameraIsSuspended(t *testing.T) {
	r, e, f := start(t, "")
	awaitState(t, r, "a", Ready)
	defer e.blockPictures()()
	refused := make(chan error)
	go func() {
		_, _, err := r.Snapshot(t.Context(), "a", frame.Request{Width: 3840, Height: 2160, Upscale: true}, 0)
		refused <- err
	}()
	until(t, "a picture", func() bool { return e.made() == 1 })
	f.setHeld(1)
	if done, _ := r.Relieve(time.Now(), 0); done.Suspended {
		t.Error("it is suspended")
	}
	if err := <-refused; !errors.Is(err, ErrPixels) {
		t.Errorf("got %v", err)
	}
}

func TestSnapshotOfASuspendedCameraWhoseConnectionHasNotEndedIsRefused(t *testing.T) {
	r, e, f := start(t, "")
	awaitState(t, r, "a", Ready)
	lingers := make(chan struct{})
	f.mu.Lock()
	f.lingers = lingers
	f.mu.Unlock()
	f.setHeld(1)
	r.Relieve(time.Now(), 0)
	if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0); frame.ReasonOf(err) != frame.Memory || e.made() > 0 {
		t.Errorf("got %v, and %d pictures were begun", err, e.made())
	}
	close(lingers)
	awaitState(t, r, "a", Suspended)
}

func TestCameraWhoseConfigurationChangesStaysSuspended(t *testing.T) {
	r, _, f := start(t, "")
	awaitState(t, r, "a", Ready)
	f.setHeld(1)
	r.Relieve(time.Now(), 0)
	awaitState(t, r, "a", Suspended)
	if _, err := r.Apply(parse(t, "{id: a, url: 'rtsp://h/main', name: Gate}")); err != nil {
		t.Fatal(err)
	}
	c, _ := r.find("a")
	until(t, "the new camera", func() bool {
		s, _ := r.Camera("a")
		return s.State == Suspended && c.suspended() != nil && s.Streams[0].State == Suspended
	})
	if s, _ := r.Camera("a"); s.Name != "Gate" || s.Suspensions != 1 {
		t.Errorf("%+v", s)
	}
	release(t, r, "a")
	c.read(func() {
		if c.suspension.times != 1 {
			t.Errorf("%d suspensions are remembered", c.suspension.times)
		}
	})
}

func TestCameraThatIsSuspendedWhileItIsAwayIsNotTriedAgain(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	fault := &frame.CameraError{Reason: frame.NotFound, Text: "gone"}
	f.refuse(fault)
	f.drop <- fault
	until(t, "lost", func() bool { return state(r) == Lost })
	f.setHeld(1)
	r.Relieve(time.Now(), 0)
	until(t, "suspended", func() bool { return state(r) == Suspended })
	f.refuse(nil)
	release(t, r, "a")
	until(t, "ready again", func() bool { return state(r) == Ready })
}
