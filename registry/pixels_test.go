package registry

import (
	"errors"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestPicturesBeyondTheBudgetOfPixelsAreRefused(t *testing.T) {
	r, _, _ := start(t, "idle_timeout: 1h") // of 1920x1080
	r.pixels.limit.Store(4 * million)
	defer watch(t, r, frame.Request{Scale: 1}).Close()
	second := watch(t, r, frame.Request{Width: 1600})
	third := frame.Request{Width: 1280}
	for name, request := range map[string]frame.Request{"a third": third, "a large one": {Width: 3840, Upscale: true}} {
		if _, err := r.Watch(t.Context(), "a", request); !errors.Is(err, ErrPixels) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := r.Snapshot(t.Context(), "a", request, 0); !errors.Is(err, ErrPixels) {
			t.Errorf("snapshot of %s: %v", name, err)
		}
	}
	r.pixels.limit.Store(3 * million)
	defer watch(t, r, frame.Request{}).Close() // the default
	snapshot(t, r, frame.Request{Format: frame.PNG}, 0)
	r.pixels.limit.Store(4 * million)
	second.Close()
	defer watch(t, r, third).Close() // in its place
}

func TestPixelsAreFreeWhenPicturesEnd(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{Scale: 0.5})
	snapshot(t, r, frame.Request{Width: 320}, 0)
	until(t, "only the rendition is counted", func() bool { return r.pixels.used.Load() == 960*540 })
	f.send(frame.Stream{Codec: "h264", Width: 640, Height: 480, FPS: 25})
	if n := r.pixels.used.Load(); n != 320*240 {
		t.Errorf("%d pixels after another format", n)
	}
	v.Close()
	until(t, "none", func() bool { return r.pixels.used.Load() == 0 })
}

func TestPixelsOfAChangedCameraAreFreeAtOnce(t *testing.T) {
	r, _, _ := start(t, "idle_timeout: 1h")
	defer watch(t, r, frame.Request{Width: 640}).Close()
	if _, err := r.Apply(parse(t, "{id: a, url: 'rtsp://h/a', quality: 50}")); err != nil {
		t.Fatal(err)
	}
	if n := r.pixels.used.Load(); n != 0 {
		t.Errorf("%d pixels", n)
	}
}

func TestCropCountsAsThePictureOfWhichItIsCut(t *testing.T) {
	r, _, _ := start(t, "idle_timeout: 1h") // of 1920x1080
	r.pixels.limit.Store(4 * million)
	part := func(x float64) frame.Request {
		return frame.Request{Scale: 1, Crop: frame.Crop{X: x, Width: 0.01, Height: 0.02}}
	}
	defer watch(t, r, part(0)).Close()
	if n := r.pixels.used.Load(); n != 1920*1080 {
		t.Errorf("a crop at the camera's own scale counts as %d pixels", n)
	}
	if _, err := r.Watch(t.Context(), "a", part(0.5)); !errors.Is(err, ErrPixels) {
		t.Errorf("a second one: %v", err)
	}
	small := frame.Request{Width: 96, Crop: frame.Crop{Width: 0.5, Height: 0.5}}
	defer watch(t, r, small).Close()
	if n := r.pixels.used.Load() - 1920*1080; n > 200*120 {
		t.Errorf("a crop that is made smaller counts as %d pixels", n)
	}
}

func TestBarePixelsCountByTheirBytes(t *testing.T) {
	r, _, _ := start(t, "idle_timeout: 0s")
	for format, times := range map[frame.Format]int64{frame.JPEG: 1, frame.Gray: 2, frame.I420: 2, frame.BGR: 3, frame.RGB: 3} {
		before := r.pixels.used.Load()
		v := watch(t, r, frame.Request{Width: 640, Quality: 50, Format: format})
		if n := r.pixels.used.Load() - before; n != times*640*360 {
			t.Errorf("%q of 640x360 counts as %d pixels", format, n)
		}
		v.Close()
		until(t, "it ends", func() bool { return r.pixels.used.Load() == before })
	}
}
