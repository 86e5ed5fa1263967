package pipeline

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// TestColoursAreTrue shows a patch of one colour that cameras have encoded with each codec, matrix, range and depth, in each format
// of pictures. Streams that state nothing count as BT.709 from 1280x720 on, else as BT.601.
func TestColoursAreTrue(t *testing.T) {
	camtest.Long(t)
	const x264, x265, vp9 = "x264enc speed-preset=ultrafast", "x265enc speed-preset=ultrafast log-level=none ! h265parse", "vp9enc deadline=1 cpu-used=8 max-quantizer=2"
	for name, c := range map[string]struct {
		height  int
		raw     string // caps of the encoder's input
		encoder string
	}{
		"H.264 BT.709":            {720, "I420, colorimetry=bt709", x264},
		"H.264 BT.601":            {720, "I420, colorimetry=bt601", x264},
		"H.264 BT.709 full":       {720, "I420, colorimetry=1:3:5:1", x264},
		"H.264 BT.601 full small": {360, "I420, colorimetry=1:4:16:4", x264},
		"H.264 BT.709 10 bit":     {720, "I420_10LE, colorimetry=bt709", x264},
		"H.264 BT.709 4:2:2":      {720, "Y42B, colorimetry=bt709", x264},
		"H.264 BT.709 4:4:4":      {720, "Y444, colorimetry=bt709", x264},
		"H.265 BT.709":            {720, "I420, colorimetry=bt709", x265},
		"H.265 BT.2020 10 bit":    {720, "I420_10LE, colorimetry=bt2020-10", x265},
		"VP9 BT.709":              {720, "I420, colorimetry=bt709", vp9},
		"MJPEG":                   {720, "I420, colorimetry=1:4:0:0", "jpegenc quality=95"},
		"MJPEG 4:2:2":             {720, "Y42B, colorimetry=1:4:0:0", "jpegenc quality=95"},
		"states nothing, large":   {720, "I420, colorimetry=bt709", "openh264enc bitrate=4000000 ! h264parse"},
		"states nothing, small":   {360, "I420, colorimetry=bt601", "openh264enc bitrate=4000000 ! h264parse"},
	} {
		t.Run(name, func(t *testing.T) {
			path := encode(t, c.height, c.raw, c.encoder)
			width := c.height * 16 / 9
			renditions := []frame.Rendition{
				{Width: width / 4, Height: c.height / 4, Quality: 90},
				{Width: width, Height: c.height, Quality: 90},
				{Width: 300, Height: 170, Quality: 90},
				{Width: width / 4, Height: c.height / 4, Format: frame.PNG},
				{Width: width / 4, Height: c.height / 4, Quality: 90, Format: frame.WebP},
				{Width: 300, Height: 170, Quality: 90, Format: frame.BGR},
				{Width: width / 4, Height: c.height / 4, Quality: 90, Format: frame.RGB},
				{Width: 302, Height: 170, Quality: 90, Format: frame.I420},
			}
			shown := show(t, run(t, camtest.Source(t, "file://"+path)), renditions...)
			for i, r := range renditions {
				picture := decode(t, after(t, shown.slots[i], nil))
				red, green, blue, _ := picture.At(r.Width/2, r.Height/2).RGBA()
				for channel, c := range [3][2]int{{int(red >> 8), 32}, {int(green >> 8), 192}, {int(blue >> 8), 32}} {
					if c[0]-c[1] > 3 || c[1]-c[0] > 3 {
						t.Errorf("%+v: channel %d is %d, want %d", r, channel, c[0], c[1])
					}
				}
			}
		})
	}
}

// TestHDRIsReported of files with each transfer function, which GStreamer reads.
func TestHDRIsReported(t *testing.T) {
	camtest.Long(t)
	for colorimetry, want := range map[string]frame.HDR{"bt2100-pq": frame.PQ, "bt2100-hlg": frame.HLG, "bt2020-10": ""} {
		path := encode(t, 360, "I420_10LE, colorimetry="+colorimetry, "x265enc speed-preset=ultrafast log-level=none ! h265parse")
		feed := run(t, camtest.Source(t, "file://"+path))
		if hdr := feed.Stream().HDR; hdr != want {
			t.Errorf("%s: %q, want %q", colorimetry, hdr, want)
		}
		after(t, show(t, feed, frame.Rendition{Width: 320, Height: 180, Quality: 80}).slots[0], nil)
	}
}

// encode writes a file of 2 s that shows a green, and skips the test where the encoder is missing.
func encode(t *testing.T, height int, raw, encoder string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "patch.mkv")
	p, err := gst.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	line := fmt.Sprintf("videotestsrc pattern=solid-color foreground-color=0xff20c020 num-buffers=50 ! video/x-raw, format=RGB, width=%d, height=%d, framerate=25/1 ! "+
		"videoconvert ! video/x-raw, format=%s ! %s ! matroskamux ! filesink location=%s", height*16/9, height, raw, encoder, path)
	if element, _, _ := strings.Cut(encoder, " "); len(gst.Missing(element)) > 0 {
		t.Skipf("SKIPPED: this machine has no %s", element)
	}
	if _, err := p.AddLaunchLine(line); err != nil {
		t.Fatal(err)
	}
	if err := p.Play(t.Context(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-p.Ended():
	case <-time.After(20 * time.Second):
		err = errors.New("the encoder does not end")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return path
}

// TestGreyIsGreyUpToTheLastPixel has widths that are no multiples of a JPEG's blocks.
func TestGreyIsGreyUpToTheLastPixel(t *testing.T) {
	ramp := image.NewGray(image.Rect(0, 0, 640, 360))
	for i := range ramp.Pix {
		ramp.Pix[i] = byte(60 + 100*(i%640)/640)
	}
	feed, _ := still(t, ramp)
	for width := 340; width < 356; width += 2 {
		picture := decode(t, after(t, show(t, feed, frame.Rendition{Width: width, Height: 196, Quality: 80}).slots[0], nil))
		for x := range width {
			if c := color.YCbCrModel.Convert(picture.At(x, 100)).(color.YCbCr); c.Cb != 128 || c.Cr != 128 {
				t.Errorf("a picture of %d pixels has the colour %v at %d", width, c, x)
			}
		}
	}
}
