package pipeline

import (
	"image"
	"testing"

	"github.com/framegate/framegate/internal/likeness"
	"github.com/framegate/framegate/pipeline/frame"
)

// TestFineJPEGsAreLikeTheExactAverage at a quality that loses next to nothing, of a camera that does not either.
func TestFineJPEGsAreLikeTheExactAverage(t *testing.T) {
	feed, camera := still(t, likeness.Text(640, 360))
	luma := func(picture image.Image) likeness.Plane {
		yuv := picture.(*image.YCbCr)
		return likeness.PlaneOf(yuv.Y, yuv.YStride, yuv.Rect.Dx(), yuv.Rect.Dy())
	}
	for _, size := range [][2]int{{320, 180}, {240, 136}, {640, 360}} {
		r := frame.Rendition{Width: size[0], Height: size[1], Quality: 100}
		made := decode(t, after(t, show(t, feed, r).slots[0], nil))
		got := likeness.PSNR(luma(made), luma(camera).Area(size[0], size[1]))
		t.Logf("%v: %.1f dB", r, got)
		if got < 50 {
			t.Errorf("%v: %.1f dB, want at least 50", r, got)
		}
	}
}
