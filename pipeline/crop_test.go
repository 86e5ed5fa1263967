package pipeline

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// chart is a grey picture in which no two parts look alike: waves of growing frequency in both directions.
func chart(width, height int) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			picture.SetGray(x, y, color.Gray{Y: uint8(128 + 50*math.Sin(30*u*u) + 50*math.Sin(20*v*v+3*u))})
		}
	}
	return picture
}

// still serves a picture as a camera of single JPEGs, and returns its feed and what its pictures look like when decoded.
func still(t *testing.T, picture image.Image, masks ...configs.Mask) (*Feed, image.Image) {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(file.Bytes())
	}))
	t.Cleanup(server.Close)
	src := camtest.Source(t, server.URL+"/x")
	src.PollInterval, src.Masks = 50*time.Millisecond, masks
	decoded, err := jpeg.Decode(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return run(t, src), decoded
}

// grey is the brightness of a pixel, 0 to 255.
func grey(picture image.Image, x, y int) float64 {
	at := picture.Bounds().Min
	return float64(color.GrayModel.Convert(picture.At(at.X+x, at.Y+y)).(color.Gray).Y)
}

// turned is a picture that is rotated clockwise.
func turned(picture image.Image, degrees int) image.Image {
	size := picture.Bounds().Size()
	width, height := frame.Orientation{Degrees: degrees}.Size(size.X, size.Y)
	out := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := frame.Orientation{Degrees: degrees}.Before((float64(x)+0.5)/float64(width), (float64(y)+0.5)/float64(height))
			out.SetGray(x, y, color.Gray{Y: uint8(grey(picture, int(u*float64(size.X)), int(v*float64(size.Y))))})
		}
	}
	return out
}

// mean is the mean brightness of an area of a picture, whose edges may be between two pixels.
func mean(picture image.Image, x0, y0, x1, y1 float64) float64 {
	sum, whole := 0.0, 0.0
	for y := int(y0); float64(y) < y1-1e-9; y++ {
		for x := int(x0); float64(x) < x1-1e-9; x++ {
			share := (min(x1, float64(x+1)) - max(x0, float64(x))) * (min(y1, float64(y+1)) - max(y0, float64(y)))
			sum, whole = sum+share*grey(picture, x, y), whole+share
		}
	}
	return sum / whole
}

func TestCropShowsTheAverageOfTheCamerasPixels(t *testing.T) {
	for _, size := range [][2]int{{640, 360}, {321, 181}} {
		feed, camera := still(t, chart(size[0], size[1]))
		stream := frame.Stream{Codec: "mjpeg", Width: size[0], Height: size[1]}
		var renditions []frame.Rendition
		for _, rotate := range []int{0, 90, 180, 270} {
			for _, request := range []frame.Request{
				{Scale: 1, Crop: frame.Crop{X: 0.25, Y: 0.5, Width: 0.25, Height: 0.25}},
				{Scale: 0.5, Crop: frame.Crop{X: 0.5, Y: 0.1, Width: 0.5, Height: 0.5}},
				{Scale: 0.3, Crop: frame.Crop{X: 0.1, Y: 0, Width: 0.8, Height: 1}},
			} {
				request.Rotate, request.Quality, request.Format = rotate, 80, frame.PNG
				renditions = append(renditions, request.Resolve(stream))
			}
		}
		shown := show(t, feed, renditions...)
		for i, r := range renditions {
			average, worst := cropErrors(camera, decode(t, after(t, shown.slots[i], nil)), r)
			if average > 1 || worst > 6 {
				t.Errorf("%v, rotated by %d: pixels are off by %.1f in the mean, %.1f at most", r, r.Rotate, average, worst)
			}
		}
	}
}

func TestMasksHideTheSameSceneInACrop(t *testing.T) {
	white := image.NewGray(image.Rect(0, 0, 640, 360))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	feed, _ := still(t, white, configs.Mask{X: 0.5, Y: 0.5, Width: 0.25, Height: 0.25}, configs.Mask{X: 0, Y: 0, Width: 0.1, Height: 0.1})
	crop := func(x, y, width, height float64) frame.Crop {
		return frame.Crop{X: x, Y: y, Width: width, Height: height}
	}
	for name, c := range map[string]struct {
		request frame.Request
		dark    configs.Mask // of the rendition; the rest is white
	}{
		"in a part of it":   {frame.Request{Crop: crop(0.25, 0.25, 0.5, 0.5)}, configs.Mask{X: 0.5, Y: 0.5, Width: 0.5, Height: 0.5}},
		"all of it":         {frame.Request{Crop: crop(0.5, 0.5, 0.25, 0.25)}, configs.Mask{Width: 1, Height: 1}},
		"none of it":        {frame.Request{Crop: crop(0.1, 0.2, 0.25, 0.25)}, configs.Mask{}},
		"none, on the left": {frame.Request{Crop: crop(0.8, 0.8, 0.2, 0.2)}, configs.Mask{}},
		"rotated":           {frame.Request{Rotate: 90, Crop: crop(0, 0.5, 0.5, 0.5)}, configs.Mask{X: 0.5, Y: 0, Width: 0.5, Height: 0.5}},
		"enlarged":          {frame.Request{Crop: crop(0.475, 0.475, 0.05, 0.05), Upscale: true, Width: 128}, configs.Mask{X: 0.5, Y: 0.5, Width: 0.5, Height: 0.5}},
	} {
		c.request.Quality, c.request.Scale = 90, 0
		r := c.request.Resolve(frame.Stream{Codec: "mjpeg", Width: 640, Height: 360})
		picture := decode(t, after(t, show(t, feed, r).slots[0], nil))
		margin := 6.0
		if r.Width > int(r.Crop.Width*640) {
			margin = 20 // three pixels of the camera, and what rounding the crop moved
		}
		for y := range r.Height {
			for x := range r.Width {
				u, v := (float64(x)+0.5)/float64(r.Width), (float64(y)+0.5)/float64(r.Height)
				outside := max(c.dark.X-u, u-c.dark.X-c.dark.Width) * float64(r.Width)
				outside = max(outside, max(c.dark.Y-v, v-c.dark.Y-c.dark.Height)*float64(r.Height))
				if c.dark.Width == 0 {
					outside = margin + 1
				}
				if level := grey(picture, x, y); outside < 0 && level > 30 || outside > margin && level < 225 {
					t.Fatalf("%s: %v has brightness %v at %d,%d, %.1f pixels outside of the mask", name, r, level, x, y, outside)
				}
			}
		}
	}
}

// TestNothingOfWhatIsMaskedShowsInAnEnlargedCrop masks the only bright part of a picture, whose edges would be mixed with their neighbours.
func TestNothingOfWhatIsMaskedShowsInAnEnlargedCrop(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 640, 352))
	for y := 176; y < 352; y++ {
		for x := 320; x < 640; x++ {
			picture.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	feed, _ := still(t, picture, configs.Mask{X: 0.5, Y: 0.5, Width: 0.5, Height: 0.5})
	r := frame.Rendition{Width: 320, Height: 176, Quality: 95, Crop: frame.Crop{X: 0.475, Y: 0.475, Width: 0.05, Height: 0.05}} // as of a substream
	shown := decode(t, after(t, show(t, feed, r).slots[0], nil))
	for y := range shown.Bounds().Dy() {
		for x := range shown.Bounds().Dx() {
			if level := grey(shown, x, y); level > 8 {
				t.Fatalf("brightness %v at %d,%d", level, x, y)
			}
		}
	}
}

// TestNoColourOfWhatIsMaskedShowsInAnEnlargedCrop masks the only coloured part of a picture, whose edges share samples of chroma with what
// is beside them.
func TestNoColourOfWhatIsMaskedShowsInAnEnlargedCrop(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 640, 352))
	for y := range 352 {
		for x := range 640 {
			c := color.RGBA{128, 128, 128, 255}
			if x >= 321 && y >= 177 {
				c = color.RGBA{255, 0, 0, 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	feed, _ := still(t, picture, configs.Mask{X: 321.0 / 640, Y: 177.0 / 352, Width: 319.0 / 640, Height: 175.0 / 352})
	r := frame.Rendition{Width: 320, Height: 176, Quality: 95, Crop: frame.Crop{X: 0.475, Y: 0.475, Width: 0.05, Height: 0.05}}
	shown := decode(t, after(t, show(t, feed, r).slots[0], nil))
	for y := range shown.Bounds().Dy() {
		for x := range shown.Bounds().Dx() {
			if c := color.YCbCrModel.Convert(shown.At(x, y)).(color.YCbCr); c.Cr > 140 {
				t.Fatalf("the colour %v at %d,%d", c, x, y)
			}
		}
	}
}

// TestEveryPlatformCropsPictures compares crops with the same parts of whole pictures.
func TestEveryPlatformCropsPictures(t *testing.T) {
	renditions := []frame.Rendition{
		{Width: 640, Height: 360, Format: frame.PNG}, // whose colours framegate converts on every platform
		{Width: 320, Height: 180, Quality: 95, Crop: frame.Crop{X: 0.5, Y: 0.5, Width: 0.5, Height: 0.5}},
		{Width: 80, Height: 90, Quality: 95, Crop: frame.Crop{X: 0.25, Y: 0, Width: 0.25, Height: 0.5}},
		{Width: 180, Height: 160, Quality: 95, Rotate: 90, Crop: frame.Crop{X: 0.5, Y: 0.25, Width: 0.5, Height: 0.25}},
	}
	onEveryPlatform(t, testcam.Camera{Width: 640, Height: 360, Loop: time.Second}, func(t *testing.T, feed *running) *shown {
		feed.Stream(t)
		shown := show(t, feed.Feed, renditions...)
		for i, r := range renditions[1:] {
			whole, part := samePicture(t, shown.slots[0], shown.slots[i+1])
			if off, _ := cropErrors(decode(t, whole), decode(t, part), r); off > 4 {
				t.Errorf("%v: pixels are off by %.1f in the mean", r, off)
			}
		}
		return shown
	})
}

// samePicture waits for two frames of the same image.
func samePicture(t *testing.T, a, b *frame.Slot) (fa, fb *frame.Frame) {
	t.Helper()
	fa, fb = after(t, a, nil), after(t, b, nil)
	for fa.PTS != fb.PTS {
		if fa.PTS < fb.PTS {
			fa = after(t, a, fa)
		} else {
			fb = after(t, b, fb)
		}
	}
	return fa, fb
}

// cropErrors are the mean and the largest difference of the pixels of a crop from the same areas of the whole picture.
func cropErrors(whole, part image.Image, r frame.Rendition) (average, worst float64) {
	whole = turned(whole, r.Rotate)
	width, height := float64(whole.Bounds().Dx()), float64(whole.Bounds().Dy())
	stepX, stepY := r.Crop.Width*width/float64(r.Width), r.Crop.Height*height/float64(r.Height)
	sum := 0.0
	for y := range r.Height {
		for x := range r.Width {
			left, top := r.Crop.X*width+float64(x)*stepX, r.Crop.Y*height+float64(y)*stepY
			off := math.Abs(grey(part, x, y) - mean(whole, left, top, left+stepX, top+stepY))
			sum, worst = sum+off, max(worst, off)
		}
	}
	return sum / float64(r.Width*r.Height), worst
}

// TestCropTakesTheSharpestPicture shows a crop of a large camera with as many pixels as the camera has there.
func TestCropTakesTheSharpestPicture(t *testing.T) {
	stripes := image.NewGray(image.Rect(0, 0, 1280, 720))
	for y := range 720 {
		for x := range 1280 {
			stripes.Pix[y*stripes.Stride+x] = byte(255 * (x / 2 % 2))
		}
	}
	feed, _ := still(t, stripes)
	stream := frame.Stream{Codec: "mjpeg", Width: 1280, Height: 720}
	request := frame.Request{Width: 320, Quality: 95}
	crop := request
	crop.Crop = frame.Crop{X: 0.3, Y: 0.3, Width: 0.25, Height: 0.25}
	shown := show(t, feed, request.Resolve(stream), crop.Resolve(stream))
	for i, want := range map[int]float64{0: 0, 1: 255} { // the difference of neighbouring stripes
		picture := decode(t, after(t, shown.slots[i], nil))
		if got := math.Abs(grey(picture, 100, 90) - grey(picture, 102, 90)); math.Abs(got-want) > 25 {
			t.Errorf("picture %d shows stripes with a contrast of %.0f, want %.0f", i, got, want)
		}
	}
}
