package registry

import (
	"errors"
	"slices"
	"testing"

	"github.com/framegate/framegate/pipeline/frame"
)

const withSub = "substream: 'rtsp://h/sub'"

// madeOf returns the stream from which each rendition of camera a is made, by the width of the rendition.
func madeOf(r *Registry) map[int]string {
	s, _ := r.Camera("a")
	by := map[int]string{}
	for _, made := range s.Renditions {
		by[made.Width] = made.Stream
	}
	return by
}

// bothKnown waits until both streams have been seen.
func bothKnown(t *testing.T, r *Registry) {
	t.Helper()
	until(t, "both streams are known", func() bool {
		s, _ := r.Camera("a")
		return !slices.ContainsFunc(s.Streams, func(s StreamStatus) bool { return s.Width == 0 })
	})
}

func TestRenditionIsMadeOfTheSmallestStreamThatIsLargeEnough(t *testing.T) {
	r, e, _ := start(t, withSub)
	bothKnown(t, r)
	for _, width := range []int{640, 480, 1280} {
		defer watch(t, r, frame.Request{Width: width}).Close()
	}
	until(t, "each is made of its stream", func() bool {
		by := madeOf(r)
		return by[640] == "sub" && by[480] == "sub" && by[1280] == "main"
	})
	s, _ := r.Camera("a")
	if s.Width != 1920 || len(s.Streams) != 2 || s.Streams[1].Width != 640 || s.State != Live {
		t.Errorf("%+v", s)
	}
	if last := e.picture(e.made() - 1); last.feed != e.feeds["/a"] || len(last.outputs) != 1 {
		t.Errorf("the large rendition is made with %d outputs", len(last.outputs))
	}
}

// TestSizesAreThoseAtWhichPicturesAreShown has streams whose pixels are not square.
func TestSizesAreThoseAtWhichPicturesAreShown(t *testing.T) {
	r, e, f := start(t, withSub)
	bothKnown(t, r)
	f.send(frame.Stream{Codec: "h264", Width: 1440, Height: 1080, PixelAspect: frame.Ratio{Width: 4, Height: 3}})
	e.feeds["/sub"].send(frame.Stream{Codec: "h264", Width: 704, Height: 576, PixelAspect: frame.Ratio{Width: 16, Height: 11}})
	type shown struct {
		width, height int
		pixels        string
	}
	until(t, "the sizes of the API", func() bool {
		s, _ := r.Camera("a")
		main, sub := s.Streams[0], s.Streams[1]
		return shown{s.Width, s.Height, s.PixelAspect} == shown{1920, 1080, "4:3"} &&
			shown{main.Width, main.Height, main.PixelAspect} == shown{1920, 1080, "4:3"} &&
			shown{sub.Width, sub.Height, sub.PixelAspect} == shown{1024, 576, "16:11"}
	})
	for _, width := range []int{1000, 1600} {
		defer watch(t, r, frame.Request{Width: width}).Close()
	}
	until(t, "each is made of the stream that is large enough", func() bool {
		by := madeOf(r)
		return by[1000] == "sub" && by[1600] == "main"
	})
}

func TestCropNeedsALargerStreamThanTheWholePicture(t *testing.T) {
	r, _, _ := start(t, withSub)
	bothKnown(t, r)
	quarter := frame.Crop{X: 0.5, Y: 0.5, Width: 0.25, Height: 0.25}
	for _, request := range []frame.Request{
		{Width: 160, Crop: quarter}, {Width: 162, Crop: quarter}, {Width: 480},
		{Width: 360, Rotate: 90, Crop: frame.Crop{Width: 1, Height: 0.5}}, {Width: 364, Rotate: 90, Crop: frame.Crop{Width: 1, Height: 0.5}},
	} {
		defer watch(t, r, request).Close()
	}
	until(t, "each is made of its stream", func() bool {
		s, _ := r.Camera("a")
		made := map[int]string{}
		for _, rendition := range s.Renditions {
			made[rendition.Width] = rendition.Stream
		}
		return made[160] == "sub" && made[162] == "main" && made[480] == "sub" && made[360] == "sub" && made[364] == "main"
	})
}

func TestBatchOfSnapshotsIsMadeOfAStreamThatIsLargeEnoughForTheCrop(t *testing.T) {
	stream := frame.Stream{Width: 1920, Height: 1080}
	crop := frame.Request{Width: 320, Crop: frame.Crop{Width: 0.25, Height: 0.25}}.Resolve(stream)
	b := &batch{}
	for _, spec := range []frame.Rendition{frame.Request{Width: 640}.Resolve(stream), crop, frame.Request{Width: 480}.Resolve(stream)} {
		b.outputs = append(b.outputs, frame.Output{Rendition: spec})
	}
	if got := b.largest(); got != crop {
		t.Errorf("the stream is chosen for %v, want %v", got, crop)
	}
}

func TestStreamsOfAnOnDemandCameraAreConnectedOnlyWhenUsed(t *testing.T) {
	r, _, main := start(t, withSub+", connect: on_demand")
	v := watch(t, r, frame.Request{Width: 320})
	until(t, "the substream serves and the main stream is left", func() bool {
		s, _ := r.Camera("a")
		return madeOf(r)[320] == "sub" && s.Streams[0].State == Idle && s.Streams[1].State == Live
	})
	v.Close()
	until(t, "idle", func() bool { return state(r) == Idle })
	before := main.count()
	v = watch(t, r, frame.Request{Width: 320})
	defer v.Close()
	if main.count() != before {
		t.Error("the main stream is connected for a picture of the substream, whose size is known by now")
	}
}

func TestLostSubstreamIsReplacedByTheMainOneAndComesBack(t *testing.T) {
	r, e, _ := start(t, withSub)
	bothKnown(t, r)
	v := watch(t, r, frame.Request{Width: 320})
	defer v.Close()
	until(t, "the substream serves", func() bool { return madeOf(r)[320] == "sub" })
	sub := e.feeds["/sub"]
	fault := &frame.CameraError{Reason: frame.Ended, Text: "the substream is gone"}
	sub.refuse(fault)
	sub.drop <- fault
	until(t, "the main stream serves", func() bool { return madeOf(r)[320] == "main" })
	if s, _ := r.Camera("a"); s.State != Live || s.Error != "" || s.Streams[1].Error != fault.Text {
		t.Errorf("%+v", s)
	}
	main := e.picture(e.made() - 1)
	sub.refuse(nil)
	until(t, "the substream serves again", func() bool { return madeOf(r)[320] == "sub" })
	<-main.ended
	last := v.Frame().PTS
	for range 5 {
		f, err := v.Next()
		if err != nil || f.PTS <= last {
			t.Fatalf("%v after %v: %v", f.PTS, last, err)
		}
		last = f.PTS
	}
}

func TestMainStreamThatIsAwayIsReplacedByTheSubstream(t *testing.T) {
	r, e, main := start(t, withSub)
	bothKnown(t, r)
	fault := &frame.CameraError{Reason: frame.Ended, Text: "the main stream is gone"}
	main.refuse(fault)
	main.drop <- fault
	v := watch(t, r, frame.Request{Width: 1280})
	defer v.Close()
	until(t, "the substream serves", func() bool { return madeOf(r)[1280] == "sub" })
	e.feeds["/sub"].refuse(fault)
	e.feeds["/sub"].drop <- fault
	until(t, "lost", func() bool { return state(r) == Lost })
	if s, _ := r.Camera("a"); s.Error != fault.Text {
		t.Errorf("%+v", s)
	}
}

func TestRenditionsBeyondTheLimitAreRefused(t *testing.T) {
	r, e, _ := start(t, "max_renditions: 2")
	first := watch(t, r, frame.Request{Width: 320})
	defer first.Close()
	defer watch(t, r, frame.Request{Width: 640}).Close()
	made := e.made()
	for width := range 1000 {
		_, err := r.Watch(t.Context(), "a", frame.Request{Width: 700 + width})
		var tooMany *TooManyError
		if !errors.As(err, &tooMany) || tooMany.Limit != 2 {
			t.Fatalf("width %d: %v", 700+width, err)
		}
	}
	watch(t, r, frame.Request{Width: 320}).Close() // one that exists already is not refused
	if s, _ := r.Camera("a"); len(s.Renditions) != 2 || e.made() != made {
		t.Errorf("%d renditions, %d pictures", len(s.Renditions), e.made()-made)
	}
}

func TestCameraIsTriedOnce(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "tried", func() bool { s, _ := r.Camera("a"); return s.Tried })
	fault := &frame.CameraError{Reason: frame.Ended, Text: "gone"}
	f.refuse(fault)
	f.drop <- fault
	until(t, "lost", func() bool { return state(r) == Lost })
	if s, _ := r.Camera("a"); !s.Tried {
		t.Error("a camera that was tried is not")
	}
}
