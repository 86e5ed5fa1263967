package pipeline

import (
	"image"
	"image/color"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// pixels is a raw frame as an image, read as OpenCV does.
type pixels struct{ f *frame.Frame }

func (p *pixels) ColorModel() color.Model { return color.RGBAModel }

func (p *pixels) Bounds() image.Rectangle { return image.Rect(0, 0, p.f.Width, p.f.Height) }

func (p *pixels) At(x, y int) color.Color {
	data, width := p.f.Picture(), p.f.Width
	i := y*width + x
	switch p.f.Format {
	case frame.Gray:
		return color.Gray{Y: data[i]}
	case frame.I420: // cv2.COLOR_YUV2BGR_I420: BT.601, limited range
		n := width * p.f.Height
		chroma := n + y/2*(width/2) + x/2
		l, u, v := 1.164*(float64(data[i])-16), float64(data[chroma])-128, float64(data[chroma+n/4])-128
		return color.RGBA{clip(l + 1.596*v), clip(l - 0.391*u - 0.813*v), clip(l + 2.018*u), 255}
	case frame.BGR:
		return color.RGBA{data[3*i+2], data[3*i+1], data[3*i], 255}
	}
	return color.RGBA{data[3*i], data[3*i+1], data[3*i+2], 255}
}

func clip(v float64) byte { return byte(min(255, max(0, v+0.5))) }

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
