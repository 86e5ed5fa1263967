package registry

import (
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// snapshot takes a snapshot, which must succeed.
func snapshot(t *testing.T, r *Registry, request frame.Request, maxAge time.Duration) *frame.Frame {
	t.Helper()
	f, _, err := r.Snapshot(t.Context(), "a", request, maxAge)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSnapshotIsOneDecodeThatEndsImmediately(t *testing.T) {
	r, e, _ := start(t, "")
	if f := snapshot(t, r, frame.Request{Width: 320}, time.Second); string(f.Picture()) != "320x180 q80" {
		t.Errorf("got %s", f.Picture())
	}
	<-e.picture(0).ended
	if s, _ := r.Camera("a"); len(s.Renditions) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSnapshotIsMadeByTheNextPlanWhenOneFails(t *testing.T) {
	r, e, _ := start(t, "")
	e.mu.Lock()
	e.plans = 2
	e.mu.Unlock()
	snapshot(t, r, frame.Request{Width: 320}, time.Second)
	if e.made() != 3 {
		t.Errorf("%d pictures were begun", e.made())
	}
}

func TestSnapshotIsMadeAgainWhenTheFormatChanges(t *testing.T) {
	r, e, f := start(t, "")
	endHold := e.blockPictures()
	got := make(chan *frame.Frame, 1)
	go func() {
		picture, _, err := r.Snapshot(t.Context(), "a", frame.Request{Scale: 0.5}, 0)
		if err != nil {
			t.Error(err)
		}
		got <- picture
	}()
	until(t, "a picture", func() bool { return e.made() == 1 })
	endHold()
	f.send(frame.Stream{Codec: "h264", Width: 640, Height: 480, FPS: 25})
	e.picture(0).fail <- frame.ErrFormatChanged
	if picture := <-got; picture == nil || picture.Width != 320 || picture.Height != 240 {
		t.Errorf("got %+v", picture)
	}
}

func TestSimultaneousSnapshotsShareADecode(t *testing.T) {
	r, e, _ := start(t, "")
	e.blocked = make(chan struct{})
	const many = 20
	done := make(chan error)
	for i := range many {
		go func() {
			_, _, err := r.Snapshot(t.Context(), "a", frame.Request{Width: 320 + 100*(i%2)}, 0)
			done <- err
		}()
	}
	waiting := func() int {
		s := &r.byID["a"].snapshots
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.next == nil {
			return 0
		}
		return s.next.waiting
	}
	until(t, "all but those of the first decode wait for the next", func() bool { return e.made() == 1 && waiting() >= many/2 })
	close(e.blocked)
	for range many {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := e.made(); n > many/2 {
		t.Errorf("%d decodes for %d snapshots", n, many)
	}
}

func TestFreshFrameOfARenditionIsASnapshot(t *testing.T) {
	r, e, _ := start(t, "")
	v := watch(t, r, frame.Request{Width: 320, FPS: 5})
	defer v.Close()
	made := e.made()
	snapshot(t, r, frame.Request{Width: 320}, time.Second)
	if e.made() != made {
		t.Error("a snapshot was decoded though there was a fresh frame")
	}
	before := time.Now()
	if f := snapshot(t, r, frame.Request{Width: 320}, 0); f.Received.Before(before) {
		t.Errorf("a picture of %v before it was requested", before.Sub(f.Received))
	}
}

func TestSnapshotThatIsPolledIsKeptUpToDate(t *testing.T) {
	r, _, _ := start(t, "idle_timeout: 2s")
	snapshot(t, r, frame.Request{Width: 320}, 0)
	snapshot(t, r, frame.Request{Width: 320}, 0)
	if s, _ := r.Camera("a"); len(s.Renditions) != 1 || s.Renditions[0].Viewers != 0 {
		t.Errorf("%+v", s.Renditions)
	}
}

func TestConfigurationIsAppliedOnceToASnapshotThatIsPolled(t *testing.T) {
	r, _, _ := start(t, "idle_timeout: 2s, rotate: 90, fps: 5, crop: [0.5, 0, 0.5, 1]")
	snapshot(t, r, frame.Request{Width: 320}, 0)
	snapshot(t, r, frame.Request{Width: 320}, 0)
	s, _ := r.Camera("a")
	if len(s.Renditions) != 1 || s.Renditions[0].Rotate != 90 || s.Renditions[0].FPS != 0 || !slices.Equal(s.Renditions[0].Crop, []float64{0.5, 0, 0.5, 1}) {
		t.Errorf("%+v", s.Renditions)
	}
}

func TestSnapshotOfACameraThatIsAwaySaysWhy(t *testing.T) {
	r, e, f := start(t, "connect: on_demand")
	f.refuse(&frame.CameraError{Reason: frame.Unreachable, Text: "the cable is cut"})
	if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0); frame.ReasonOf(err) != frame.Unreachable {
		t.Errorf("got %v", err)
	}
	f.refuse(nil)
	until(t, "idle", func() bool { return state(r) == Idle })
	e.mu.Lock()
	e.broken = &frame.CameraError{Reason: frame.Unsupported, Text: "no decoder"}
	e.mu.Unlock()
	if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, 0); frame.ReasonOf(err) != frame.Unsupported {
		t.Errorf("got %v", err)
	}
}
