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
