package gst

import (
	"fmt"
	"image"
	"testing"

	"github.com/framegate/framegate/internal/likeness"
)

// TestScaledPicturesAreLikeTheExactAverage, of pictures that are hard to scale, as a camera of 1920x1080 sends them.
func TestScaledPicturesAreLikeTheExactAverage(t *testing.T) {
	const width, height = 1920, 1080
	for name, drawn := range map[string]image.Image{
		"zone plate": likeness.ZonePlate(width, height), "chart": likeness.Chart(width, height), "text": likeness.Text(width, height),
	} {
		video := likeness.VideoOf(drawn)
		for _, size := range [][2]int{{480, 270}, {960, 540}, {640, 360}, {576, 324}} {
			caps := fmt.Sprintf("format=I420, width=%d, height=%d, colorimetry=bt709", width, height)
			planes, strides := i420(scaled(t, caps, video.I420(), size[0], size[1], false), size[0], size[1])
			got := likeness.Video{
				Y:  likeness.PlaneOf(planes[0], strides[0], size[0], size[1]),
				Cb: likeness.PlaneOf(planes[1], strides[1], size[0]/2, size[1]/2),
				Cr: likeness.PlaneOf(planes[2], strides[2], size[0]/2, size[1]/2),
			}
			like := likeness.Compare(got, video.Scaled(size[0], size[1]))
			t.Logf("%s %dx%d: %+v", name, size[0], size[1], like)
			if like.Luma < 40 || like.Colour < 40 || like.LumaSSIM < 0.995 || like.ColourSSIM < 0.995 {
				t.Errorf("%s at %dx%d: %+v, want at least 40 dB and an SSIM of 0.995", name, size[0], size[1], like)
			}
		}
	}
}
