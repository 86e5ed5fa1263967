package pipeline

import (
	"bytes"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/patches"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/picture"
	"github.com/framegate/framegate/pipeline/webp"
)

// decode reads a frame of any format.
func decode(t testing.TB, f *frame.Frame) image.Image {
	t.Helper()
	if f.Format.Raw() {
		return patches.Pixels{Format: f.Format, Width: f.Width, Height: f.Height, Data: f.Picture()}
	}
	picture, format, err := webp.Decode(bytes.NewReader(f.Picture()))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimPrefix(f.Format.MediaType(), "image/"); format != want {
		t.Errorf("got a picture in %s, want %s", format, want)
	}
	if size := picture.Bounds(); size.Dx() != f.Width || size.Dy() != f.Height {
		t.Errorf("got a picture of %v, want %dx%d", size, f.Width, f.Height)
	}
	return picture
}

// brightness is the mean of a part of a picture, 0 to 1, where the part is given as in a mask.
func brightness(picture image.Image, m configs.Mask) float64 {
	size, sum, n := picture.Bounds(), 0.0, 0
	for y := int(m.Y * float64(size.Dy())); y < int((m.Y+m.Height)*float64(size.Dy())); y++ {
		for x := int(m.X * float64(size.Dx())); x < int((m.X+m.Width)*float64(size.Dx())); x++ {
			r, g, b, _ := picture.At(size.Min.X+x, size.Min.Y+y).RGBA()
			sum, n = sum+float64(r+g+b)/3/0xFFFF, n+1
		}
	}
	return sum / float64(n)
}

func TestMasksArePaintedIntoEveryOutput(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Codec: testcam.MJPEG, Width: 640, Height: 360})
	src := camtest.Source(t, server.URL("cam1"))
	whole := show(t, run(t, src), frame.Rendition{Width: 640, Height: 360, Quality: 80})
	src.Masks = []configs.Mask{{X: 0.5, Y: 0.5, Width: 0.3, Height: 0.4}, {X: 0, Y: 0, Width: 1, Height: 0.1}}
	if b := brightness(decode(t, after(t, whole.slots[0], nil)), src.Masks[0]); b < 0.1 {
		t.Fatalf("the camera itself is dark there: brightness %v", b)
	}
	rotated := []configs.Mask{{X: 0.1, Y: 0.5, Width: 0.4, Height: 0.3}, {X: 0.9, Y: 0, Width: 0.1, Height: 1}}
	renditions := []frame.Rendition{
		{Width: 320, Height: 180, Quality: 80},
		{Width: 640, Height: 360, Quality: 80},
		{Width: 640, Height: 360}, // would be passed through
		{Width: 640, Height: 360, Quality: 80, Format: frame.PNG},
		{Width: 320, Height: 180, Quality: 80, Format: frame.WebP},
		{Width: 180, Height: 320, Quality: 80, Rotate: 90},
		{Width: 640, Height: 360, Quality: 80, Overlay: frame.Overlay{Text: "x"}},
		{Width: 640, Height: 360, Format: frame.BGR},
		{Width: 180, Height: 320, Format: frame.RGB, Rotate: 90},
		{Width: 320, Height: 180, Format: frame.Gray},
		{Width: 320, Height: 180, Format: frame.I420},
	}
	shown := show(t, run(t, src), renditions...)
	for i, r := range renditions {
		masks := src.Masks
		if r.Rotate == 90 {
			masks = rotated
		}
		got := decode(t, after(t, shown.slots[i], nil))
		for _, m := range masks {
			if b := brightness(got, m); b > 0.02 && r.Overlay.Empty() || b > 0.1 {
				t.Errorf("%+v: got brightness %v in %v, want black", r, b, m)
			}
		}
	}
	if plan := shown.Plan(); plan.Name == picture.PassThrough {
		t.Error("a masked camera was passed through")
	}
}

// run is runFeed for a test that needs no more than the feed.
func run(t testing.TB, src configs.Source) *Feed {
	t.Helper()
	feed := runFeed(t, src)
	feed.Stream(t)
	return feed.Feed
}

func TestJPEGCameraIsPassedThroughIfItsSizeIsWanted(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Codec: testcam.MJPEG, Width: 640, Height: 360})
	for name, url := range map[string]string{"rtsp": server.URL("cam1"), "http": server.ControlURL() + "/cam1.mjpg"} {
		t.Run(name, func(t *testing.T) {
			feed := run(t, camtest.Source(t, url))
			shown := show(t, feed, frame.Rendition{Width: 640, Height: 360}, frame.Rendition{Width: 640, Height: 360, FPS: 5},
				frame.Rendition{Width: 640, Height: 360, Keyframes: true}) // which all are
			f := after(t, shown.slots[0], nil)
			for range 10 {
				next := after(t, shown.slots[0], f)
				_, a, _, _ := camtest.Read(t, f.Picture())
				_, b, _, _ := camtest.Read(t, next.Picture())
				if a == b {
					t.Errorf("got frame %d twice", a)
				}
				f = next
			}
			if plan := shown.Plan(); plan.Name != picture.PassThrough || plan.Decoder != "" {
				t.Errorf("got plan %+v, want %s", plan, picture.PassThrough)
			}
			camtest.Until(t, "pictures at all rates", func() bool {
				return shown.slots[0].Frames() > 30 && shown.slots[1].Frames() > 4 && shown.slots[2].Frames() > 25
			})
			if all, few := shown.slots[0].Frames(), shown.slots[1].Frames(); few*3 > all {
				t.Errorf("got %d frames at 25 fps and %d at 5", all, few)
			}
		})
	}
}

func TestAspectIsThatOfTheStreamUnlessTheConfigurationSaysOtherwise(t *testing.T) {
	server := camtest.Start(t,
		testcam.Camera{Name: "h264", Width: 704, Height: 576, PixelAspect: frame.Ratio{Width: 16, Height: 11}},
		testcam.Camera{Name: "h265", Codec: testcam.H265, Width: 720, Height: 480, PixelAspect: frame.Ratio{Width: 8, Height: 9}},
		testcam.Camera{Name: "mpeg4", Codec: testcam.MPEG4, Width: 704, Height: 576, PixelAspect: frame.Ratio{Width: 16, Height: 11}},
		testcam.Camera{Name: "mpeg4-extended", Codec: testcam.MPEG4, Width: 704, Height: 576, PixelAspect: frame.Ratio{Width: 13, Height: 11}},
		testcam.Camera{Name: "jpeg", Codec: testcam.MJPEG, Width: 704, Height: 576},
	)
	for _, c := range []struct {
		camera        string
		aspect        frame.Ratio
		width, height int
	}{
		{"h264", frame.Ratio{}, 1024, 576},
		{"h264", frame.Ratio{Width: 4, Height: 3}, 768, 576},
		{"h264", frame.Ratio{Width: 11, Height: 9}, 704, 576}, // the camera lies
		{"h265", frame.Ratio{}, 640, 480},
		{"mpeg4", frame.Ratio{}, 1024, 576},
		{"mpeg4", frame.Ratio{Width: 4, Height: 3}, 768, 576},
		{"mpeg4-extended", frame.Ratio{}, 832, 576},
		{"jpeg", frame.Ratio{}, 704, 576},
		{"jpeg", frame.Ratio{Width: 16, Height: 9}, 1024, 576},
	} {
		src := camtest.Source(t, server.URL(c.camera))
		src.Aspect = c.aspect
		feed := runFeed(t, src)
		stream := feed.Stream(t)
		if w, h := stream.DisplaySize(); w != c.width || h != c.height {
			t.Errorf("%s at %v is shown at %dx%d, want %dx%d", c.camera, c.aspect, w, h, c.width, c.height)
		}
		shown := show(t, feed.Feed, frame.Request{Quality: 80, Scale: 1, AsSent: true}.Resolve(stream))
		_, _, w, h := camtest.Read(t, after(t, shown.slots[0], nil).Picture())
		if w != c.width || h != c.height {
			t.Errorf("%s at %v: got a picture of %dx%d, want %dx%d", c.camera, c.aspect, w, h, c.width, c.height)
		}
		if passed := caughtUp(t, shown).Name == picture.PassThrough; passed != (c.camera == "jpeg" && !c.aspect.Known()) {
			t.Errorf("%s at %v: passed through is %v", c.camera, c.aspect, passed)
		}
		feed.Stop()
	}
}

func TestPassedAndDecodedPicturesShareOneConnection(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Codec: testcam.MJPEG, Width: 640, Height: 360})
	picture := show(t, run(t, camtest.Source(t, server.URL("cam1"))), frame.Rendition{Width: 640, Height: 360}, small)
	for i, want := range []int{640, 320} {
		_, _, width, _ := camtest.Read(t, after(t, picture.slots[i], nil).Picture())
		if width != want {
			t.Errorf("got width %d, want %d", width, want)
		}
	}
	if n := server.Viewers("cam1"); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
}

func TestKeyframesAloneAreDecodedForALowRate(t *testing.T) {
	camtest.Long(t)
	server := camtest.Start(t,
		testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 12, Loop: 2 * time.Second},
		testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 12, Loop: 2 * time.Second, BFrames: 2})
	for name, r := range map[string]frame.Rendition{
		"cam1": {Width: 320, Height: 180, FPS: 2, Quality: 80}, "cam2": {Width: 320, Height: 180, Keyframes: true, Quality: 80},
	} {
		t.Run(name, func(t *testing.T) {
			feed := run(t, camtest.Source(t, server.URL(name)))
			camtest.Until(t, "the keyframe interval is known", func() bool { return feed.KeyframeInterval() > 0 })
			picture := show(t, feed, r)
			var f *frame.Frame
			for range 5 {
				f = after(t, picture.slots[0], f)
				if _, n, _, _ := camtest.Read(t, f.Picture()); n%12 != 0 {
					t.Errorf("got frame %d at %v, want a keyframe", n, f.PTS)
				}
			}
			if n := picture.Sent(); n > 5*6 { // B-frames hold a keyframe back until some units follow
				t.Errorf("%d units were decoded for 5 pictures, want at most 30", n)
			}
		})
	}
}

func TestKeyframeRenditionShowsOnlyKeyframesOfASharedDecode(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 12, Loop: 2 * time.Second})
	keys := small
	keys.Keyframes = true
	picture := show(t, run(t, camtest.Source(t, server.URL("cam1"))), small, keys)
	var f *frame.Frame
	for range 4 {
		f = after(t, picture.slots[1], f)
		if _, n, _, _ := camtest.Read(t, f.Picture()); n%12 != 0 {
			t.Errorf("got frame %d, want a keyframe", n)
		}
	}
	if all := picture.slots[0].Frames(); all < 25 {
		t.Errorf("got %d frames while 4 keyframes arrived, want 25 or more", all)
	}
}

func TestUnitsThatNobodyRefersToAreNotDecodedForALowerRate(t *testing.T) {
	camtest.Long(t)
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 50, Loop: 4 * time.Second, BFrames: 2})
	feed := run(t, camtest.Source(t, server.URL("cam1")))
	camtest.Until(t, "the rates are known", func() bool { return feed.Rate().ReferencesPerSecond() > 0 })
	if refs, all := feed.Rate().ReferencesPerSecond(), feed.Rate().PerSecond(); refs > 0.8*all {
		t.Fatalf("%v of %v units a second are referred to", refs, all)
	}
	r := small
	r.FPS = 5
	picture := show(t, feed, r)
	f := after(t, picture.slots[0], nil)
	from := feed.Units().Total()
	sent := picture.Sent()
	for range 10 {
		f = after(t, picture.slots[0], f)
		camtest.Read(t, f.Picture())
	}
	arrived := feed.Units().Total() - from
	if n := uint64(picture.Sent() - sent); n*10 > arrived*9 {
		t.Errorf("%d of %d units were decoded, want fewer than 90%%", n, arrived)
	}
}

func TestPicturesAreRotated(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	feed := run(t, camtest.Source(t, server.URL("cam1")))
	half := frame.Rendition{Width: 320, Height: 180, Quality: 95}
	right, around, left := half, half, half
	right.Rotate, right.Width, right.Height = 90, 180, 320
	left.Rotate, left.Width, left.Height = 270, 180, 320
	around.Rotate = 180
	picture := show(t, feed, half, right, around, left)
	upright := decode(t, after(t, picture.slots[0], nil))
	// Where the upper left part of the picture is after the rotation, and its brightness in the first frame that all share.
	corner := configs.Mask{X: 0.02, Y: 0.02, Width: 0.2, Height: 0.1}
	want := brightness(upright, corner)
	for i, at := range []configs.Mask{
		corner, {X: 0.88, Y: 0.02, Width: 0.1, Height: 0.2}, {X: 0.78, Y: 0.88, Width: 0.2, Height: 0.1}, {X: 0.02, Y: 0.78, Width: 0.1, Height: 0.2},
	} {
		if got := brightness(decode(t, after(t, picture.slots[i], nil)), at); got-want > 0.1 || want-got > 0.1 {
			t.Errorf("rotated by %d: got brightness %v, want %v", 90*i, got, want)
		}
	}
}

func TestTextIsWrittenInItsCorner(t *testing.T) {
	src := camtest.Source(t, "test://ball?width=640&height=360")
	feed := run(t, src)
	plain := frame.Rendition{Width: 640, Height: 360, Quality: 90}
	texts := []frame.Overlay{
		{}, {Name: "Front <gate> & yard", Corner: frame.TopLeft}, {Time: true, Corner: frame.BottomRight, Size: 0.1},
	}
	var renditions []frame.Rendition
	for _, o := range texts {
		r := plain
		r.Overlay = o
		renditions = append(renditions, r)
	}
	picture := show(t, feed, renditions...)
	corners := []configs.Mask{{X: 0.01, Y: 0.01, Width: 0.2, Height: 0.08}, {X: 0.7, Y: 0.9, Width: 0.28, Height: 0.08}}
	// The background is black except for the ball, which begins in the middle.
	dark := brightness(decode(t, after(t, picture.slots[0], nil)), corners[0])
	for i, want := range [][2]bool{{false, false}, {true, false}, {false, true}} {
		got := decode(t, after(t, picture.slots[i], nil))
		for j, corner := range corners {
			if written := brightness(got, corner) > 1.2*dark; written != want[j] {
				t.Errorf("%+v: got text in corner %d: %v, want %v", texts[i], j, written, want[j])
			}
		}
	}
	if w := picture.Plan().Warnings; len(w) > 0 {
		t.Errorf("got warnings %v, want none", w)
	}
}

func TestEqualPicturesAreLeftOutExceptOneASecond(t *testing.T) {
	feed := run(t, camtest.Source(t, "test://clock?width=320&height=180"))
	every := frame.Rendition{Width: 320, Height: 180, Quality: 80}
	changed := every
	changed.DropSame = true
	picture := show(t, feed, every, changed)
	camtest.Until(t, "three seconds of pictures", func() bool { return picture.slots[0].Frames() > 75 })
	if n := picture.slots[1].Frames(); n < 3 || n > 15 {
		t.Errorf("got %d of %d pictures of a clock, want 3 to 15", n, picture.slots[0].Frames())
	}
}

// contrast is the brightness of the darkest and of the brightest spot of a picture.
func contrast(picture image.Image) (darkest, brightest float64) {
	darkest = 1
	const spot = 0.01
	for y := 0.0; y < 1; y += spot {
		for x := 0.0; x < 1; x += spot {
			b := brightness(picture, configs.Mask{X: x, Y: y, Width: spot, Height: spot})
			darkest, brightest = min(darkest, b), max(brightest, b)
		}
	}
	return darkest, brightest
}

func TestBlackIsBlackInEveryFormat(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	jpeg := frame.Rendition{Width: 640, Height: 360, Quality: 90}
	png := jpeg
	png.Format = frame.PNG
	picture := show(t, run(t, camtest.Source(t, server.URL("cam1"))), jpeg, png)
	dark, bright := contrast(decode(t, after(t, picture.slots[0], nil)))
	wantDark, wantBright := contrast(decode(t, after(t, picture.slots[1], nil)))
	if dark > 0.03 || dark > wantDark+0.02 || bright < wantBright-0.02 {
		t.Errorf("got brightness from %.2f to %.2f in JPEG, want %.2f to %.2f as in PNG", dark, bright, wantDark, wantBright)
	}
}

// TestGreyJPEGsKeepTheirBlack decodes pictures without colour, as thermal cameras send them.
func TestGreyJPEGsKeepTheirBlack(t *testing.T) {
	feed, _ := still(t, image.NewGray(image.Rect(0, 0, 64, 48)))
	picture := show(t, feed, frame.Rendition{Width: 32, Height: 24, Quality: 90})
	shown := decodeJPEG(t, after(t, picture.slots[0], nil))
	if grey := color.GrayModel.Convert(shown.At(16, 12)).(color.Gray); grey.Y > 4 {
		t.Errorf("black became %d, want at most 4", grey.Y)
	}
}
