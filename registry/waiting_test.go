package registry

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

var noKeyframe = frame.Waiting{
	Since:  time.Now().Add(-time.Minute),
	Stream: frame.Stream{Codec: "h264", Width: 640, Height: 360},
	Err:    &frame.CameraError{Reason: frame.NoKeyframe, Text: "waiting for a keyframe"},
}

func TestCameraThatWaitsForAKeyframeSaysSinceWhen(t *testing.T) {
	for name, began := range map[string]bool{"from the beginning": false, "after a change of its format": true} {
		t.Run(name, func(t *testing.T) {
			r, _, f := start(t, "connect: on_demand")
			f.mute = !began
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			watched := make(chan *View)
			go func() {
				v, err := r.Watch(ctx, "a", frame.Request{})
				if err != nil {
					t.Error(err)
				}
				watched <- v
			}()
			until(t, "the connection", f.isRunning)
			if began {
				until(t, "live", func() bool { return state(r) == Live })
			}
			f.waits(noKeyframe)
			v := <-watched
			if v == nil {
				return
			}
			defer v.Close()
			until(t, "a placeholder", func() bool { return v.Frame().Placeholder || next(t, v).Placeholder })
			s, _ := r.Camera("a")
			if s.State != Waiting || !s.Since.Equal(noKeyframe.Since) || s.Error != "waiting for a keyframe" || s.Reason != frame.NoKeyframe || s.Width != 640 || !s.Tried {
				t.Errorf("got %+v", s)
			}
			if stream := s.Streams[0]; stream.State != Waiting || stream.Error == "" {
				t.Errorf("got %+v", stream)
			}
			f.send(frame.Stream{Codec: "h264", Width: 640, Height: 360})
			until(t, "pictures", func() bool { return !next(t, v).Placeholder && state(r) == Live })
			if s, _ := r.Camera("a"); s.Reconnects != 0 || s.Error != "" || f.count() != 1 {
				t.Errorf("it was connected %d times: %+v", f.count(), s)
			}
		})
	}
}

// next is the next frame of a view.
func next(t *testing.T, v *View) *frame.Frame {
	t.Helper()
	f, err := v.Next()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPlaceholderOfACameraThatWaitsHasTheSizeOfItsPictures(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	f.waits(noKeyframe)
	v := watch(t, r, frame.Request{Width: 320})
	defer v.Close()
	if size, err := jpeg.DecodeConfig(bytes.NewReader(v.Frame().Picture())); err != nil || size.Width != 320 || size.Height != 180 {
		t.Errorf("got %dx%d, %v", size.Width, size.Height, err)
	}
}

func TestOnDemandCameraThatWaitsForAKeyframeStaysConnectedForTheNextRequest(t *testing.T) {
	r, _, f := start(t, "connect: on_demand, placeholder: false")
	f.mute = true
	refused := make(chan error)
	go func() {
		_, err := r.Watch(t.Context(), "a", frame.Request{})
		refused <- err
	}()
	until(t, "the connection", f.isRunning)
	f.waits(noKeyframe)
	if err := <-refused; !errors.Is(err, noKeyframe.Err) {
		t.Fatalf("got %v", err)
	}
	f.send(frame.Stream{Codec: "h264", Width: 640, Height: 360})
	watch(t, r, frame.Request{}).Close()
	if f.count() != 1 {
		t.Errorf("it was connected %d times", f.count())
	}
}

// TestRequestsProlongOneWaiting makes many requests to a camera that waits. Each of them is refused.
func TestRequestsProlongOneWaiting(t *testing.T) {
	r, _, f := start(t, "connect: on_demand, placeholder: false")
	f.mute = true
	c := r.byID["a"]
	hold := c.keepConnected()
	until(t, "the connection", f.isRunning)
	f.waits(noKeyframe)
	var first *time.Timer
	for range 100 {
		c.keepConnected()()
		c.read(func() {
			if c.requests != 2 {
				t.Fatalf("%d requests keep the camera connected", c.requests)
			}
			if first == nil {
				first = c.lingering
			}
		})
	}
	if first.Stop() {
		t.Error("the end of the first request's time still wakes everybody")
	}
	hold()
	c.read(func() {
		if c.requests != 1 {
			t.Errorf("%d requests keep the camera connected", c.requests)
		}
		c.lingering.Reset(0) // its time is over
	})
	until(t, "idle", func() bool { return state(r) == Idle })
	c.read(func() {
		if c.requests != 0 || c.lingering != nil {
			t.Errorf("%d requests keep the camera connected", c.requests)
		}
	})
}

func TestCameraThatIsLostWhileItWaitsCountsAsReconnectedOnce(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	f.mute = true
	f.drop <- cut
	until(t, "the next connection", func() bool { return f.count() == 2 && f.isRunning() })
	f.waits(noKeyframe)
	until(t, "waiting", func() bool { return state(r) == Waiting })
	f.send(frame.Stream{Codec: "h264", Width: 640, Height: 360})
	until(t, "live", func() bool { return state(r) == Live })
	if s, _ := r.Camera("a"); s.Reconnects != 1 {
		t.Errorf("%d reconnects, want 1", s.Reconnects)
	}
}
