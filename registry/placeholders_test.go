package registry

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

var cut = &frame.CameraError{Reason: frame.Unreachable, Text: "the cable is cut"}

// lose disconnects a camera and keeps it away.
func lose(t *testing.T, r *Registry, f *standinFeed) {
	t.Helper()
	f.refuse(cut)
	f.drop <- cut
	until(t, "lost", func() bool { return state(r) == Lost })
}

// nextPlaceholder reads frames up to the next placeholder.
func nextPlaceholder(t *testing.T, v *View) *frame.Frame {
	t.Helper()
	for {
		f, err := v.Next()
		if err != nil {
			t.Fatal(err)
		}
		if f.Placeholder {
			return f
		}
	}
}

func TestViewerOfLostCameraSeesPlaceholdersAndThenPicturesAgain(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Request{Width: 640})
	defer v.Close()
	lose(t, r, f)
	e.allEnded() // a picture that comes late is followed immediately by another placeholder
	first := nextPlaceholder(t, v)
	if size, err := jpeg.DecodeConfig(bytes.NewReader(first.Picture())); err != nil || size.Width != 640 || size.Height != 360 {
		t.Errorf("the placeholder is %dx%d, %v", size.Width, size.Height, err)
	}
	before, _ := r.Camera("a")
	second, err := v.Next()
	if err != nil || !second.Placeholder || second.PTS <= first.PTS {
		t.Fatalf("%+v after %+v, %v", second, first, err)
	}
	if gap := second.Received.Sub(first.Received); gap < placeholderInterval || gap > 2*placeholderInterval {
		t.Errorf("%v between two placeholders", gap)
	}
	if after, _ := r.Camera("a"); after.Renditions[0].Frames != before.Renditions[0].Frames {
		t.Errorf("placeholders are counted as pictures: %+v", after.Renditions[0])
	}
	f.refuse(nil)
	until(t, "pictures", func() bool { next, err := v.Next(); return err == nil && !next.Placeholder })
}

func TestViewerWhoComesWhileACameraIsAwaySeesAPlaceholder(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	lose(t, r, f)
	v := watch(t, r, frame.Request{})
	defer v.Close()
	if !v.Frame().Placeholder {
		t.Errorf("%+v", v.Frame().Info)
	}
	f.refuse(nil)
	until(t, "pictures", func() bool { next, err := v.Next(); return err == nil && !next.Placeholder })
}

func TestCameraThatWasNeverSeenIsAnError(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	f.refuse(cut)
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, cut) {
		t.Errorf("got %v", err)
	}
}

func TestWithoutPlaceholderStreamsEndWithTheCamera(t *testing.T) {
	r, _, f := start(t, "placeholder: false")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	lose(t, r, f)
	until(t, "the end", func() bool { _, err := v.Next(); return errors.Is(err, cut) })
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, cut) {
		t.Errorf("a new viewer gets %v", err)
	}
}

func TestLostCameraThatIsWatchedIsTriedAtLeastEverySecond(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	lose(t, r, f)
	before, began := f.count(), time.Now()
	until(t, "five attempts", func() bool { return f.count() >= before+5 })
	if took := time.Since(began); took > 10*watchedPause {
		t.Errorf("five attempts in %v", took)
	}
}

func TestSnapshotOfALostCameraIsItsLastPictureIfRecentEnough(t *testing.T) {
	r, _, f := start(t, "")
	snapshot(t, r, frame.Request{Width: 320}, time.Second)
	lose(t, r, f)
	got, stale, err := r.Snapshot(t.Context(), "a", frame.Request{Width: 320}, time.Hour)
	if err != nil || !stale || got.Width != 320 {
		t.Errorf("%+v, stale %v, %v", got, stale, err)
	}
	if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{Width: 320}, 0); !errors.Is(err, cut) {
		t.Errorf("a picture that is too old: %v", err)
	}
}

func TestSnapshotOfALostCameraThatNobodyWatchedIsMadeOfWhatItSentLast(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	f.sent(time.Now())
	lose(t, r, f)
	got, stale, err := r.Snapshot(t.Context(), "a", frame.Request{Width: 320}, time.Hour)
	if err != nil || !stale || got.Width != 320 {
		t.Errorf("%+v, stale %v, %v", got, stale, err)
	}
}

func TestPlaceholderIsNoSnapshot(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{Width: 320})
	defer v.Close()
	lose(t, r, f)
	nextPlaceholder(t, v)
	if got, _, err := r.Snapshot(t.Context(), "a", frame.Request{Width: 320}, time.Hour); err != nil || got.Placeholder {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestViewersBeyondTheLimitAreRefused(t *testing.T) {
	r, _, _ := start(t, "max_viewers: 2")
	defer watch(t, r, frame.Request{Width: 320}).Close()
	second := watch(t, r, frame.Request{Width: 640})
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
	second.Close()
	watch(t, r, frame.Request{}).Close()
}

func TestEveryReasonHasItsOwnSentence(t *testing.T) {
	texts := parse(t, "").Placeholders.Texts
	seen := map[string]frame.Reason{}
	for _, reason := range []frame.Reason{
		frame.Unauthorized, frame.NotFound, frame.Unreachable, frame.TimedOut, frame.NoKeyframe, frame.Stalled,
		frame.NoVideo, frame.Unsupported, frame.Ended, frame.Refused, frame.Memory, frame.Failed,
	} {
		says := texts.Of(string(reason))
		if other, twice := seen[says]; says == "" || twice {
			t.Errorf("%s says %q, as does %s", reason, says, other)
		}
		seen[says] = reason
	}
}

func TestTimeOfTodayIsShownWithoutTheDate(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 3, 21, 0, time.UTC)
	if got := shortTime(now.Add(-time.Hour), now); got != "13:03:21" {
		t.Error(got)
	}
	if got := shortTime(now.Add(-24*time.Hour), now); got != "2026-11-23 14:03" {
		t.Error(got)
	}
}

func TestPlaceholderThatWasDrawnTooLateIsNotShown(t *testing.T) {
	r, _, _ := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	c, err := r.find("a")
	if err != nil {
		t.Fatal(err)
	}
	slot := v.rendition.slot
	drawn := rendition{slot: &frame.Slot{}, placeholder: shownPlaceholder{jpeg: []byte("drawn")}}
	drawn.slot.Publish(slot.Newest())
	late := slot.Newest().Received.Add(-time.Second)
	for name, failure := range map[string]error{"the camera was away": errAway, "the camera is back": nil} {
		c.publishPlaceholder(duePlaceholder{rendition: &drawn, failure: failure, received: late})
		if newest := drawn.slot.Newest(); newest.Placeholder {
			t.Errorf("%s: a placeholder of %v is shown", name, newest.Received)
		}
	}
	c.publishPlaceholder(duePlaceholder{rendition: &drawn, failure: errAway, received: time.Now().Add(time.Second)})
	if !drawn.slot.Newest().Placeholder {
		t.Error("no placeholder is shown")
	}
}

func TestRenditionThatCannotBeMadeDisturbsNoOther(t *testing.T) {
	r, e, _ := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	fault := &frame.CameraError{Reason: frame.Unsupported, Text: "no picture"}
	e.mu.Lock()
	e.broken = fault
	e.mu.Unlock()
	for range 3 { // the pause after each
		if _, err := r.Watch(t.Context(), "a", frame.Request{Width: 320}); !errors.Is(err, fault) {
			t.Errorf("a picture that cannot be made ends with %v", err)
		}
		if f, err := v.Next(); err != nil || f.Placeholder {
			t.Errorf("the one beside it has a placeholder or %v", err)
		}
		for range 20 {
			if f, err := v.Next(); err != nil || f.Placeholder {
				t.Fatalf("the one beside it has a placeholder or %v", err)
			}
		}
	}
	if _, _, err := r.Snapshot(t.Context(), "a", frame.Request{}, time.Second); err != nil {
		t.Errorf("a snapshot of it: %v", err)
	}
}

func TestPlaceholderOfACropHasItsShape(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{Height: 360, Crop: frame.Crop{X: 0.5, Width: 0.25, Height: 1}})
	defer v.Close()
	lose(t, r, f)
	shown := nextPlaceholder(t, v)
	if size, err := jpeg.DecodeConfig(bytes.NewReader(shown.Picture())); err != nil || size.Width != 160 || size.Height != 360 {
		t.Errorf("the placeholder is %dx%d, %v", size.Width, size.Height, err)
	}
}

// TestPlaceholderThatTakesLongHoldsUpNoOther has a rendition whose placeholder waits for the camera's last picture.
func TestPlaceholderThatTakesLongHoldsUpNoOther(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	lose(t, r, f)
	nextPlaceholder(t, v)
	c := r.byID["a"]
	c.change(func() { c.backgroundTimeout, c.lastTimeout = patience, patience })
	release := e.blockPictures()
	defer release()
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		if other, err := r.Watch(ctx, "a", frame.Request{Width: 320}); err == nil {
			t.Errorf("%+v, though the last picture is not made", other.Frame().Info)
			other.Close()
		}
	}()
	drawing := func() (drawing bool) {
		c.read(func() { drawing = slices.ContainsFunc(c.renditions, func(r *rendition) bool { return r.drawing }) })
		return drawing
	}
	until(t, "drawing", drawing)
	for range 2 {
		nextPlaceholder(t, v)
	}
	if !drawing() {
		t.Error("the other placeholder is drawn already")
	}
	leave()
	<-left
}
