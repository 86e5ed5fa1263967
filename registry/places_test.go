package registry

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestDefaultRenditionAlwaysHasAPlace(t *testing.T) {
	r, _, _ := start(t, "max_renditions: 2, fps: 5")
	defer watch(t, r, frame.Request{Width: 320}).Close()
	defer watch(t, r, frame.Request{Width: 640}).Close()
	defer watch(t, r, frame.Request{}).Close()
	for _, format := range []frame.Format{frame.JPEG, frame.PNG} {
		snapshot(t, r, frame.Request{Format: format}, 0)
	}
	var tooMany *TooManyError
	if _, err := r.Watch(t.Context(), "a", frame.Request{Width: 800}); !errors.As(err, &tooMany) {
		t.Errorf("a third one besides the default: %v", err)
	}
	for _, format := range frame.RawFormats {
		if _, _, err := r.Next(t.Context(), "a", frame.Request{Format: format}, time.Time{}); !errors.As(err, &tooMany) {
			t.Errorf("the default in %s, besides them: %v", format, err)
		}
	}
}

func TestRenditionThatNobodyWatchesMakesRoom(t *testing.T) {
	r, _, _ := start(t, "max_renditions: 1, idle_timeout: 1h")
	watch(t, r, frame.Request{Width: 320}).Close()
	defer watch(t, r, frame.Request{Width: 640}).Close()
	if s, _ := r.Camera("a"); len(s.Renditions) != 1 || s.Renditions[0].Width != 640 {
		t.Errorf("%+v", s.Renditions)
	}
}

func TestWaitingSnapshotEndsWithItsAsker(t *testing.T) {
	r, e, _ := start(t, "max_renditions: 2")
	e.blocked = make(chan struct{})
	done := make(chan error)
	take := func(ctx context.Context, width int) {
		_, _, err := r.Snapshot(ctx, "a", frame.Request{Width: width}, 0)
		done <- err
	}
	go take(t.Context(), 100)
	until(t, "the first decode", func() bool { return e.made() == 1 })
	s := &r.byID["a"].snapshots
	waiting := func() (n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.next != nil {
			n = len(s.next.outputs)
		}
		return n
	}
	ctx, cancel := context.WithCancel(t.Context())
	for _, width := range []int{200, 300} {
		go take(ctx, width)
	}
	until(t, "two wait for the next decode", func() bool { return waiting() == 2 })
	cancel()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if n := waiting(); n != 0 {
		t.Errorf("%d pictures wait to be made for nobody", n)
	}
	go take(t.Context(), 400)
	until(t, "another takes their place", func() bool { return waiting() == 1 })
	close(e.blocked)
	for range 2 {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("no picture")
		}
	}
}

func TestViewerMovesToAnotherStepWithoutOlderPictures(t *testing.T) {
	r, _, _ := start(t, "max_renditions: 2, max_viewers: 1, quality: 70, scale: 0.5")
	v := watch(t, r, frame.Request{Auto: true})
	defer v.Close()
	if !v.Auto() {
		t.Error("the view does not adapt")
	}
	seen := v.Frame()
	next, err := v.OnStep(t.Context(), 2, seen)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	if next.Frame().PTS < seen.PTS || next.Frame().Width != 672 || string(next.Frame().Picture()) == "" {
		t.Errorf("%+v after %+v", next.Frame().Info, seen.Info)
	}
	if s, _ := r.Camera("a"); len(s.Renditions) != 2 || s.Renditions[0].Quality != 70 || s.Renditions[1].Quality != 60 {
		t.Errorf("%+v", s.Renditions)
	}
	var tooMany *TooManyError
	if _, err := v.OnStep(t.Context(), 3, seen); !errors.As(err, &tooMany) {
		t.Errorf("a third rendition: %v", err)
	}
	if _, err := v.Next(); err != nil {
		t.Errorf("the view that was refused another step: %v", err)
	}
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, ErrFull) {
		t.Errorf("another viewer: %v", err)
	}
}
