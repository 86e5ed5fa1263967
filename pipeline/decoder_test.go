package pipeline

import (
	"bytes"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/plan/plantest"
	"github.com/framegate/framegate/pipeline/unit"
)

// TestDecoderHoldsPicturesBackOnlyForBFrames looks at a property of Jetson's decoder.
func TestDecoderHoldsPicturesBackOnlyForBFrames(t *testing.T) {
	camtest.Long(t)
	if _, ok := plantest.WithStandins(t, "jetson"); !ok {
		return
	}
	m, _ := plantest.Proved(t)
	plain, reordered := tiny, tiny
	reordered.BFrames = 2
	server := camtest.Start(t, plain, reordered)
	for camera, ordered := range map[string]bool{"cam1": true, "cam2": false} {
		feed := runFeedOf(t, m, camtest.Source(t, server.URL(camera)))
		feed.Stream(t)
		camtest.Until(t, "the camera's rate is known", func() bool { return feed.Feed.Rate().PerSecond() > 0 })
		newest, _ := feed.Feed.Units().Newest()
		g, err := gst.New()
		if err != nil {
			t.Fatal(err)
		}
		_, decoder, err := feed.Feed.plans.Best("h264").AddDecoder(g, newest.Format.Caps, feed.Feed.Rate().Ordered())
		if err != nil {
			t.Fatal(err)
		}
		if set, err := decoder.Property("disable-dpb"); err != nil || set != ordered {
			t.Errorf("%s: got disable-dpb %v, want %v (%v)", camera, set, ordered, err)
		}
		g.Stop()
	}
}

// TestPictureBeginsAtALaterKeyframeWithoutLibav decodes with the other software decoders.
func TestPictureBeginsAtALaterKeyframeWithoutLibav(t *testing.T) {
	t.Setenv("GST_PLUGIN_FEATURE_RANK", "avdec_h264:NONE,avdec_h265:NONE")
	if _, ok := plantest.WithStandins(t, "v4l2"); !ok {
		return
	}
	hevc := tiny
	hevc.Codec, hevc.Width, hevc.Height = testcam.H265, 320, 192
	server := camtest.Start(t, tiny, hevc)
	for camera, decoder := range map[string]string{"cam1": "openh264dec", "cam2": "libde265dec"} {
		src := camtest.Source(t, server.URL(camera))
		src.Plans = configs.Plans{Decoder: decoder, Timeout: 3 * time.Second}
		feed := runFeedOf(t, &plan.Machine{}, src)
		feed.Stream(t)
		camtest.Until(t, "there was a second keyframe", func() bool { return feed.Feed.KeyframeInterval() > 0 })
		if plan := settled(t, feed); plan.Decoder != decoder {
			t.Errorf("got plan %+v, want decoder %s", plan, decoder)
		}
	}
}

func TestPicturesShareTheContextOfADevice(t *testing.T) {
	standins, ok := plantest.WithStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := plantest.Proved(t)
	made := standins.Contexts()
	if made != 2 {
		t.Errorf("%d contexts were made, want 2: one by the process that proves the plans and one by this one", made)
	}
	server := camtest.Start(t, tiny, tiny)
	for _, name := range []string{"cam1", "cam2"} {
		_, shown := watchOn(t, m, server.URL(name), "nvidia", small)
		if plan := caughtUp(t, shown); plan.Name != "nvidia" {
			t.Errorf("got plan %+v, want nvidia", plan)
		}
	}
	if now := standins.Contexts(); now != made {
		t.Errorf("two pictures made %d more contexts, want 0", now-made)
	}
}

func TestContextOfADeviceThatFailsAtWorkIsNotUsedAgain(t *testing.T) {
	camtest.Long(t)
	standins, ok := plantest.WithStandins(t, "nvidia")
	if !ok {
		return
	}
	m, _ := plantest.Proved(t)
	made := standins.Contexts()
	standins.Fault(t, "nvh264dec", "fail 40")
	server := camtest.Start(t, tiny)
	_, shown := watchOn(t, m, server.URL("cam1"), "nvidia", small)
	if plan := caughtUp(t, shown); plan.Name != "nvidia" {
		t.Errorf("got plan %+v, want nvidia", plan)
	}
	<-shown.done
	standins.Heal("nvh264dec")
	_, shown = watchOn(t, m, server.URL("cam1"), "nvidia", small)
	if plan := caughtUp(t, shown); plan.Name != "nvidia" {
		t.Errorf("got plan %+v, want nvidia", plan)
	}
	if now := standins.Contexts(); now != made+1 {
		t.Errorf("%d contexts were made again, want 1", now-made)
	}
}

// TestDecoderThatGetsMoreRoomShowsTheSamePictures decodes a stream whose parameter sets framegate has changed. The test camera
// states that its stream needs room for a single picture.
func TestDecoderThatGetsMoreRoomShowsTheSamePictures(t *testing.T) {
	camtest.Long(t)
	if _, ok := plantest.WithStandins(t, "nvidia"); !ok {
		return
	}
	m, _ := plantest.Proved(t)
	server := camtest.Start(t, tiny)
	src := camtest.Source(t, server.URL("cam1"))
	src.Plans = configs.Plans{Hardware: "nvidia", Timeout: 3 * time.Second}
	feed := runFeedOf(t, m, src)
	feed.Stream(t)
	camtest.Until(t, "the order of units is known", feed.Feed.Rate().Ordered)
	key, _ := feed.Feed.Units().Newest()
	for reader := feed.Feed.Units().Reader(); !key.Key; {
		var err error
		if key, err = reader.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if best := feed.Feed.plans.Best("h264"); !best.WantsRoom() || len(unit.WithRoom(key.Data, key.Format)) == 0 || bytes.Equal(unit.WithRoom(key.Data, key.Format), key.Data) {
		t.Fatalf("plan %s gets the stream as it is", best.Key())
	}
	slot := show(t, feed.Feed, frame.Rendition{Width: tiny.Width, Height: tiny.Height, Quality: 80}).slots[0]
	seen := map[int]bool{}
	for f := after(t, slot, nil); len(seen) < 10; f = after(t, slot, f) {
		_, number, err := mark.Read(decodeJPEG(t, f))
		if err != nil || seen[number] {
			t.Fatalf("frame %d, after frames %v: %v", number, seen, err)
		}
		seen[number] = true
	}
}
