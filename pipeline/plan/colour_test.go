package plan_test

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	_ "image/jpeg"
	_ "image/png"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/plan/plantest"
)

// TestColoursOfAnUntaggedCameraAreTrueOnEveryPlatform shows a patch in the matrix that framegate assumes, whatever a device does to it
// before it is finished in system memory.
func TestColoursOfAnUntaggedCameraAreTrueOnEveryPlatform(t *testing.T) {
	camtest.Long(t)
	camera := plan.Camera{Width: 1280, Height: 720, Untagged: true}
	smaller := plan.Camera{Width: 1152, Height: 648, Untagged: true} // which decoders take for BT.709
	flat := plan.Camera{Width: 1280, Height: 544, Untagged: true}    // which decoders take for BT.601
	masked := camera
	masked.Masks = []configs.Mask{{Width: 0.1, Height: 0.1}}
	plantest.OnEveryPlatform(t, func(t *testing.T, m *plan.Machine, hardware string) {
		best := m.NewFallback(configs.Plans{Hardware: hardware}, nil).Best("h264")
		for _, c := range []struct {
			name   string
			r      frame.Rendition
			camera plan.Camera
		}{
			{"a crop of the camera's own pixels", frame.Rendition{Width: 320, Height: 180, Quality: 95, Crop: frame.Crop{X: 0.25, Y: 0.25, Width: 0.25, Height: 0.25}}, camera},
			{"a crop that is made smaller", frame.Rendition{Width: 80, Height: 46, Quality: 95, Crop: frame.Crop{X: 0.25, Y: 0.25, Width: 0.25, Height: 0.25}}, camera},
			{"PNG", frame.Rendition{Width: 480, Height: 270, Format: frame.PNG}, camera},
			{"large PNG", frame.Rendition{Width: 1280, Height: 720, Format: frame.PNG}, camera},
			{"rotated", frame.Rendition{Width: 270, Height: 480, Quality: 95, Rotate: 90}, camera},
			{"masked", frame.Rendition{Width: 480, Height: 270, Quality: 95}, masked},
			{"smaller", frame.Rendition{Width: 480, Height: 270, Quality: 95}, smaller},
			{"smaller, large JPEG", frame.Rendition{Width: 1152, Height: 648, Quality: 95}, smaller},
			{"smaller, PNG", frame.Rendition{Width: 480, Height: 270, Format: frame.PNG}, smaller},
			{"flat JPEG", frame.Rendition{Width: 480, Height: 204, Quality: 95}, flat},
			{"flat JPEG, large", frame.Rendition{Width: 1280, Height: 544, Quality: 95}, flat},
			{"flat, PNG", frame.Rendition{Width: 480, Height: 204, Format: frame.PNG}, flat},
		} {
			if strings.HasPrefix(c.name, "flat JPEG") && !slices.Contains([]string{"nvidia", "va", "qsv", configs.NoHardware}, hardware) {
				continue // the device encodes it, and its scaler does not convert
			}
			picture := patchOn(t, best, c.r, c.camera)
			red, green, blue, _ := picture.At(c.r.Width/2, c.r.Height/2).RGBA()
			for channel, v := range [3][2]float64{{float64(red >> 8), 32}, {float64(green >> 8), 192}, {float64(blue >> 8), 32}} {
				if math.Abs(v[0]-v[1]) > 10 { // videoconvert in the stand-ins is off by 8, a wrong matrix by 16 or more
					t.Errorf("%s: channel %d is %v, want %v", c.name, channel, v[0], v[1])
				}
			}
		}
	})
}

// patchOn returns the picture that a plan makes of a green in H.264, for which decoders state the matrix that they take for its height.
func patchOn(t *testing.T, p plan.Candidate, r frame.Rendition, camera plan.Camera) image.Image {
	t.Helper()
	g, err := gst.New()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	matrix, taken := "bt601", "bt601"
	if camera.Width >= 1280 {
		matrix = "bt709"
	}
	if camera.Height > 576 {
		taken = "bt709"
	}
	source, err := g.AddLaunchLine(fmt.Sprintf("videotestsrc pattern=solid-color foreground-color=0xff20c020 num-buffers=5 ! "+
		"video/x-raw, format=RGB, width=%d, height=%d, framerate=25/1 ! videoconvert ! video/x-raw, format=I420, colorimetry=%s ! "+
		"capssetter caps=\"video/x-raw, colorimetry=%s\" ! x264enc speed-preset=ultrafast tune=zerolatency ! h264parse", camera.Width, camera.Height, matrix, taken))
	if err != nil {
		t.Fatal(err)
	}
	first, last, err := p.AddDecoder(g, "", true)
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := p.AddOutput(g, r, camera)
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Link(first); err != nil {
		t.Fatal(err)
	}
	if err := last.Link(in); err != nil {
		t.Fatal(err)
	}
	queue, err := gst.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	queue.Collect(out, 0)
	if err := g.Play(t.Context(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-g.Ended():
	case <-time.After(camtest.Patience):
		t.Fatal("the pipeline does not end")
	}
	var made []byte
	queue.Take(func(s gst.Sample) { made = bytes.Clone(s.Data) }, gst.NoDelay)
	if err != io.EOF || made == nil {
		t.Fatalf("%v: %v, %d bytes", r, err, len(made))
	}
	picture, _, err := image.Decode(bytes.NewReader(made))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
