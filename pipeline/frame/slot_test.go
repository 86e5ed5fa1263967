package frame

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// at makes a frame whose JPEG is its number.
func at(n int) *Frame {
	return New(fmt.Append(nil, n), Info{PTS: time.Duration(n), Received: time.Unix(int64(n), 0)})
}

func TestPartHasHeadersAndBoundary(t *testing.T) {
	f := New([]byte("JPEG"), Info{PTS: 1, Received: time.Unix(1700000000, 42000)})
	want := "Content-Type: image/jpeg\r\nContent-Length: 4\r\nX-Timestamp: 1700000000.000042\r\n\r\nJPEG\r\n--frame\r\n"
	if string(f.Part()) != want || string(f.Picture()) != "JPEG" {
		t.Errorf("%q %q", f.Part(), f.Picture())
	}
}

func TestPictureIsFollowedByTheHeadOfTheNextPart(t *testing.T) {
	f := New([]byte("JPEG"), Info{PTS: 1, Received: time.Unix(1700000000, 42000)})
	const head = "--frame\r\nContent-Type: image/jpeg\r\n\r\n"
	if want := "JPEG\r\n" + head; OpeningAhead != head || string(f.Ahead()) != want {
		t.Errorf("%q %q", OpeningAhead, f.Ahead())
	}
}

func TestFrameOwnsItsPicture(t *testing.T) {
	mapped := []byte("JPEG")
	f := New(mapped, Info{PTS: 1})
	copy(mapped, "xxxx")
	if !bytes.Equal(f.Picture(), []byte("JPEG")) {
		t.Error("the frame changed with the caller's buffer")
	}
}

func TestSlowViewerSkipsToTheNewest(t *testing.T) {
	var s Slot
	ctx := t.Context()
	s.Publish(at(1))
	first, _ := s.After(ctx, nil)
	for n := 2; n <= 100; n++ {
		s.Publish(at(n))
	}
	next, _ := s.After(ctx, first)
	if string(next.Picture()) != "100" {
		t.Errorf("got %s", next.Picture())
	}
}

func TestFrameThatIsNotNewerIsNotShown(t *testing.T) {
	var s Slot
	for _, n := range []int{5, 4, 5, 6} {
		s.Publish(at(n))
	}
	if got := s.Newest(); string(got.Picture()) != "6" || s.Frames() != 2 || s.Bytes() != 2 {
		t.Errorf("%s, %d frames, %d bytes", got.Picture(), s.Frames(), s.Bytes())
	}
}

func TestPictureAfterAPlaceholderHasALaterTime(t *testing.T) {
	var s Slot
	noon := time.Unix(1700000000, 0)
	s.Publish(New([]byte("placeholder"), Info{PTS: 1, Received: noon, Placeholder: true}))
	for i := 1; i <= 2; i++ {
		sent := Info{PTS: 1 + time.Duration(i), Received: noon.Add(-5 * time.Millisecond), Width: 4, Height: 2, Format: PNG}
		s.Publish(New([]byte("PNG"), sent))

		sent.Received = noon.Add(time.Duration(i) * time.Microsecond)
		want := New([]byte("PNG"), sent)
		if got := s.Newest(); got.Info != want.Info || !bytes.Equal(got.Part(), want.Part()) || s.Picture() != got {
			t.Errorf("%d: %+v %q", i, got.Info, got.Part())
		}
	}
}

func TestEveryWaitingViewerIsWoken(t *testing.T) {
	var s Slot
	var viewers sync.WaitGroup
	for range 100 {
		viewers.Go(func() {
			var seen *Frame
			for last := 0; last < 1000; {
				f, err := s.After(t.Context(), seen)
				if err != nil || f == seen || seen != nil && f.PTS <= seen.PTS {
					t.Errorf("got %v after %v, %v", f, seen, err)
					return
				}
				seen, last = f, int(f.PTS)
			}
		})
	}
	for n := 1; n <= 1000; n++ {
		s.Publish(at(n))
	}
	viewers.Wait()
}

func TestWaitEndsWithItsContext(t *testing.T) {
	var s Slot
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := s.After(ctx, nil); err != gone {
		t.Errorf("got %v", err)
	}
}

func TestWaitingDoesNotAllocate(t *testing.T) {
	var s Slot
	n := 0
	var seen *Frame
	frames := make([]*Frame, 2000)
	for i := range frames {
		frames[i] = at(i + 1)
	}
	publish := testing.AllocsPerRun(500, func() { s.Publish(frames[n]); n++ })
	both := testing.AllocsPerRun(500, func() {
		s.Publish(frames[n])
		n++
		seen, _ = s.After(context.Background(), seen)
	})
	if both > publish {
		t.Errorf("%v allocations with a viewer, %v without", both, publish)
	}
}

func TestRateIsMeasuredAndFallsWhenFramesStop(t *testing.T) {
	var r rate
	now := time.Unix(1000, 0)
	if got := r.perSecond(now); got != 0 {
		t.Errorf("%v of nothing", got)
	}
	for range 100 {
		now = now.Add(40 * time.Millisecond)
		r.tick(now)
	}
	if got := r.perSecond(now); got < 24.9 || got > 25.1 {
		t.Errorf("%v, want 25", got)
	}
	if got := r.perSecond(now.Add(time.Second)); got > 25 {
		t.Errorf("%v a second after the last frame", got)
	}
	if got := r.perSecond(now.Add(3 * time.Second)); got != 0 {
		t.Errorf("%v long after the last frame", got)
	}
}

func TestRequestIsResolvedAgainstTheCamera(t *testing.T) {
	hd, vga := Stream{Width: 1920, Height: 1080, FPS: 25}, Stream{Width: 640, Height: 480}
	jpegs := Stream{Codec: "mjpeg", Width: 640, Height: 480}
	pal := Stream{Codec: "mjpeg", Width: 704, Height: 576, PixelAspect: Ratio{16, 11}}
	for _, c := range []struct {
		request Request
		stream  Stream
		want    string
	}{
		{Request{Quality: 80}, hd, "480x270 q80"},
		{Request{Quality: 80}, vga, "640x480 q80"},
		{Request{Scale: 0.25, Quality: 80}, vga, "160x120 q80"},
		{Request{Scale: 1, Quality: 80}, hd, "1920x1080 q80"},
		{Request{Width: 640, Quality: 70}, hd, "640x360 q70"},
		{Request{Height: 240, Quality: 70}, vga, "320x240 q70"},
		{Request{Width: 400, Height: 400, Quality: 70}, hd, "400x400 q70"},
		{Request{Width: 8000, Quality: 70}, hd, "1920x1080 q70"},
		{Request{Width: 333, FPS: 5, Quality: 70}, hd, "334x188@5 q70"},
		{Request{Scale: 0.5, FPS: 30, Quality: 70}, hd, "960x540 q70"},
		{Request{Scale: 0.01, Quality: 1}, Stream{Width: 100, Height: 50}, "2x2 q1"},
		{Request{Width: 961, Quality: 79, FPS: 4.9}, hd, "960x540@5 q80"},
		{Request{Scale: 0.251, Quality: 80, FPS: 0.26}, hd, "482x272@0.3 q80"},
		{Request{Width: 1366, Quality: 80, FPS: 24.9}, hd, "1368x770 q80"},
		{Request{Height: 1080, FPS: 25, Quality: 80}, Stream{Width: 1920, Height: 1080, FPS: 25.02}, "1920x1080 q80"},
		{Request{Width: 1280, Upscale: true, Quality: 80}, vga, "1280x960 q80"},
		{Request{Width: 8000, Upscale: true, Quality: 80}, vga, "2560x1920 q80"},
		{Request{Rotate: 90, Quality: 80}, hd, "270x480 q80"},
		{Request{Rotate: 270, Width: 180, Quality: 80}, hd, "180x320 q80"},
		{Request{Keyframes: true, Quality: 80, FPS: 3}, hd, "480x270@key q80"},
		{Request{Scale: 1, Quality: 80, AsSent: true}, jpegs, "640x480 as sent"},
		{Request{Quality: 80, AsSent: true, FPS: 5}, jpegs, "640x480@5 as sent"},
		{Request{Quality: 80}, jpegs, "640x480 q80"},
		{Request{Scale: 0.5, Quality: 80, AsSent: true}, jpegs, "320x240 q80"},
		{Request{Rotate: 180, Quality: 80, AsSent: true}, jpegs, "640x480 q80"},
		{Request{Quality: 80, AsSent: true, Overlay: Overlay{Time: true}}, jpegs, "640x480 q80"},
		{Request{Quality: 80, AsSent: true}, pal, "1024x576 q80"},
		{Request{Quality: 80, AsSent: true, Width: 704, Height: 576}, pal, "704x576 q80"},
		{Request{Quality: 80, Width: 320}, pal, "320x180 q80"},
		{Request{Quality: 80, Scale: 0.5}, pal, "512x288 q80"},
		{Request{Quality: 80, Width: 8000}, pal, "1024x576 q80"},
		{Request{Quality: 80, Rotate: 90, Height: 512}, pal, "288x512 q80"},
	} {
		if got := c.request.Resolve(c.stream).String(); got != c.want {
			t.Errorf("%+v of %+v is %s, want %s", c.request, c.stream, got, c.want)
		}
	}
}

func TestRequestedSizeOverridesTheConfiguredSize(t *testing.T) {
	configured := Request{Scale: 0.25, FPS: 10, Quality: 80}
	if got := (Request{Width: 640}).WithDefaults(configured); got != (Request{Width: 640, FPS: 10, Quality: 80}) {
		t.Errorf("%+v", got)
	}
	if got := (Request{}).WithDefaults(configured); got != configured {
		t.Errorf("%+v", got)
	}
}

func TestRequestSelectsPartsOfTheOverlay(t *testing.T) {
	configured := Request{Name: "Gate", Overlay: Overlay{Time: true, Text: "north", Corner: TopRight}}
	for _, c := range []struct {
		show *OverlayParts
		want Overlay
	}{
		{nil, Overlay{Time: true, Text: "north", Corner: TopRight}},
		{&OverlayParts{Name: true, Text: true}, Overlay{Name: "Gate", Text: "north", Corner: TopRight}},
		{&OverlayParts{}, Overlay{}},
	} {
		if got := (Request{Show: c.show}).WithDefaults(configured).Resolve(Stream{Width: 64, Height: 48}).Overlay; got != c.want {
			t.Errorf("%+v shows %+v", c.show, got)
		}
	}
}

// BenchmarkSlot shows the cost of one frame for each of a number of viewers that all wait for it.
func BenchmarkSlot(b *testing.B) {
	for _, viewers := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("viewers=%d", viewers), func(b *testing.B) {
			b.ReportAllocs()
			var s Slot
			var ready, done sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())
			for range viewers {
				done.Go(func() {
					var seen *Frame
					for {
						f, err := s.After(ctx, seen)
						if err != nil {
							return
						}
						seen = f
						ready.Done()
					}
				})
			}
			jpeg := make([]byte, 24<<10)
			n := 0
			for b.Loop() {
				n++
				ready.Add(viewers)
				s.Publish(New(jpeg, Info{PTS: time.Duration(n)}))
				ready.Wait()
			}
			cancel()
			done.Wait()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(viewers), "ns/viewer")
		})
	}
}

func TestReplacedIsClosedByANewerFrame(t *testing.T) {
	var s Slot
	none := s.Replaced(nil)
	s.Publish(at(1))
	first := s.Newest()
	wait, newer := s.Replaced(first), s.Replaced(nil)
	for name, c := range map[string]struct {
		replaced <-chan struct{}
		want     bool
	}{"none": {none, true}, "newer": {newer, true}, "newest": {wait, false}} {
		select {
		case <-c.replaced:
			if !c.want {
				t.Errorf("%s: closed", name)
			}
		default:
			if c.want {
				t.Errorf("%s: open", name)
			}
		}
	}
	s.Publish(at(2))
	<-wait
}
