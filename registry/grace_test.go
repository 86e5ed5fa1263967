package registry

import (
	"errors"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// TestCameraThatEndsItsConnectionsIsSeenWithoutPlaceholders has a camera that is back at once each time.
func TestCameraThatEndsItsConnectionsIsSeenWithoutPlaceholders(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	c := r.byID["a"]
	c.change(func() { c.gracePeriod = patience }) // the machine may be busy
	for n := range 4 {
		f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "closed"}
		until(t, "live", func() bool {
			if f, err := v.Next(); err != nil || f.Placeholder {
				t.Fatalf("after connection %d: a placeholder, or %v", n, err)
			}
			s, _ := r.Camera("a")
			return s.State == Live && s.Reconnects == n+1 && s.Error == ""
		})
	}
}

// TestCameraThatEndsItsConnectionAndHangsIsLostSoon has a camera whose next connection neither fails nor sends. Viewers are promised a
// placeholder within 2 s, of which half a second is to draw it and send it.
func TestCameraThatEndsItsConnectionAndHangsIsLostSoon(t *testing.T) {
	r, _, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	r.byID["a"].read(func() {
		if limit := r.byID["a"].gracePeriod; limit > 1500*time.Millisecond {
			t.Errorf("a grace period lasts %v", limit)
		}
	})
	f.hang(true)
	defer time.AfterFunc(patience, func() { v.cancel(errors.New("no placeholder")) }).Stop()
	f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "closed"}
	last := v.Frame()
	for next := last; !next.Placeholder; {
		last = next
		var err error
		if next, err = v.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(last.Received); took < frame.GracePeriod {
		t.Errorf("a placeholder %v after the last picture", took)
	}
	until(t, "lost", func() bool { s, _ := r.Camera("a"); return s.State == Lost && s.Error == "closed" })
}

// TestCameraThatIsBackWithoutPicturesGetsAPlaceholder has a camera that is connected again within its grace period, and whose first picture
// comes late.
func TestCameraThatIsBackWithoutPicturesGetsAPlaceholder(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	defer time.AfterFunc(patience, func() { v.cancel(errors.New("no placeholder")) }).Stop()
	c := r.byID["a"]
	c.change(func() { c.gracePeriod = patience }) // the machine may be busy
	for n := range 2 {
		before := e.picture(e.made() - 1)
		release := e.block()
		f.sent(time.Now())
		f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "closed"}
		until(t, "connected again", func() bool { s, _ := r.Camera("a"); return s.Reconnects == n+1 })
		<-before.ended // the stand-in gives its pictures the time at which it makes them
		c.change(func() {
			c.main().grace.began = time.Now()
			c.gracePeriod = time.Nanosecond
		})
		nextPlaceholder(t, v)
		c.change(func() { c.gracePeriod = patience })
		if s, _ := r.Camera("a"); s.State != Ready || s.Error != "" {
			t.Errorf("%s, %s", s.State, s.Error)
		}
		release()
		until(t, "pictures", func() bool { next, err := v.Next(); return err == nil && !next.Placeholder })
	}
}

// TestGracePeriodCountsFromTheLastPicture checks that viewers of few pictures wait no longer than others.
func TestGracePeriodCountsFromTheLastPicture(t *testing.T) {
	closed, now := errors.New("closed"), time.Now()
	s := &stream{camera: &camera{gracePeriod: frame.GracePeriod}, grace: &grace{began: now, why: closed}}
	for name, c := range map[string]struct {
		last time.Duration // before the connection ended
		left time.Duration
	}{
		"25 pictures a second":           {40 * time.Millisecond, 1460 * time.Millisecond},
		"two a second":                   {500 * time.Millisecond, time.Second},
		"one a second":                   {time.Second, 500 * time.Millisecond},
		"one in five":                    {5 * time.Second, frame.GracePeriod},
		"the first after the connection": {-time.Millisecond, 0},
	} {
		newest := frame.New(nil, frame.Info{Received: now.Add(-c.last)})
		if left, why := s.overdue(newest, now); why != nil || left != c.left {
			t.Errorf("%s: %v and %v left, want %v", name, why, left, c.left)
		}
		if _, why := s.overdue(newest, now.Add(c.left)); (why == closed) != (c.left > 0) {
			t.Errorf("%s: at the end, %v", name, why)
		}
	}
	if left, why := s.overdue(nil, now); why != nil || left != 0 {
		t.Errorf("without a picture: %v, %v left", why, left)
	}
}

// TestConnectionsWithoutAPictureDoNotProlongAGracePeriod has a camera that closes each connection before it sends anything.
func TestConnectionsWithoutAPictureDoNotProlongAGracePeriod(t *testing.T) {
	r, e, f := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	defer e.block()()
	c := r.byID["a"]
	c.change(func() { c.gracePeriod = patience })
	var began *grace
	for n := range 3 {
		f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "closed"}
		until(t, "connected again", func() bool { s, _ := r.Camera("a"); return s.Reconnects == n+1 })
		c.read(func() {
			if n == 0 {
				began = c.main().grace
			} else if c.main().grace != began {
				t.Error("the grace period began again")
			}
		})
	}
}

func TestGracePeriodEndsWhenNobodyNeedsTheCamera(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	v := watch(t, r, frame.Request{})
	c := r.byID["a"]
	c.change(func() { c.gracePeriod = patience })
	f.hang(true)
	f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "closed"}
	v.Close()
	until(t, "idle", func() bool { return state(r) == Idle })
	c.read(func() {
		if c.main().grace != nil {
			t.Error("the camera will be lost, although nobody needs it")
		}
	})
}
