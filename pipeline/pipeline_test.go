package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/picture"
	"github.com/framegate/framegate/pipeline/plan"
)

var tiny = testcam.Camera{Width: 160, Height: 96, Loop: time.Second, KeyframeInterval: 5}

// running is a feed that runs for the time of a test.
type running = camtest.Running[*Feed]

// runFeed runs the feed of a source until the test ends or it is stopped.
func runFeed(t testing.TB, src configs.Source) *running {
	t.Helper()
	return runFeedOf(t, &plan.Machine{}, src)
}

// runFeedOf runs the feed of a source on a machine that has hardware.
func runFeedOf(t testing.TB, m *plan.Machine, src configs.Source) *running {
	t.Helper()
	feed, err := NewFeed(m, src)
	if err != nil {
		t.Fatal(err)
	}
	return camtest.Run(t, feed)
}

// shown is a picture that runs for the time of a test.
type shown struct {
	*picture.Picture
	slots []*frame.Slot
	done  chan struct{}
	err   error
	stop  func()
}

// show runs a picture with one slot for each rendition.
func show(t testing.TB, feed *Feed, renditions ...frame.Rendition) *shown {
	t.Helper()
	s := &shown{done: make(chan struct{})}
	var outputs []frame.Output
	for _, r := range renditions {
		slot := &frame.Slot{}
		s.slots = append(s.slots, slot)
		outputs = append(outputs, frame.Output{Rendition: r, Slot: slot})
	}
	s.Picture = feed.NewPicture(outputs)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		s.err = s.Run(ctx)
		close(s.done)
	}()
	s.stop = func() {
		cancel()
		<-s.done
	}
	t.Cleanup(s.stop)
	return s
}

// after waits for a frame newer than seen.
func after(t testing.TB, slot *frame.Slot, seen *frame.Frame) *frame.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), camtest.Patience)
	defer cancel()
	f, err := slot.After(ctx, seen)
	if err != nil {
		t.Fatal("no picture: ", err)
	}
	return f
}

var small = frame.Rendition{Width: 320, Height: 180, Quality: 80}

func TestEveryCodecBecomesPictures(t *testing.T) {
	camtest.Long(t)
	cameras := []testcam.Camera{
		{Name: "h264", Codec: testcam.H264}, {Name: "h265", Codec: testcam.H265}, {Name: "mjpeg", Codec: testcam.MJPEG},
		{Name: "mpeg4", Codec: testcam.MPEG4}, {Name: "vp8", Codec: testcam.VP8}, {Name: "vp9", Codec: testcam.VP9},
		{Name: "bframes", Codec: testcam.H264, BFrames: 2}, {Name: "sound", Audio: true},
	}
	for i := range cameras {
		cameras[i].Width, cameras[i].Height, cameras[i].Loop, cameras[i].KeyframeInterval = 640, 360, 2*time.Second, 12
	}
	server := camtest.Start(t, cameras...)
	for i, camera := range cameras {
		t.Run(camera.Name, func(t *testing.T) {
			feed := runFeed(t, camtest.Source(t, server.URL(camera.Name)))
			stream := feed.Stream(t)
			want := string(camera.Codec)
			if want == "" {
				want = "h264"
			}
			if stream.Codec != want || stream.Width != 640 || stream.Height != 360 {
				t.Fatalf("the camera sends %+v", stream)
			}
			picture := show(t, feed.Feed, small)
			var f *frame.Frame
			last := -1
			for range 20 {
				f = after(t, picture.slots[0], f)
				number, n, width, height := camtest.Read(t, f.Picture())
				if number != i+1 || width != 320 || height != 180 {
					t.Fatalf("got a picture of camera %d, %dx%d", number, width, height)
				}
				if steps := (n - last + 60) % 60; last >= 0 && (steps < 1 || steps > 50) {
					t.Fatalf("got frame %d after %d", n, last)
				}
				last = n
			}
			if picture.Plan().Decoder == "" {
				t.Errorf("no decoder in %+v", picture.Plan())
			}
		})
	}
}

func TestAV1IsShownFromAFileAndOverRTSP(t *testing.T) {
	path, err := filepath.Abs("plan/samples/av1.mkv")
	if err != nil {
		t.Fatal(err)
	}
	feed := runFeed(t, camtest.Source(t, "file://"+path))
	if s := feed.Stream(t); s.Codec != "av1" {
		t.Fatalf("the file has %+v", s)
	}
	after(t, show(t, feed.Feed, small).slots[0], nil)

	if len(gst.Missing("av1enc")) == 0 && !gst.HasProperty("av1enc", "keyframe-max-dist") {
		t.Skip("SKIPPED: AV1 over RTSP: the test camera needs av1enc of GStreamer 1.22")
	}
	server := camtest.Start(t, testcam.Camera{Codec: testcam.AV1, Width: 160, Height: 96, Loop: time.Second})
	if len(gst.Missing("rtpav1depay")) > 0 { // gst-plugins-rs has it, which Debian 12 lacks
		src := camtest.Source(t, server.URL("cam1"))
		src.Reader = configs.RTSPSrc
		runFeed(t, src).Fails(t, frame.Unsupported, "AV1")
	}
	feed = runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	after(t, show(t, feed.Feed, small).slots[0], nil)
}

func TestPictureBeginsWithTheKeyframeInTheBuffer(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360, KeyframeInterval: 50, Loop: 4 * time.Second})
	feed := runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	camtest.Until(t, "half a GOP is buffered", func() bool {
		n, _ := feed.Feed.Units().Size()
		newest, _ := feed.Feed.Units().Newest()
		return n > 25 && !newest.Key
	})
	picture := show(t, feed.Feed, small)
	first := after(t, picture.slots[0], nil)
	_, key, _, _ := camtest.Read(t, first.Picture())
	if key%50 != 0 {
		t.Errorf("the first picture was frame %d, want a keyframe", key)
	}
	second := after(t, picture.slots[0], first)
	_, next, _, _ := camtest.Read(t, second.Picture())
	if next-key < 20 {
		t.Errorf("frame %d was shown after keyframe %d, want the frames between to be skipped", next, key)
	}
	if second.Received.Sub(first.Received) < 500*time.Millisecond {
		t.Errorf("two pictures were received at %v and %v, want 500ms between them", first.Received, second.Received)
	}
}

func TestRenditionsShareADecodeAndKeepTheirRates(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	feed := runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	slow := frame.Rendition{Width: 160, Height: 90, FPS: 5, Quality: 80}
	picture := show(t, feed.Feed, small, slow)
	<-picture.CaughtUp()
	// The keyframe from the buffer and the first picture after it may be closer to each other.
	f := after(t, picture.slots[1], after(t, picture.slots[1], nil))
	for range 6 {
		next := after(t, picture.slots[1], f)
		if gap := next.PTS - f.PTS; gap < 160*time.Millisecond { // 200 ms and the camera's jitter
			t.Errorf("two pictures were %v apart, want 200ms", gap)
		}
		f = next
	}
	if fast, slow := picture.slots[0].Frames(), picture.slots[1].Frames(); fast < 3*slow {
		t.Errorf("got %d frames at 25 fps and %d at 5", fast, slow)
	}
	if f := picture.slots[1].Newest(); f.Width != 160 || f.Height != 90 {
		t.Errorf("got a picture of %dx%d, want 160x90", f.Width, f.Height)
	}
}

func TestResizeEndsThePictureAndANewOneShowsTheNewSize(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	feed := runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	picture := show(t, feed.Feed, small)
	after(t, picture.slots[0], nil)
	camtest.Do(t, server, "cam1", testcam.Resize, testcam.Options{Width: 320, Height: 240})
	if s := feed.Stream(t); s.Width != 320 || s.Height != 240 {
		t.Fatalf("the camera sends %+v", s)
	}
	select {
	case <-picture.done:
	case <-time.After(camtest.Patience):
		t.Fatal("the picture did not end")
	}
	if !errors.Is(picture.err, frame.ErrFormatChanged) {
		t.Errorf("the picture ended with %v, want %v", picture.err, frame.ErrFormatChanged)
	}
	next := show(t, feed.Feed, frame.Rendition{Width: 320, Height: 240, Quality: 80})
	if _, _, width, height := camtest.Read(t, after(t, next.slots[0], nil).Picture()); width != 320 || height != 240 {
		t.Errorf("got a picture of %dx%d, want 320x240", width, height)
	}
}

func TestCorruptedCameraContinues(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 640, Height: 360})
	feed := runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	picture := show(t, feed.Feed, small)
	after(t, picture.slots[0], nil)
	camtest.Do(t, server, "cam1", testcam.Corrupt, testcam.Options{Rate: 0.5})
	from := picture.slots[0].Frames()
	camtest.Until(t, "pictures of a corrupted stream", func() bool { return picture.slots[0].Frames() > from+25 })
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	from = picture.slots[0].Frames()
	camtest.Until(t, "pictures after healing", func() bool { return picture.slots[0].Frames() > from+30 })
	camtest.Read(t, picture.slots[0].Newest().Picture())
}
