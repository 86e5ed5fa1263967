package registry

import (
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

// release ends the suspension of a camera as the end of its pause does, and waits until it is connected.
func release(t *testing.T, r *Registry, id string) {
	t.Helper()
	c, err := r.find(id)
	if err != nil {
		t.Fatal(err)
	}
	awaitState(t, r, id, Suspended)
	c.change(func() { c.suspension.why = nil })
	until(t, "the connection", func() bool { s, _ := r.Camera(id); return s.State == Ready || s.State == Live })
}

func TestCameraThatTakesTooMuchMemoryIsSuspended(t *testing.T) {
	for _, connect := range []string{"always", "on_demand"} {
		t.Run(connect, func(t *testing.T) {
			r, e, f := start(t, "connect: "+connect)
			v := watch(t, r, frame.Request{})
			defer v.Close()
			until(t, "live", func() bool { return state(r) == Live })
			f.hold(1 << 30)
			id, held, ok := r.SuspendLargest(time.Now())
			if !ok || id != "a" || held != 1<<30 {
				t.Fatalf("suspended %q, which holds %d, %v", id, held, ok)
			}
			until(t, "the end of its connection", func() bool { return !f.isRunning() && state(r) == Suspended })
			e.allEnded()
			s, _ := r.Camera("a")
			if s.Reason != frame.Memory || !strings.Contains(s.Error, "max_memory") || s.Held != 0 || s.Suspensions != 1 || s.Streams[0].State != Suspended {
				t.Errorf("%+v", s)
			}
			until(t, "a placeholder", func() bool { return next(t, v).Placeholder })
			if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0); frame.ReasonOf(err) != frame.Memory {
				t.Errorf("a snapshot gets %v", err)
			}
			runs := f.count()
			if _, _, ok := r.SuspendLargest(time.Now()); ok {
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

func TestSnapshotThatIsBeingMadeEndsWhenItsCameraIsSuspended(t *testing.T) {
	r, e, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	defer e.holdPictures()()
	refused := make(chan error)
	go func() {
		_, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0)
		refused <- err
	}()
	until(t, "a picture", func() bool { return e.made() == 1 })
	f.hold(1)
	r.SuspendLargest(time.Now())
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
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, longestSuspension, longestSuspension} {
		f.hold(1)
		if _, _, ok := r.SuspendLargest(now); !ok || end().Sub(now) != want {
			t.Fatalf("suspended for %v, want %v", end().Sub(now), want)
		}
		now = end()
		release(t, r, "a")
	}
	f.hold(1)
	now = now.Add(forgetSuspensions + 1)
	if r.SuspendLargest(now); end().Sub(now) != firstSuspension {
		t.Errorf("after a long time it is suspended for %v", end().Sub(now))
	}
}

func TestAtMostHalfOfTheCamerasAreSuspended(t *testing.T) {
	r, e := startAll(t, "a", "b", "c", "d", "e")
	for path, held := range map[string]int64{"/a": 10, "/b": 20, "/c": 30, "/d": 40, "/e": 50} {
		e.feed(path).hold(held)
	}
	var suspended []string
	for {
		id, _, ok := r.SuspendLargest(time.Now())
		if !ok {
			break
		}
		suspended = append(suspended, id)
	}
	if got := strings.Join(suspended, " "); got != "e d" {
		t.Errorf("suspended %s", got)
	}
}

func TestCameraThatHasGrownIsTheLargest(t *testing.T) {
	r, e := startAll(t, "steady", "grown")
	now := time.Now()
	e.feed("/steady").hold(100)
	e.feed("/grown").hold(10)
	r.Weigh(now)
	e.feed("/grown").hold(80)
	r.Weigh(now.Add(time.Second))
	if id, _, _ := r.SuspendLargest(now.Add(time.Second)); id != "grown" {
		t.Errorf("suspended %s", id)
	}
	// After some minutes 80 are nothing new.
	release(t, r, "grown")
	e.feed("/grown").hold(80)
	for i := range 300 {
		r.Weigh(now.Add(time.Duration(i) * time.Second))
	}
	if id, _, _ := r.SuspendLargest(now.Add(300 * time.Second)); id != "steady" {
		t.Errorf("suspended %s", id)
	}
}

func TestCameraThatIsSuspendedWhileItIsAwayIsNotTriedAgain(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	fault := &frame.CameraError{Reason: frame.NotFound, Text: "gone"}
	f.refuse(fault)
	f.drop <- fault
	until(t, "lost", func() bool { return state(r) == Lost })
	f.hold(1)
	r.SuspendLargest(time.Now())
	until(t, "suspended", func() bool { return state(r) == Suspended })
	f.refuse(nil)
	release(t, r, "a")
	until(t, "ready again", func() bool { return state(r) == Ready })
}
