package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestProgramGetsEachTimeANewerPicture(t *testing.T) {
	r, e, _ := start(t, "idle_timeout: 0s")
	raw := frame.Request{Format: frame.BGR}
	var after time.Time
	var last uint64
	for range 20 {
		f, number, err := r.Next(t.Context(), "a", raw, after)
		if err != nil || f.Received.UnixMicro() <= after.UnixMicro() || number <= last || f.Format != frame.JPEG && f.Format != frame.BGR {
			t.Fatalf("%v, number %d after %d, %v", f, number, last, err)
		}
		after, last = f.Received, number
	}
	if s, _ := r.Camera("a"); len(s.Renditions) != 1 || s.Renditions[0].Format != "bgr" || s.Viewers != 0 || e.made() != 1 {
		t.Errorf("%d pictures, %+v", e.made(), s)
	}
}

func TestProgramThatSleepsGetsTheNewestPicture(t *testing.T) {
	r, _, _ := start(t, "")
	first, one, err := r.Next(t.Context(), "a", frame.Request{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	v := watch(t, r, frame.Request{})
	defer v.Close()
	for range 50 {
		v.Next()
	}
	seen := v.Frame()
	f, number, err := r.Next(t.Context(), "a", frame.Request{}, first.Received)
	if err != nil || f.Received.Before(seen.Received) || number < one+40 {
		t.Errorf("got %v, number %d after %d; a viewer had seen %v; %v", f, number, one, seen, err)
	}
}

func TestPictureOfTheFutureIsWaitedFor(t *testing.T) {
	r, _, _ := start(t, "")
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, enough)
	defer cancel()
	if f, _, err := r.Next(ctx, "a", frame.Request{}, time.Now().Add(time.Hour)); !errors.Is(err, enough) {
		t.Errorf("got %v %v", f, err)
	}
}

func TestProgramIsToldWhyACameraIsAwayAndSeesNoPlaceholder(t *testing.T) {
	for _, request := range []frame.Request{{}, {Format: frame.Gray}} {
		r, _, f := start(t, "idle_timeout: 1h")
		if _, _, err := r.Next(t.Context(), "a", request, time.Time{}); err != nil {
			t.Fatal(err)
		}
		fault := &frame.CameraError{Reason: frame.Unreachable, Text: "the cable is cut"}
		f.refuse(fault)
		f.drop <- fault
		until(t, "lost", func() bool { return state(r) == Lost })
		// One that waits when the camera goes, and one that comes while it is away.
		for range 2 {
			if p, _, err := r.Next(t.Context(), "a", request, time.Now().Add(time.Hour)); frame.ReasonOf(err) != frame.Unreachable {
				t.Errorf("%v: got %v %v", request.Format, p, err)
			}
		}
		f.refuse(nil)
		until(t, "a picture", func() bool {
			p, _, err := r.Next(t.Context(), "a", request, time.Time{})
			return err == nil && !p.Placeholder
		})
	}
}

func TestProgramIsAViewer(t *testing.T) {
	r, _, _ := start(t, "max_viewers: 1")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	if _, _, err := r.Next(t.Context(), "a", frame.Request{}, time.Time{}); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
}
