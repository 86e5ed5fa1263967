package pipeline

import (
	"bytes"
	"image"
	"image/color"
	"runtime"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/patches"
	"github.com/framegate/framegate/pipeline/frame"
	xwebp "golang.org/x/image/webp"
)

// TestColoursAreTrue shows patches that cameras have encoded with each codec, matrix, range and depth, in each format of pictures.
// Streams that state nothing count as BT.709 from 1280x720 on, else as BT.601. The next camera is a row.
func TestColoursAreTrue(t *testing.T) {
	camtest.Long(t)
	const (
		x264 = "x264enc speed-preset=ultrafast pass=quant quantizer=1"
		x265 = "x265enc speed-preset=ultrafast qp=1 log-level=none ! h265parse"
		// These state no matrix, once patches.Untag has removed that of x264enc, and neither does their container. vp9enc always states one.
		none264 = x264 + " ! h264parse ! mpegtsmux"
		none265 = "x265enc speed-preset=ultrafast qp=1 log-level=none option-string=colormatrix=unknown:colorprim=unknown:transfer=unknown ! h265parse ! mpegtsmux"
		vp9     = "vp9enc deadline=1 cpu-used=8 max-quantizer=2"
		jpeg    = "jpegenc quality=95 idct-method=islow"
	)
	for name, c := range map[string]struct {
		height  int
		camera  patches.Layout
		encoder string
	}{
		"H.264 BT.601":                            {720, patches.Layout{Format: "I420", Matrix: patches.BT601}, x264},
		"H.264 BT.601 full":                       {720, patches.Layout{Format: "I420", Matrix: patches.BT601, Full: true}, x264},
		"H.264 BT.601 full, small":                {360, patches.Layout{Format: "I420", Matrix: patches.BT601, Full: true}, x264},
		"H.264 BT.601 10 bit":                     {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT601}, x264},
		"H.264 BT.709":                            {360, patches.Layout{Format: "I420", Matrix: patches.BT709}, x264},
		"H.264 BT.709 full":                       {360, patches.Layout{Format: "I420", Matrix: patches.BT709, Full: true}, x264},
		"H.264 BT.709 10 bit":                     {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT709}, x264},
		"H.264 BT.709 full 10 bit":                {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT709, Full: true}, x264},
		"H.264 BT.709 4:2:2":                      {360, patches.Layout{Format: "Y42B", Matrix: patches.BT709}, x264},
		"H.264 BT.709 4:4:4":                      {360, patches.Layout{Format: "Y444", Matrix: patches.BT709}, x264},
		"H.264 BT.2020":                           {360, patches.Layout{Format: "I420", Matrix: patches.BT2020}, x264},
		"H.264 BT.2020 full":                      {360, patches.Layout{Format: "I420", Matrix: patches.BT2020, Full: true}, x264},
		"H.264 BT.2020 10 bit":                    {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT2020}, x264},
		"H.265 BT.601":                            {720, patches.Layout{Format: "I420", Matrix: patches.BT601}, x265},
		"H.265 BT.601 full":                       {360, patches.Layout{Format: "I420", Matrix: patches.BT601, Full: true}, x265},
		"H.265 BT.601 10 bit":                     {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT601}, x265},
		"H.265 BT.709":                            {360, patches.Layout{Format: "I420", Matrix: patches.BT709}, x265},
		"H.265 BT.709 full":                       {360, patches.Layout{Format: "I420", Matrix: patches.BT709, Full: true}, x265},
		"H.265 BT.709 10 bit":                     {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT709}, x265},
		"H.265 BT.2020":                           {360, patches.Layout{Format: "I420", Matrix: patches.BT2020}, x265},
		"H.265 BT.2020 10 bit":                    {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT2020}, x265},
		"H.265 BT.2020 full 10 bit":               {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT2020, Full: true}, x265},
		"H.264 states nothing":                    {720, patches.Layout{Format: "I420", Matrix: patches.BT709}, none264},
		"H.264 states nothing, small":             {360, patches.Layout{Format: "I420", Matrix: patches.BT601}, none264},
		"H.264 states nothing, 648 lines":         {648, patches.Layout{Format: "I420", Matrix: patches.BT601}, none264},
		"H.265 states nothing":                    {720, patches.Layout{Format: "I420", Matrix: patches.BT709}, none265},
		"H.265 states nothing, small, 10 bit":     {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT601}, none265},
		"H.265 states nothing, 648 lines":         {648, patches.Layout{Format: "I420", Matrix: patches.BT601}, none265},
		"H.265 states nothing, 648 lines, 10 bit": {648, patches.Layout{Format: "I420_10LE", Matrix: patches.BT601}, none265},
		"VP9 BT.601":                              {720, patches.Layout{Format: "I420", Matrix: patches.BT601}, vp9},
		"VP9 BT.601 full":                         {360, patches.Layout{Format: "I420", Matrix: patches.BT601, Full: true}, vp9},
		"VP9 BT.601 10 bit":                       {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT601}, vp9},
		"VP9 BT.709":                              {360, patches.Layout{Format: "I420", Matrix: patches.BT709}, vp9},
		"VP9 BT.709 full":                         {360, patches.Layout{Format: "I420", Matrix: patches.BT709, Full: true}, vp9},
		"VP9 BT.709 10 bit":                       {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT709}, vp9},
		"VP9 BT.2020":                             {360, patches.Layout{Format: "I420", Matrix: patches.BT2020}, vp9},
		"VP9 BT.2020 full":                        {360, patches.Layout{Format: "I420", Matrix: patches.BT2020, Full: true}, vp9},
		"VP9 BT.2020 10 bit":                      {360, patches.Layout{Format: "I420_10LE", Matrix: patches.BT2020}, vp9},
		"MJPEG":                                   {720, patches.Layout{Format: "I420", Matrix: patches.BT601, Full: true}, jpeg},
		"MJPEG 4:2:2":                             {360, patches.Layout{Format: "Y42B", Matrix: patches.BT601, Full: true}, jpeg},
		"MJPEG 4:4:4":                             {360, patches.Layout{Format: "Y444", Matrix: patches.BT601, Full: true}, jpeg},
	} {
		t.Run(name, func(t *testing.T) {
			width := c.height * 16 / 9
			samples, colours := c.camera.Picture(width, c.height)
			path := encode(t, c.camera, samples, width, c.height, c.encoder)
			if c.encoder == none264 {
				if err := patches.Untag(path); err != nil {
					t.Fatal(err)
				}
			}
			renditions := []frame.Rendition{
				{Width: width / 4, Height: c.height / 4, Quality: 90},
				{Width: width, Height: c.height, Quality: 90},
				{Width: 300, Height: 170, Quality: 90},
				{Width: width / 4, Height: c.height / 4, Quality: 90, Format: frame.PNG},
				{Width: width / 4, Height: c.height / 4, Quality: 100, Format: frame.WebP},
				{Width: 300, Height: 170, Quality: 90, Format: frame.BGR},
				{Width: width / 4, Height: c.height / 4, Quality: 90, Format: frame.RGB},
				{Width: 302, Height: 170, Quality: 90, Format: frame.I420},
			}
			feed := run(t, camtest.Source(t, "file://"+path))
			shown := show(t, feed, renditions...)
			states := c.encoder != none264 && c.encoder != none265
			newest, ok := feed.Units().Newest()
			for ; !ok; newest, ok = feed.Units().Newest() { // where the file begins again
				runtime.Gosched()
			}
			if newest.Format.Stream.Codec != "mjpeg" && newest.Format.Untagged == states {
				t.Errorf("the stream states a matrix: %v, want %v", !newest.Format.Untagged, states)
			}
			for i, r := range renditions {
				made := after(t, shown.slots[i], nil)
				if made.Format != r.Format || made.Width != r.Width {
					t.Errorf("%v %s: got %s, %d pixels wide", r, r.Format, made.Format, made.Width)
				}
				picture := decode(t, made)
				if r.Format == frame.WebP {
					picture = limitedRange(t, made)
				}
				got := patches.Read(picture)
				for j, off := range got.Off(colours) {
					if off > 3 {
						t.Errorf("%v %s: the patch of %.1f is %.1f", r, r.Format, colours[j], got[j])
					}
				}
			}
		})
	}
}

// limitedRange decodes a WebP with losses.
func limitedRange(t *testing.T, f *frame.Frame) image.Image {
	t.Helper()
	decoded, err := xwebp.Decode(bytes.NewReader(f.Picture()))
	if err != nil {
		t.Fatal(err)
	}
	return patches.LimitedRange(decoded.(*image.YCbCr))
}

// TestHDRIsReported of files with each transfer function, which GStreamer reads. VP9 has it in the file only.
func TestHDRIsReported(t *testing.T) {
	camtest.Long(t)
	for name, encoder := range map[string]string{
		"H.265": "x265enc speed-preset=ultrafast log-level=none ! h265parse",
		"VP9":   "vp9enc deadline=1 cpu-used=8",
	} {
		t.Run(name, func(t *testing.T) {
			for colorimetry, want := range map[string]frame.HDR{"bt2100-pq": frame.PQ, "bt2100-hlg": frame.HLG, "bt2020-10": ""} {
				const width, height = 640, 360
				camera := patches.Layout{Format: "I420_10LE", Matrix: patches.Matrix{Red: 0.2627, Blue: 0.0593, Limited: colorimetry}}
				samples, _ := camera.Picture(width, height)
				path := encode(t, camera, samples, width, height, encoder)
				feed := run(t, camtest.Source(t, "file://"+path))
				if hdr := feed.Stream().HDR; hdr != want {
					t.Errorf("%s: %q, want %q", colorimetry, hdr, want)
				}
				after(t, show(t, feed, frame.Rendition{Width: 320, Height: 180, Quality: 80}).slots[0], nil)
			}
		})
	}
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
