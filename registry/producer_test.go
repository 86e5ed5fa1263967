package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestPictureThatFailsIsReplaced(t *testing.T) {
	r, e, _ := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	e.picture(0).fail <- errors.New("the decoder broke")
	until(t, "another picture", func() bool { return e.made() == 2 })
	if _, err := v.Next(); err != nil {
		t.Error(err)
	}
}

func TestViewerGetsTheReasonWhyThereIsNoPicture(t *testing.T) {
	r, e, _ := start(t, "")
	e.mu.Lock()
	e.broken = &frame.CameraError{Reason: frame.Unsupported, Text: "no decoder"}
	e.mu.Unlock()
	_, err := r.Watch(t.Context(), "a", frame.Request{})
	if frame.ReasonOf(err) != frame.Unsupported {
		t.Errorf("got %v", err)
	}
	if s, _ := r.Camera("a"); s.Error != "no decoder" {
		t.Errorf("%+v", s)
	}
}

func TestPlanThatFailsIsFollowedByTheNextImmediately(t *testing.T) {
	r, e, feed := start(t, "")
	v := watch(t, r, frame.Request{})
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
			if s.Error != "" { // as during a pause
				t.Fatalf("the API says %q", s.Error)
			}
			return e.made() == 2*i+3 && s.State == Live
		})
	}
	if _, err := v.Next(); err != nil {
		t.Error(err)
	}
}

// free waits until the camera's mutex is not held, which it never is for long.
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

func TestSlowPlanQueryDoesNotBlockTheCamera(t *testing.T) {
	r, e, feed := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	slow := feed.slowDown()
	feed.prefer("second")
	until(t, "the plan is requested", feed.waiting)
	free(t, r.byID["a"])
	if f, err := v.Next(); err != nil || f.Placeholder {
		t.Errorf("a viewer gets a placeholder, or %v", err)
	}
	close(slow)
	until(t, "the better plan", func() bool { return e.made() == 2 })
}

func TestPictureThatNobodyWantsAnyMoreIsNotWaitedFor(t *testing.T) {
	r, e, _ := start(t, "idle_timeout: 0s")
	endHold := e.blockPictures()
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := r.Watch(ctx, "a", frame.Request{})
		gone <- err
	}()
	until(t, "a picture", func() bool { return e.made() == 1 })
	endHold()
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	until(t, "the rendition ends", func() bool { s, _ := r.Camera("a"); return len(s.Renditions) == 0 })
	watch(t, r, frame.Request{})
	if e.made() != 2 {
		t.Errorf("%d pictures", e.made())
	}
}

func TestChangedFormatGetsAnotherPicture(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Request{Scale: 0.5})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	f.send(frame.Stream{Codec: "h264", Width: 640, Height: 480, FPS: 25})
	e.picture(0).fail <- frame.ErrFormatChanged
	until(t, "the new size", func() bool {
		f, err := v.Next()
		return err == nil && f.Width == 320 && f.Height == 240
	})
}

func TestSecondRenditionDoesNotInterruptTheFirst(t *testing.T) {
	r, e, _ := start(t, "")
	first := watch(t, r, frame.Request{Width: 640})
	defer first.Close()
	second := watch(t, r, frame.Request{Width: 320})
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

func TestPictureGoesOnUntilTheNextOneHasCaughtUp(t *testing.T) {
	r, e, _ := start(t, "")
	first := watch(t, r, frame.Request{Width: 640})
	defer first.Close()
	e.blockPictures()
	second := make(chan struct{})
	go func() {
		defer close(second)
		v, err := r.Watch(t.Context(), "a", frame.Request{Width: 320})
		if err == nil {
			v.Close()
		}
	}()
	until(t, "the next Picture", func() bool { return e.made() == 2 })
	defer time.AfterFunc(patience, func() { first.Close() }).Stop() // else a fault would have the test wait for ever
	for range 10 {
		if next(t, first).Placeholder {
			t.Fatal("a placeholder")
		}
	}
	if isClosed(e.picture(0).ended) {
		t.Fatal("the Picture has ended before the next one was as new")
	}
	close(e.picture(1).blocked)
	<-e.picture(0).ended
	<-e.picture(1).caughtUp
	<-second
}
