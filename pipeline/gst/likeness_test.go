package gst

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/likeness"
)

// hard are pictures that are hard to scale.
var hard = map[string]func(width, height int) image.Image{"zone plate": likeness.ZonePlate, "chart": likeness.Chart, "text": likeness.Text}

// scaledSizes are those of scaled pictures of 1920x1080.
var scaledSizes = [][2]int{{480, 270}, {960, 540}, {640, 360}, {576, 324}}

// scaledVideo sends a picture, as a camera of 1920x1080 does, through the scaler and further elements, and returns what comes out.
func scaledVideo(t *testing.T, video likeness.Video, size [2]int, further ...Spec) []byte {
	t.Helper()
	caps := "video/x-raw, framerate=25/1, format=I420, width=1920, height=1080, colorimetry=bt709, chroma-site=jpeg"
	if video.Site == likeness.Left {
		caps = strings.Replace(caps, "jpeg", "mpeg2", 1)
	}
	push := func(head *Element) { head.Push(video.I420(), 0, true) }
	return firstOf(t, caps, push, append([]Spec{
		{Factory: "appsrc", Set: map[string]any{"caps": Arg(caps), "format": Arg("time")}}, {Factory: Scaler},
		{Factory: "capsfilter", Set: map[string]any{"caps": Arg(fmt.Sprintf("video/x-raw, format=I420, width=%d, height=%d", size[0], size[1]))}},
	}, further...)...)
}

// TestScaledPicturesAreLikeTheExactAverage, of pictures that are hard to scale.
func TestScaledPicturesAreLikeTheExactAverage(t *testing.T) {
	for name, draw := range hard {
		for _, site := range []likeness.Site{likeness.Centred, likeness.Left} {
			video := likeness.VideoOf(draw(1920, 1080), site)
			for _, size := range scaledSizes {
				planes, strides := i420(scaledVideo(t, video, size), size[0], size[1])
				got := likeness.Video{
					Y:  likeness.PlaneOf(planes[0], strides[0], size[0], size[1]),
					Cb: likeness.PlaneOf(planes[1], strides[1], size[0]/2, size[1]/2),
					Cr: likeness.PlaneOf(planes[2], strides[2], size[0]/2, size[1]/2),
				}
				like := likeness.Compare(got, video.Scaled(size[0], size[1]))
				t.Logf("%s %dx%d, chroma at %v: %+v", name, size[0], size[1], site, like)
				if like.Luma < 40 || like.Colour < 40 || like.LumaSSIM < 0.995 || like.ColourSSIM < 0.995 {
					t.Errorf("%s at %dx%d, chroma at %v: %+v, want at least 40 dB and an SSIM of 0.995", name, size[0], size[1], site, like)
				}
			}
		}
	}
}

// TestJPEGsOfTheExactTransformAreCloser than those of jpegenc's default, at the best quality and at a good one.
func TestJPEGsOfTheExactTransformAreCloser(t *testing.T) {
	size := [2]int{576, 324}
	for name, draw := range hard {
		video := likeness.VideoOf(draw(1920, 1080), likeness.Centred)
		exact := video.Scaled(size[0], size[1])
		for _, quality := range []int{95, 100} {
			likes := map[string]likeness.Likeness{}
			for _, method := range []string{"ifast", "islow"} {
				made := scaledVideo(t, video, size, Spec{Factory: "jpegenc", Set: map[string]any{"quality": quality, "idct-method": Arg(method)}})
				picture, err := jpeg.Decode(bytes.NewReader(made))
				if err != nil {
					t.Fatal(err)
				}
				likes[method] = likeness.Compare(likeness.JPEG(picture.(*image.YCbCr)), exact)
				t.Logf("%s, quality %d, %s: %+v, %d bytes", name, quality, method, likes[method], len(made))
			}
			if likes["islow"].Luma <= likes["ifast"].Luma || quality == 100 && likes["islow"].Luma < 50 {
				t.Errorf("%s, quality %d: %+v", name, quality, likes)
			}
		}
	}
}
