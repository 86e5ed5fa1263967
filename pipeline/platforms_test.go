package pipeline

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/plan/plantest"
)

func TestMain(m *testing.M) { plantest.Main(m) }

// watchOn runs a feed whose pictures a platform makes, and one picture of it.
func watchOn(t *testing.T, m *plan.Machine, url, platform string, r frame.Rendition) (*running, *shown) {
	t.Helper()
	src := camtest.Source(t, url)
	src.Plans = configs.Plans{Hardware: platform, Timeout: 3 * time.Second}
	feed := runFeedOf(t, m, src)
	feed.Stream(t)
	return feed, show(t, feed.Feed, r)
}

func TestEveryPlatformMakesPicturesOnItsOwnPlan(t *testing.T) {
	camtest.Long(t)
	for _, name := range plan.Names() {
		if name == "software" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, ok := plantest.WithStandins(t, name); !ok {
				return
			}
			m, found := plantest.Proved(t)
			for _, p := range found.Platforms {
				want := plan.Missing
				if p.Name == name || p.Name == "software" {
					want = plan.Works
				}
				if p.Status != want || want == plan.Missing && (p.Reason == "" || p.Advice == "") {
					t.Errorf("platform %+v, want status %s", p, want)
				}
			}
			for _, p := range found.Plans {
				if p.Status != plan.Works {
					t.Errorf("proof %+v, want status works", p)
				}
			}
			server := camtest.Start(t, tiny)
			_, shown := watchOn(t, m, server.URL("cam1"), configs.AnyHardware, small)
			after(t, shown.slots[0], nil)
			best := m.NewFallback(configs.Plans{}, nil).Best("h264")
			if used := caughtUp(t, shown); used.Name != best.Name() || !used.Hardware || used.FellBackFrom != "" || !strings.Contains(used.Chosen, "proved") {
				t.Errorf("got plan %+v, want %s, proved here", used, best.Name())
			}
			masked := camtest.Source(t, server.URL("cam1"))
			masked.Plans.Hardware, masked.Masks = name, []configs.Mask{{Width: 0.5, Height: 0.5}}
			feed := runFeedOf(t, m, masked)
			feed.Stream(t)
			picture := decodeJPEG(t, after(t, show(t, feed.Feed, small, frame.Rendition{Width: 160, Height: 90, Quality: 80}).slots[0], nil))
			if r, g, b, _ := picture.At(40, 40).RGBA(); r+g+b > 0x3000 {
				t.Error("the mask did not hide the picture")
			}
		})
	}
}

// onEveryPlatform runs a test with the feed of a camera whose pictures a platform makes, for each platform, and then checks that it has
// made those that the test has shown.
func onEveryPlatform(t *testing.T, camera testcam.Camera, test func(t *testing.T, feed *running) *shown) {
	t.Helper()
	camtest.Long(t)
	plantest.OnEveryPlatform(t, func(t *testing.T, m *plan.Machine, hardware string) {
		server := camtest.Start(t, camera)
		src := camtest.Source(t, server.URL("cam1"))
		src.Plans = configs.Plans{Hardware: hardware, Timeout: 3 * time.Second}
		made := test(t, runFeedOf(t, m, src))
		if used := caughtUp(t, made); used.Hardware == (hardware == configs.NoHardware) || used.FellBackFrom != "" {
			t.Errorf("got plan %+v", used)
		}
	})
}

func TestEveryPlatformShowsSquarePixels(t *testing.T) {
	camera := testcam.Camera{Width: 160, Height: 96, PixelAspect: frame.Ratio{Width: 2, Height: 1}, Loop: time.Second}
	stretched := frame.Rendition{Width: 320, Height: 320, Quality: 80}
	onEveryPlatform(t, camera, func(t *testing.T, feed *running) *shown {
		whole := frame.Request{Quality: 80, Scale: 1}.Resolve(feed.Stream(t))
		if whole.Width != 320 || whole.Height != 96 {
			t.Fatalf("the picture is to be %v, want 320x96", whole)
		}
		shown := show(t, feed.Feed, whole, stretched)
		for i, want := range []frame.Rendition{whole, stretched} {
			_, _, width, height := camtest.Read(t, after(t, shown.slots[i], nil).Picture()) // which a border would spoil
			if width != want.Width || height != want.Height {
				t.Errorf("got a picture of %dx%d, want %v", width, height, want)
			}
		}
		return shown
	})
}

// caughtUp waits until a picture is as new as its camera and returns its plan.
func caughtUp(t *testing.T, s *shown) frame.Plan {
	t.Helper()
	select {
	case <-s.CaughtUp():
	case <-s.done:
		t.Fatal(s.err)
	case <-time.After(camtest.Patience):
		t.Fatal("the picture did not catch up")
	}
	return s.Plan()
}

// large is a picture that is large enough to be encoded on NVIDIA's cards.
var large = frame.Rendition{Width: 640, Height: 480, Quality: 80}

// settled makes pictures of a feed until the plan of one does not fail.
func settled(t *testing.T, feed *running) frame.Plan {
	t.Helper()
	for {
		s := show(t, feed.Feed, large)
		select {
		case <-s.CaughtUp():
			return s.Plan()
		case <-s.done:
			var fell *frame.PlanError
			if !errors.As(s.err, &fell) {
				t.Fatal(s.err)
			}
		case <-time.After(camtest.Patience):
			t.Fatal("the picture did not catch up")
		}
	}
}

func TestFailureOfAPlanLeadsToTheNext(t *testing.T) {
	camtest.Long(t)
	for _, c := range []struct{ factory, fault, reason string }{
		{"nvh264dec", "open", "Could not open the device"},
		{"nvh264dec", "fail 40", "The device has failed"},
		{"nvh264dec", "silence 40", "the decoder has given no picture for"},
		{"nvh264dec", "hang", "nvh264dec hangs"},
		{"nvh264dec", "refuse", ""},
		{"cudaconvertscale", "fail 40", "The device has failed"},
		{"nvjpegenc", "silence 40", "the encoder has given no JPEG for"},
		{"nvjpegenc", "open", "Could not open the device"},
	} {
		t.Run(c.factory+" "+c.fault, func(t *testing.T) {
			t.Parallel()
			standins, ok := plantest.WithStandins(t, "nvidia")
			if !ok {
				return
			}
			m, _ := plantest.Proved(t)
			standins.Fault(t, c.factory, c.fault)
			server := camtest.Start(t, tiny)
			feed, first := watchOn(t, m, server.URL("cam1"), "nvidia", large)
			failed := make(chan time.Time, 1)
			go func() {
				<-first.done
				failed <- time.Now()
			}()
			select {
			case <-failed:
			case <-time.After(camtest.Patience):
				t.Fatal("the plan did not fail")
			}
			var fell *frame.PlanError
			if !errors.As(first.err, &fell) || fell.Plan != "nvidia" || !strings.Contains(fell.Error(), c.reason) {
				t.Fatalf("the picture ended with %v, want a failure of plan nvidia: %q", first.err, c.reason)
			}
			plan := settled(t, feed)
			if plan.Name == "nvidia" || plan.FellBackFrom != "nvidia" || !strings.Contains(plan.Reason, c.reason) {
				t.Errorf("got plan %+v, want one that replaces nvidia because of %q", plan, c.reason)
			}
			falls := feed.Feed.FailedPlans()
			if len(falls) == 0 || !slices.ContainsFunc(falls, func(f frame.FailedPlan) bool { return f.Plan == "nvidia" && f.Times == 1 && f.Until != nil }) {
				t.Errorf("got failed plans %+v, want nvidia once, suspended", falls)
			}
		})
	}
}

func TestPlanThatHangsCountsAsAbandonedAndSoftwareFollows(t *testing.T) {
	standins, ok := plantest.WithStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := plantest.Proved(t)
	standins.Fault(t, "nvh264dec", "hang")
	server := camtest.Start(t, tiny)
	src := camtest.Source(t, server.URL("cam1"))
	src.Plans = configs.Plans{Hardware: "nvidia", Timeout: time.Second}
	feed := runFeedOf(t, m, src)
	feed.Stream(t)
	<-show(t, feed.Feed, small).done
	if plan := caughtUp(t, show(t, feed.Feed, small)); plan.Name != "software" {
		t.Errorf("got plan %+v, want software: what hangs in one plan of the device hangs in the other", plan)
	}
	deadline := time.Now().Add(camtest.Patience)
	for Abandoned() != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%d pipelines were abandoned, want 1", Abandoned())
		}
		time.Sleep(time.Millisecond)
	}
	standins.Heal("nvh264dec") // the decoder returns, and its pipeline is then taken down
	camtest.Until(t, "nothing hangs", func() bool { return gst.Hanging() == 0 })
}

func TestWaitingCameraGetsTheFreedSession(t *testing.T) {
	camtest.Long(t)
	standins, ok := plantest.WithStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := plantest.Proved(t)
	standins.Fault(t, "nvh264dec", "sessions 1")
	server := camtest.Start(t, tiny, testcam.Camera{Width: tiny.Width, Height: tiny.Height, Number: 2})
	_, first := watchOn(t, m, server.URL("cam1"), configs.AnyHardware, small)
	caughtUp(t, first)
	feed, second := watchOn(t, m, server.URL("cam2"), configs.AnyHardware, small)
	<-second.done
	if plan := settled(t, feed); plan.Name != "software" {
		t.Errorf("got plan %+v, want software", plan)
	}
	change := feed.Feed.PlanChange()
	first.stop()
	select {
	case <-change:
	case <-time.After(camtest.Patience):
		t.Fatal("the freed session was not offered")
	}
	deadline := time.Now().Add(camtest.Patience)
	for feed.Feed.Plan() != m.NewFallback(configs.Plans{}, nil).Best("h264").Key() && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if plan := caughtUp(t, show(t, feed.Feed, small)); plan.Name != "nvidia" {
		t.Errorf("got plan %+v, want nvidia", plan)
	}
}

func TestConfigurationForcesElements(t *testing.T) {
	if _, ok := plantest.WithStandins(t, "nvidia"); !ok {
		return
	}
	m := &plan.Machine{}
	server := camtest.Start(t, tiny)
	for _, c := range []struct {
		plans configs.Plans
		want  string
	}{
		{configs.Plans{Decoder: "nvh264dec"}, "nvidia nvh264dec nvjpegenc"},
		{configs.Plans{Decoder: "nvh264dec", Encoder: "jpegenc"}, "nvidia+software nvh264dec jpegenc"},
		{configs.Plans{Decoder: "avdec_h264"}, "custom avdec_h264 jpegenc"},
		{configs.Plans{Encoder: "avenc_mjpeg"}, "custom avdec_h264 avenc_mjpeg"},
		{configs.Plans{Decoder: "nosuchdec"}, "software avdec_h264 jpegenc"},
		{configs.Plans{Decoder: "nvh265dec"}, "software avdec_h264 jpegenc"},
	} {
		src := camtest.Source(t, server.URL("cam1"))
		src.Plans = c.plans
		feed := runFeedOf(t, m, src)
		feed.Stream(t)
		plan := settled(t, feed)
		if got := plan.Name + " " + plan.Decoder + " " + plan.Encoder; got != c.want {
			t.Errorf("%+v: got %s, want %s (%+v)", c.plans, got, c.want, plan)
		}
		feed.Stop()
	}
}

func TestSmallPicturesAreEncodedInSystemMemoryUnlessTheConfigurationSaysOtherwise(t *testing.T) {
	if _, ok := plantest.WithStandins(t, "nvidia"); !ok {
		return
	}
	m, _ := plantest.Proved(t)
	server := camtest.Start(t, tiny)
	for _, c := range []struct {
		rendition frame.Rendition
		encoder   string
		want      string
	}{
		{small, "", "jpegenc"},
		{large, "", "nvjpegenc"},
		{small, "nvjpegenc", "nvjpegenc"},
	} {
		src := camtest.Source(t, server.URL("cam1"))
		src.Plans = configs.Plans{Hardware: "nvidia", Encoder: c.encoder}
		feed := runFeedOf(t, m, src)
		feed.Stream(t)
		shown := show(t, feed.Feed, c.rendition)
		if plan := caughtUp(t, shown); plan.Name != "nvidia" || plan.Encoder != c.want {
			t.Errorf("%+v with encoder %q: got plan %+v, want nvidia with %s", c.rendition, c.encoder, plan, c.want)
		}
		feed.Stop()
	}
}

func TestWithoutCUDALibrariesOnlyDecodingUsesTheCard(t *testing.T) {
	if _, ok := plantest.WithStandins(t, "nvidia", "-cudaconvertscale", "-nvjpegenc"); !ok {
		return
	}
	m, _ := plantest.Proved(t)
	server := camtest.Start(t, tiny)
	_, shown := watchOn(t, m, server.URL("cam1"), "nvidia", small)
	if plan := caughtUp(t, shown); plan.Name != "nvidia+software" || plan.Decoder != "nvh264dec" || plan.Scaler != gst.Scaler || plan.Encoder != "jpegenc" {
		t.Errorf("got plan %+v, want nvidia+software: nvh264dec framegatescale jpegenc", plan)
	}
}

// TestLowRateIsKeptOnJetson requests far fewer pictures than the decoder gives, but more than the keyframes.
func TestLowRateIsKeptOnJetson(t *testing.T) {
	camtest.Long(t)
	if _, ok := plantest.WithStandins(t, "jetson"); !ok {
		return
	}
	m, _ := plantest.Proved(t)
	camera := tiny
	camera.KeyframeInterval, camera.Loop = 100, 4*time.Second
	server := camtest.Start(t, camera)
	src := camtest.Source(t, server.URL("cam1"))
	src.Plans = configs.Plans{Hardware: "jetson", Timeout: 3 * time.Second}
	feed := runFeedOf(t, m, src)
	feed.Stream(t)
	camtest.Until(t, "the camera's rate is known", func() bool { return feed.Feed.Rate().PerSecond() > 0 })
	r := small
	r.FPS = 1
	picture := show(t, feed.Feed, r)
	caughtUp(t, picture)
	first := after(t, picture.slots[0], nil)
	second := after(t, picture.slots[0], first)
	third := after(t, picture.slots[0], second)
	if interval := third.PTS - second.PTS; interval < 900*time.Millisecond || interval > 1100*time.Millisecond {
		t.Errorf("two pictures were %v apart, want 1s", interval)
	}
	if plan := picture.Plan(); plan.Name != "jetson" || len(feed.Feed.FailedPlans()) > 0 {
		t.Errorf("got plan %+v and failed plans %+v, want jetson and none", plan, feed.Feed.FailedPlans())
	}
}

// decodeJPEG reads the picture of a frame.
func decodeJPEG(t *testing.T, f *frame.Frame) image.Image {
	t.Helper()
	picture, err := jpeg.Decode(bytes.NewReader(f.Picture()))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
