package registry

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// written is a camera of a configuration.
func written(id, keys string) string {
	return fmt.Sprintf("{id: %s, url: 'rtsp://h/%s', idle_timeout: 100ms%s}", id, id, keys)
}

// apply applies a configuration of cameras, which must succeed.
func apply(t *testing.T, r *Registry, cameras string) Change {
	t.Helper()
	change, err := r.Apply(parse(t, cameras))
	if err != nil {
		t.Fatal(err)
	}
	return change
}

func TestOnlyCamerasThatHaveChangedAreTouched(t *testing.T) {
	r, e, a := start(t, "")
	change := apply(t, r, "{id: a, url: 'rtsp://h/a', idle_timeout: 100ms},"+written("b", ""))
	if !slices.Equal(change.Added, []string{"b"}) || len(change.Changed)+len(change.Removed) > 0 {
		t.Fatalf("%+v", change)
	}
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "b is connected", func() bool { s, err := r.Camera("b"); return err == nil && s.State == Ready })
	for i := range 100 {
		apply(t, r, written("a", "")+","+written("b", fmt.Sprintf(", quality: %d", 1+i%50))+","+written("c", ""))
		apply(t, r, written("c", ", name: C")+","+written("a", ""))
	}
	if n := a.count(); n != 1 {
		t.Errorf("the camera that has not changed was connected %d times", n)
	}
	if _, err := v.Next(); err != nil || e.made() != 1 {
		t.Errorf("its viewer gets %v, %d pictures were begun", err, e.made())
	}
	if _, err := r.Camera("b"); !errors.Is(err, ErrUnknown) {
		t.Errorf("the removed camera: %v", err)
	}
	all := r.Cameras()
	if len(all) != 2 || all[0].Name != "C" || all[1].ID != "a" {
		t.Errorf("%+v", all)
	}
}

func TestViewerOfAChangedCameraGetsAnErrorAndMayWatchAgain(t *testing.T) {
	r, _, _ := start(t, "")
	v := watch(t, r, frame.Request{})
	apply(t, r, written("a", ", width: 320"))
	until(t, "the error", func() bool { _, err := v.Next(); return errors.Is(err, ErrReplaced) })
	v.Close()
	v = watch(t, r, frame.Request{})
	defer v.Close()
	if v.Frame().Width != 320 {
		t.Errorf("%+v", v.Frame().Info)
	}
	apply(t, r, written("a", ", crop: [0, 0, 0.5, 1], height: 360"))
	until(t, "the error", func() bool { _, err := v.Next(); return errors.Is(err, ErrReplaced) })
	v.Close()
	v = watch(t, r, frame.Request{})
	defer v.Close()
	if f := v.Frame(); f.Width != 320 || f.Height != 360 {
		t.Errorf("the configured crop is shown as %+v", f.Info)
	}
	apply(t, r, written("b", ""))
	until(t, "the error", func() bool { _, err := v.Next(); return errors.Is(err, ErrRemoved) })
}

func TestChangedCameraIsConnectedWhenThePreviousOneHasEnded(t *testing.T) {
	r, e, old := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	for i := range 20 {
		apply(t, r, written("a", fmt.Sprintf(", stall_timeout: %ds", 20+i)))
	}
	until(t, "ready again", func() bool { return state(r) == Ready })
	if old.isRunning() || !e.feed("/a").isRunning() {
		t.Error("the old connection has not ended, or there is no new one")
	}
}

func TestViewerOfACameraThatIsAwayMayStayWhenItIsChanged(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Request{})
	lose(t, r, f)
	e.mu.Lock()
	e.away = cut
	e.mu.Unlock()
	apply(t, r, written("a", ", name: Gate"))
	until(t, "the error", func() bool { _, err := v.Next(); return errors.Is(err, ErrReplaced) })
	v.Close()
	v = watch(t, r, frame.Request{})
	defer v.Close()
	if !v.Frame().Placeholder {
		t.Errorf("%+v", v.Frame().Info)
	}
	e.feed("/a").refuse(nil)
	until(t, "pictures", func() bool { next, err := v.Next(); return err == nil && !next.Placeholder })
}

func TestChangedCameraKeepsTheTimeOfItsLastFrame(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	last := time.Now()
	f.sent(last)
	apply(t, r, written("a", ", name: Gate"))
	if s, _ := r.Camera("a"); s.Name != "Gate" || s.LastFrameAt == nil || !s.LastFrameAt.Equal(last) {
		t.Errorf("%s last sent something at %v, want %v", s.Name, s.LastFrameAt, last)
	}
}

func TestCameraThatIsRemovedAndAddedAgainIsConnectedOnce(t *testing.T) {
	r, e, old := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	old.mu.Lock()
	old.lingers = make(chan struct{}) // a camera that is slow to disconnect
	old.mu.Unlock()
	apply(t, r, "")
	apply(t, r, written("a", ""))
	fresh := e.feed("/a")
	if fresh == old || fresh.count() > 0 {
		t.Errorf("connected %d times while there is the old connection", fresh.count())
	}
	close(old.lingers)
	until(t, "ready again", func() bool { return state(r) == Ready })
}

func TestDisabledCameraCanBeEnabled(t *testing.T) {
	r, _, _ := start(t, "disabled: true")
	apply(t, r, written("a", ""))
	until(t, "ready", func() bool { return state(r) == Ready })
	v := watch(t, r, frame.Request{})
	defer v.Close()
	apply(t, r, written("a", ", disabled: true"))
	until(t, "disabled", func() bool { return state(r) == Disabled })
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, ErrDisabled) {
		t.Errorf("got %v", err)
	}
}

func TestCameraThatWasRemovedBeforeRunIsConnectedWhenItIsAddedAgain(t *testing.T) {
	e := &standin{feeds: map[string]*standinFeed{}}
	r, err := New(parse(t, written("a", "")), e, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	apply(t, r, "")
	run(t, r)
	until(t, "Run has begun", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.ctx != nil
	})
	apply(t, r, written("a", ""))
	until(t, "ready", func() bool { return state(r) == Ready })
}

// TestTotalsGrowAcrossChangesOfTheConfiguration counts on the cameras that a changed one has replaced, until each has ended.
func TestTotalsGrowAcrossChangesOfTheConfiguration(t *testing.T) {
	r, e, feed := start(t, "")
	plan := frame.FailedPlan{Plan: "va", Codec: "h264", Reason: "no picture", At: time.Unix(1, 0), Until: new(time.Time)}
	expect := func(reconnects int, broken uint64, failures int) {
		t.Helper()
		s, err := r.Camera("a")
		times := 0
		for _, f := range s.FailedPlans {
			times += f.Times
		}
		if err != nil || s.Reconnects != reconnects || s.Broken != broken || times != failures || len(s.FailedPlans) > 1 {
			t.Errorf("%v: %d reconnects, %d broken units, failures %+v; want %d, %d, %d", err, s.Reconnects, s.Broken, s.FailedPlans, reconnects, broken, failures)
		}
	}
	until(t, "ready", func() bool { return state(r) == Ready })
	feed.drop <- errors.New("dropped")
	until(t, "a reconnect", func() bool { s, _ := r.Camera("a"); return s.Reconnects == 1 })
	plan.Times = 2
	feed.counts(3, plan)
	expect(1, 3, 2)

	lingers := make(chan struct{})
	feed.mu.Lock()
	feed.lingers = lingers
	feed.mu.Unlock()
	apply(t, r, written("a", ", stall_timeout: 20s"))
	expect(1, 3, 2)
	feed.counts(5, plan) // while it ends
	expect(1, 5, 2)
	close(lingers)
	next := e.feed("/a")
	until(t, "the next one is connected", next.isRunning)
	expect(1, 5, 2)
	if s, _ := r.Camera("a"); s.FailedPlans[0].Until != nil {
		t.Errorf("the plan of the camera that was replaced is suspended: %+v", s.FailedPlans[0])
	}
	plan.Times, plan.At = 4, time.Unix(2, 0)
	next.counts(7, plan)
	expect(1, 12, 6)

	apply(t, r, written("a", ", disabled: true"))
	expect(1, 12, 6)
	for i := range 5 {
		apply(t, r, written("a", fmt.Sprintf(", quality: %d", 20+i)))
		expect(1, 12, 6)
	}
	apply(t, r, "")
	apply(t, r, written("a", "")) // another camera with the same id
	expect(0, 0, 0)
}
