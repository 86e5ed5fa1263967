package registry

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// historyOf is the history of the camera of a test.
func historyOf(t *testing.T, r *Registry) History {
	t.Helper()
	h, err := r.History("a")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// eventsOf are the kinds, states, reasons and plans of a camera's events.
func eventsOf(t *testing.T, r *Registry) (all []Event) {
	for _, e := range historyOf(t, r).Events {
		all = append(all, Event{Kind: e.Kind, State: e.State, Reason: e.Reason, Plan: e.Plan})
	}
	return all
}

func TestSamplesSayWhatTheCameraDidSinceTheLastOne(t *testing.T) {
	r, _, _ := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	c, _ := r.find("a")
	now := time.Now()
	c.sample(now, time.Hour, 0)
	var slot *frame.Slot
	var before counts
	c.read(func() { slot, before = c.renditions[0].slot, c.renditions[0].sampled })
	for i := range 8 {
		if !slot.Publish(frame.New(v.Frame().Picture(), frame.Info{PTS: time.Hour + time.Duration(i), Received: time.Now().Add(-time.Second)})) {
			t.Fatal("the frame is old")
		}
	}
	frames, bytes := slot.Frames()-before.frames, slot.Bytes()-before.bytes
	c.sample(now.Add(2*time.Second), 2*time.Second, 1.5)
	samples := historyOf(t, r).Samples
	if len(samples) != 2 {
		t.Fatalf("%+v", samples)
	}
	s := samples[1]
	if frames < 8 || s.FPS != float64(frames)/2 || s.Bytes != float64(bytes)/2 || s.Viewers != 1 || s.State != Live || *s.Processor != 1.5 || !s.At.Equal(now.Add(2*time.Second)) {
		t.Errorf("%+v", s)
	}
	if s.Latency == nil || *s.Latency < 0.5 || *s.Latency > patience.Seconds() {
		t.Errorf("the latency is %v", s.Latency)
	}
	c.sample(now, time.Second, 0)
	if s := historyOf(t, r).Samples[2]; s.Latency != nil || s.FPS != 0 || s.Bytes != 0 {
		t.Errorf("without pictures: %+v", s)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	r, _, _ := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	c, _ := r.find("a")
	first := time.Now()
	for i := range 3 * maxSamples {
		c.sample(first.Add(time.Duration(i)), time.Second, 0)
		c.change(func() { c.history.add(Event{At: first.Add(time.Duration(i))}) })
	}
	h := historyOf(t, r)
	newest := first.Add(time.Duration(3*maxSamples - 1))
	if len(h.Samples) != maxSamples || !h.Samples[maxSamples-1].At.Equal(newest) {
		t.Errorf("%d samples", len(h.Samples))
	}
	if len(h.Events) != maxEvents || !h.Events[maxEvents-1].At.Equal(newest) {
		t.Errorf("%d events", len(h.Events))
	}
}

func TestEventsSayWhenTheCameraWentAndCameBack(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	watch(t, r, frame.Request{}).Close() // which is no event
	stalled := &frame.CameraError{Reason: frame.Stalled, Text: "nothing for 10 s"}
	f.refuse(stalled)
	f.drop <- stalled
	until(t, "stalled", func() bool { return state(r) == Stalled })
	f.refuse(nil)
	until(t, "ready", func() bool { return state(r) == Ready })
	want := []Event{{Kind: StateChanged, State: Ready}, {Kind: StateChanged, State: Stalled, Reason: frame.Stalled}, {Kind: StateChanged, State: Ready}}
	if got := eventsOf(t, r); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if e := historyOf(t, r).Events[1]; e.Error != "nothing for 10 s" || time.Since(e.At) > patience {
		t.Errorf("%+v", e)
	}
}

func TestEventsNamePlans(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	f.counts(0, frame.FailedPlan{Plan: "nvidia", Codec: "h264", Reason: "no picture", Times: 1, At: time.Now()})
	c, _ := r.find("a")
	for range 2 {
		c.sample(time.Now(), time.Second, 0)
	}
	want := []Event{{Kind: StateChanged, State: Ready}, {Kind: PlanFailed, Plan: "nvidia"}, {Kind: PlanChosen, Plan: "standin"}}
	if got := eventsOf(t, r); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestHistoryOutlivesAChangeOfTheConfiguration(t *testing.T) {
	r, _, _ := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	c, _ := r.find("a")
	c.sample(time.Now(), time.Second, 0)
	for _, keys := range []string{"disabled: true", "name: A"} {
		if _, err := r.Apply(parse(t, "{id: a, url: 'rtsp://h/a', "+keys+"}")); err != nil {
			t.Fatal(err)
		}
		until(t, "the change", func() bool { return (state(r) == Disabled) == (keys == "disabled: true") && len(eventsOf(t, r)) > 1 })
	}
	until(t, "ready", func() bool { return len(eventsOf(t, r)) == 3 })
	want := []Event{{Kind: StateChanged, State: Ready}, {Kind: StateChanged, State: Disabled}, {Kind: StateChanged, State: Ready}}
	if got := eventsOf(t, r); !slices.Equal(got, want) || len(historyOf(t, r).Samples) == 0 {
		t.Errorf("got %+v", historyOf(t, r))
	}
	if _, err := r.Apply(parse(t, "{id: b, url: 'rtsp://h/b'}")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.History("a"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a removed camera: %v", err)
	}
}
