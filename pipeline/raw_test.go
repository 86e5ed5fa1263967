package pipeline

import (
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

func TestRawFramesHaveTheSizeOfTheirPixels(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 362})
	renditions := []frame.Rendition{
		{Width: 640, Height: 362, Format: frame.BGR},
		{Width: 310, Height: 174, Format: frame.RGB},
		{Width: 310, Height: 174, Format: frame.Gray},
		{Width: 310, Height: 174, Format: frame.I420},
		{Width: 174, Height: 310, Format: frame.I420, Rotate: 90},
		{Width: 310, Height: 174, Format: frame.Gray, Overlay: frame.Overlay{Text: "x"}},
	}
	shown := show(t, run(t, camtest.Source(t, server.URL("cam1"))), renditions...)
	for i, r := range renditions {
		f := after(t, shown.slots[i], nil)
		want := r.Format.Stride(r.Width) * r.Height
		if r.Format == frame.I420 {
			want += want / 2
		}
		if len(f.Picture()) != want || f.Format != r.Format || f.Width != r.Width || f.Height != r.Height {
			t.Errorf("%v: %d bytes, want %d; %+v", r, len(f.Picture()), want, f.Info)
		}
		for last, n := f, 0; n < 5; n++ {
			next := after(t, shown.slots[i], last)
			if !next.Received.After(last.Received) {
				t.Errorf("%v: %v after %v", r, next.Received, last.Received)
			}
			last = next
		}
	}
}

// TestPlanNamesAnEncoderOnlyIfItMakesJPEGs beside bare pixels.
func TestPlanNamesAnEncoderOnlyIfItMakesJPEGs(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	feed := run(t, camtest.Source(t, server.URL("cam1")))
	bare := frame.Rendition{Width: 320, Height: 180, Format: frame.BGR}
	if plan := caughtUp(t, show(t, feed, bare)); plan.Encoder != "" || plan.Scaler == "" {
		t.Errorf("of bare pixels: %+v", plan)
	}
	if plan := caughtUp(t, show(t, feed, bare, small)); plan.Encoder != "jpegenc" {
		t.Errorf("of bare pixels and JPEGs: %+v", plan)
	}
}
