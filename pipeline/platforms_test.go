package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/configs"
	"framegate/internal/standin"
	"framegate/internal/testcam"
	"framegate/internal/testcam/camtest"
	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
)

// TestMain is also the process that proves plans for a test, and the one in which stand-ins of a platform are.
func TestMain(m *testing.M) {
	if platform, from, ok := strings.Cut(os.Getenv("FRAMEGATE_TEST_PROVE"), " "); ok {
		n, _ := strconv.Atoi(from)
		if err := ProveHere(context.Background(), platform, n, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// proveInChild is the Prover of tests.
func proveInChild(ctx context.Context, platform string, from int) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("FRAMEGATE_TEST_PROVE=%s %d", platform, from))
	return cmd
}

// hardwareDir is set in a process that has stand-ins: they must be there before GStreamer starts.
const hardwareDir = "FRAMEGATE_TEST_HARDWARE"

// withStandins runs the calling test again in a process that has the stand-ins of a platform, once, and reports
// whether this is that process.
func withStandins(t *testing.T, platforms ...string) (standin.Standins, bool) {
	t.Helper()
	dir := os.Getenv(hardwareDir)
	if dir != "" {
		return standin.At(dir), true
	}
	dir = t.TempDir()
	s, err := standin.Install(dir, platforms...)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout=3m")
	child.Env = append(append(os.Environ(), s.Env()...), hardwareDir+"="+dir)
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, tail(string(out)))
	}
	return s, false
}

// proved is a machine that knows what its stand-ins can do.
func proved(t *testing.T) (*Machine, Hardware) {
	t.Helper()
	found := Prove(t.Context(), proveInChild)
	m := &Machine{}
	m.Know(found)
	return m, found
}

// watchOn runs a feed whose pictures are made by a platform, and one picture of it.
func watchOn(t *testing.T, m *Machine, url, platform string, r frame.Rendition) (*running, *shown) {
	t.Helper()
	src := source(t, url)
	src.Plans = configs.Plans{Hardware: platform, Timeout: 3 * time.Second}
	feed := runFeedOf(t, m, src)
	feed.stream(t)
	return feed, show(t, feed.Feed, r)
}

func TestEveryPlatformMakesPicturesOnItsOwnPlan(t *testing.T) {
	for _, pf := range platforms {
		if pf == software {
			continue
		}
		t.Run(pf.name, func(t *testing.T) {
			t.Parallel()
			if _, ok := withStandins(t, pf.name); !ok {
				return
			}
			m, found := proved(t)
			for _, p := range found.Platforms {
				want := Missing
				if p.Name == pf.name || p.Name == software.name {
					want = Works
				}
				if p.Status != want || want == Missing && (p.Reason == "" || p.Advice == "") {
					t.Errorf("%+v", p)
				}
			}
			for _, p := range found.Plans {
				if p.Status != Works {
					t.Errorf("%+v", p)
				}
			}
			server := camtest.Start(t, tiny)
			_, shown := watchOn(t, m, server.URL("cam1"), configs.AnyHardware, small)
			after(t, shown.slots[0], nil)
			plan := caughtUp(t, shown)
			if plan.Name != m.plans("h264", configs.Plans{})[0].name || !plan.Hardware || plan.FellBackFrom != "" || !strings.Contains(plan.Chosen, "proved") {
				t.Errorf("%+v", plan)
			}
			masked := source(t, server.URL("cam1"))
			masked.Plans.Hardware, masked.Masks = pf.name, []configs.Mask{{Width: 0.5, Height: 0.5}}
			feed := runFeedOf(t, m, masked)
			feed.stream(t)
			picture := decodeJPEG(t, after(t, show(t, feed.Feed, small, frame.Rendition{Width: 160, Height: 90, Quality: 80}).slots[0], nil))
			if r, g, b, _ := picture.At(40, 40).RGBA(); r+g+b > 0x3000 {
				t.Error("the mask does not hide the picture")
			}
		})
	}
}

// caughtUp waits until a picture is as new as its camera and returns its plan.
func caughtUp(t *testing.T, s *shown) frame.Plan {
	t.Helper()
	select {
	case <-s.CaughtUp():
	case <-s.done:
		t.Fatal(s.err)
	case <-time.After(camtest.Patience):
		t.Fatal("the picture does not catch up")
	}
	return s.Plan()
}

// large is a picture that NVIDIA's cards encode too.
var large = frame.Rendition{Width: 640, Height: 480, Quality: 80}

// settled makes pictures of a feed, as often as a plan fails, until one stays.
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
			t.Fatal("the picture does not catch up")
		}
	}
}

func TestFailureOfAPlanLeadsToTheNext(t *testing.T) {
	for _, c := range []struct{ factory, fault, reason string }{
		{"nvh264dec", "open", "Could not open the device"},
		{"nvh264dec", "fail 40", "The device has failed"},
		{"nvh264dec", "silence 40", "no picture has come"},
		{"nvh264dec", "hang", "nvh264dec hangs"},
		{"nvh264dec", "refuse", ""},
		{"cudaconvertscale", "fail 40", "The device has failed"},
		{"nvjpegenc", "silence 40", "no JPEG has come"},
		{"nvjpegenc", "open", "Could not open the device"},
	} {
		t.Run(c.factory+" "+c.fault, func(t *testing.T) {
			t.Parallel()
			standins, ok := withStandins(t, "nvidia")
			if !ok {
				return
			}
			m, _ := proved(t)
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
				t.Fatal("it does not fail")
			}
			var fell *frame.PlanError
			if !errors.As(first.err, &fell) || fell.Plan != "nvidia" || !strings.Contains(fell.Error(), c.reason) {
				t.Fatalf("%v", first.err)
			}
			plan := settled(t, feed)
			if plan.Name == "nvidia" || plan.FellBackFrom != "nvidia" || !strings.Contains(plan.Reason, c.reason) {
				t.Errorf("%+v", plan)
			}
			falls := feed.FailedPlans()
			if len(falls) == 0 || !slices.ContainsFunc(falls, func(f frame.FailedPlan) bool { return f.Plan == "nvidia" && f.Times == 1 && f.Until != nil }) {
				t.Errorf("%+v", falls)
			}
		})
	}
}

func TestPlanThatHangsCountsAsAbandonedAndSoftwareFollows(t *testing.T) {
	standins, ok := withStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := proved(t)
	standins.Fault(t, "nvh264dec", "hang")
	server := camtest.Start(t, tiny)
	src := source(t, server.URL("cam1"))
	src.Plans = configs.Plans{Hardware: "nvidia", Timeout: time.Second}
	feed := runFeedOf(t, m, src)
	feed.stream(t)
	<-show(t, feed.Feed, small).done
	if plan := caughtUp(t, show(t, feed.Feed, small)); plan.Name != "software" {
		t.Errorf("%+v: what hangs in one plan of the device hangs in the other", plan)
	}
	deadline := time.Now().Add(camtest.Patience)
	for Abandoned() != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%d abandoned", Abandoned())
		}
		time.Sleep(time.Millisecond)
	}
	standins.Heal("nvh264dec") // it comes back, and is taken down then
	camtest.Until(t, "nothing hangs", func() bool { return gst.Hanging() == 0 })
}

func TestProofSurvivesACrashAndSeesWrongPictures(t *testing.T) {
	standins, ok := withStandins(t, "nvidia")
	if !ok {
		return
	}
	standins.Fault(t, "nvh264dec", "crash")
	standins.Fault(t, "nvh265dec", "black")
	m, found := proved(t)
	reasons := map[string]string{}
	for _, p := range found.Plans {
		if p.Status == Broken {
			reasons[p.Plan+" "+p.Codec] = p.Reason
		}
	}
	for plan, want := range map[string]string{
		"nvidia h264": "took its process down", "nvidia+software h264": "took its process down",
		"nvidia h265": "pictures are wrong", "nvidia+software h265": "pictures are wrong",
	} {
		if !strings.Contains(reasons[plan], want) {
			t.Errorf("%s: %q", plan, reasons[plan])
		}
	}
	if len(reasons) != 4 || len(m.plans("h264", configs.Plans{})) != 1 || len(m.plans("vp8", configs.Plans{})) != 3 {
		t.Errorf("%v", reasons)
	}
}

func TestCameraBeyondTheSessionsOfADeviceTakesThePlaceThatBecomesFree(t *testing.T) {
	standins, ok := withStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := proved(t)
	standins.Fault(t, "nvh264dec", "sessions 1")
	server := camtest.Start(t, tiny, testcam.Camera{Width: tiny.Width, Height: tiny.Height, Number: 2})
	_, first := watchOn(t, m, server.URL("cam1"), configs.AnyHardware, small)
	caughtUp(t, first)
	feed, second := watchOn(t, m, server.URL("cam2"), configs.AnyHardware, small)
	<-second.done
	if plan := settled(t, feed); plan.Name != "software" {
		t.Errorf("%+v", plan)
	}
	change := feed.PlanChange()
	first.stop()
	select {
	case <-change:
	case <-time.After(camtest.Patience):
		t.Fatal("the place is not offered")
	}
	deadline := time.Now().Add(camtest.Patience)
	for feed.Plan() != m.plans("h264", configs.Plans{})[0].key() && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if plan := caughtUp(t, show(t, feed.Feed, small)); plan.Name != "nvidia" {
		t.Errorf("%+v", plan)
	}
}

func TestConfigurationForcesElements(t *testing.T) {
	if _, ok := withStandins(t, "nvidia"); !ok {
		return
	}
	m := &Machine{}
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
		src := source(t, server.URL("cam1"))
		src.Plans = c.plans
		feed := runFeedOf(t, m, src)
		feed.stream(t)
		plan := settled(t, feed)
		if got := plan.Name + " " + plan.Decoder + " " + plan.Encoder; got != c.want {
			t.Errorf("%+v: %s, want %s (%+v)", c.plans, got, c.want, plan)
		}
		feed.stop()
	}
}

func TestSmallPicturesAreEncodedInSystemMemoryUnlessTheConfigurationSaysOtherwise(t *testing.T) {
	if _, ok := withStandins(t, "nvidia"); !ok {
		return
	}
	m, _ := proved(t)
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
		src := source(t, server.URL("cam1"))
		src.Plans = configs.Plans{Hardware: "nvidia", Encoder: c.encoder}
		feed := runFeedOf(t, m, src)
		feed.stream(t)
		shown := show(t, feed.Feed, c.rendition)
		if plan := caughtUp(t, shown); plan.Name != "nvidia" || plan.Encoder != c.want {
			t.Errorf("%+v with encoder %q: %+v", c.rendition, c.encoder, plan)
		}
		feed.stop()
	}
}

func TestCardWithoutCUDAsLibrariesDecodesAndTheRestIsSoftware(t *testing.T) {
	if _, ok := withStandins(t, "nvidia", "-cudaconvertscale", "-nvjpegenc"); !ok {
		return
	}
	m, _ := proved(t)
	server := camtest.Start(t, tiny)
	_, shown := watchOn(t, m, server.URL("cam1"), "nvidia", small)
	if plan := caughtUp(t, shown); plan.Name != "nvidia+software" || plan.Decoder != "nvh264dec" || plan.Scaler != "videoscale" || plan.Encoder != "jpegenc" {
		t.Errorf("%+v", plan)
	}
}

// TestLowRateIsKeptOnJetson asks for fewer pictures than a decoder gives by far, but for more than keyframes.
func TestLowRateIsKeptOnJetson(t *testing.T) {
	if _, ok := withStandins(t, "jetson"); !ok {
		return
	}
	m, _ := proved(t)
	camera := tiny
	camera.KeyframeInterval, camera.Loop = 100, 4*time.Second
	server := camtest.Start(t, camera)
	src := source(t, server.URL("cam1"))
	src.Plans = configs.Plans{Hardware: "jetson", Timeout: 3 * time.Second}
	feed := runFeedOf(t, m, src)
	feed.stream(t)
	camtest.Until(t, "the camera's rate is known", func() bool { return feed.rate.PerSecond() > 0 })
	r := small
	r.FPS = 1
	picture := show(t, feed.Feed, r)
	caughtUp(t, picture)
	first := after(t, picture.slots[0], nil)
	second := after(t, picture.slots[0], first)
	third := after(t, picture.slots[0], second)
	if interval := third.PTS - second.PTS; interval < 900*time.Millisecond || interval > 1100*time.Millisecond {
		t.Errorf("%v between two pictures of one a second", interval)
	}
	if plan := picture.Plan(); plan.Name != "jetson" || len(feed.FailedPlans()) > 0 {
		t.Errorf("%+v %+v", plan, feed.FailedPlans())
	}
}

// TestDecoderHoldsPicturesBackOnlyForBFrames looks at what the decoder of Jetson is told.
func TestDecoderHoldsPicturesBackOnlyForBFrames(t *testing.T) {
	if _, ok := withStandins(t, "jetson"); !ok {
		return
	}
	jetson, _ := platformNamed("jetson")
	plan := jetson.plans("h264")[0]
	plain, reordered := tiny, tiny
	reordered.BFrames = 2
	server := camtest.Start(t, plain, reordered)
	for camera, ordered := range map[string]bool{"cam1": true, "cam2": false} {
		feed := runFeed(t, source(t, server.URL(camera)))
		feed.stream(t)
		camtest.Until(t, "units have come", func() bool { n, _ := feed.gop.Size(); return n > 0 && feed.rate.PerSecond() > 0 })
		g, err := gst.New()
		if err != nil {
			t.Fatal(err)
		}
		_, decoder, err := plan.addDecoder(g, feed.format.Load().Caps, feed.rate.Ordered())
		if err != nil {
			t.Fatal(err)
		}
		if set, err := decoder.Property("disable-dpb"); err != nil || set != ordered {
			t.Errorf("%s: disable-dpb is %v, want %v (%v)", camera, set, ordered, err)
		}
		g.Stop()
	}
}

func TestQualityStaysInTheEncodersRange(t *testing.T) {
	for _, pf := range platforms {
		for _, e := range pf.encoders {
			if got := e.element(100).May[e.property]; e.best == 0 || got != gst.Arg(strings.ReplaceAll(e.value, "%d", strconv.Itoa(e.best))) {
				t.Errorf("%s: %v", e.factory, got)
			}
		}
	}
}

// TestPictureBeginsAtALaterKeyframeWithoutLibav decodes with what is left where libav is missing.
func TestPictureBeginsAtALaterKeyframeWithoutLibav(t *testing.T) {
	t.Setenv("GST_PLUGIN_FEATURE_RANK", "avdec_h264:NONE,avdec_h265:NONE")
	if _, ok := withStandins(t, "v4l2"); !ok {
		return
	}
	hevc := tiny
	hevc.Codec, hevc.Width, hevc.Height = testcam.H265, 320, 192
	server := camtest.Start(t, tiny, hevc)
	for camera, decoder := range map[string]string{"cam1": "openh264dec", "cam2": "libde265dec"} {
		src := source(t, server.URL(camera))
		src.Plans = configs.Plans{Decoder: decoder, Timeout: 3 * time.Second}
		feed := runFeedOf(t, &Machine{}, src)
		feed.stream(t)
		camtest.Until(t, "there was a second keyframe", func() bool { return feed.KeyframeInterval() > 0 })
		if plan := settled(t, feed); plan.Decoder != decoder {
			t.Errorf("%+v", plan)
		}
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

func TestPicturesShareTheContextOfADevice(t *testing.T) {
	standins, ok := withStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := proved(t)
	made := standins.Contexts()
	if made != 2 {
		t.Errorf("%d contexts were made, not one by the process that proves the plans and one by this one", made)
	}
	server := camtest.Start(t, tiny, tiny)
	for _, name := range []string{"cam1", "cam2"} {
		_, shown := watchOn(t, m, server.URL(name), "nvidia", small)
		if plan := caughtUp(t, shown); plan.Name != "nvidia" {
			t.Errorf("%+v", plan)
		}
	}
	if now := standins.Contexts(); now != made {
		t.Errorf("two pictures have made %d more contexts", now-made)
	}
}

func TestContextOfADeviceThatFailsAtWorkIsNotUsedAgain(t *testing.T) {
	standins, ok := withStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := proved(t)
	made := standins.Contexts()
	standins.Fault(t, "nvh264dec", "fail 40")
	server := camtest.Start(t, tiny)
	_, shown := watchOn(t, m, server.URL("cam1"), "nvidia", small)
	if plan := caughtUp(t, shown); plan.Name != "nvidia" {
		t.Errorf("%+v", plan)
	}
	<-shown.done
	standins.Heal("nvh264dec")
	_, shown = watchOn(t, m, server.URL("cam1"), "nvidia", small)
	if plan := caughtUp(t, shown); plan.Name != "nvidia" {
		t.Errorf("%+v", plan)
	}
	if now := standins.Contexts(); now != made+1 {
		t.Errorf("%d contexts were made anew, not 1", now-made)
	}
}
