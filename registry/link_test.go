package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

func TestChangedCameraStaysConnectedIfItsSourceIsTheSame(t *testing.T) {
	r, e, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	f.counts(3)
	for i := range 20 {
		v := watch(t, r, frame.Request{})
		apply(t, r, written("a", fmt.Sprintf(", name: Gate %d, quality: %d", i, 1+i)))
		until(t, "the end of the view", func() bool { _, err := v.Next(); return errors.Is(err, ErrReplaced) })
		v.Close()
		s, _ := r.Camera("a")
		if s.Name != fmt.Sprintf("Gate %d", i) || s.Broken != 3 || s.Reconnects != 0 || s.Error != "" {
			t.Fatalf("%+v", s)
		}
	}
	if n := f.count(); n != 1 || e.feed("/a") != f {
		t.Errorf("it was connected %d times", n)
	}
	f.drop <- errors.New("dropped")
	until(t, "a reconnect", func() bool { s, _ := r.Camera("a"); return s.Reconnects == 1 && s.State == Ready })
	apply(t, r, written("a", ", connect: on_demand"))
	until(t, "the end of a connection that nobody needs", func() bool { return !e.feed("/a").isRunning() && !f.isRunning() })
}

func TestOnlyTheStreamWhoseSourceHasChangedConnectsAgain(t *testing.T) {
	r, e, _ := start(t, "substream: 'rtsp://h/sub'")
	main, sub := e.feed("/a"), e.feed("/sub")
	until(t, "both are connected", func() bool { return main.isRunning() && sub.isRunning() })
	apply(t, r, written("a", ", substream: 'rtsp://h/other'"))
	until(t, "the other one is connected", func() bool { f := e.feed("/other"); return f != nil && f.isRunning() })
	if main.count() != 1 || !main.isRunning() || sub.isRunning() {
		t.Errorf("main was connected %d times, and the former substream's state is %v", main.count(), sub.isRunning())
	}
}

func TestConnectionThatEndsWhileItsCameraChangesIsMadeAgain(t *testing.T) {
	r, _, f := start(t, "")
	for i := range 10 {
		until(t, "ready", func() bool { return state(r) == Ready && f.isRunning() })
		dropped := make(chan struct{})
		go func() {
			defer close(dropped)
			f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "closed"}
		}()
		apply(t, r, written("a", fmt.Sprintf(", quality: %d", 1+i)))
		<-dropped
	}
	until(t, "the last reconnect", func() bool { return f.count() == 11 && state(r) == Ready })
}

func TestCameraThatWaitsStillWaitsWhenItIsChanged(t *testing.T) {
	r, _, f := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	f.waits(noKeyframe)
	apply(t, r, written("a", ", name: Gate"))
	if s, _ := r.Camera("a"); s.State != Waiting || s.Error != noKeyframe.Err.Error() || s.Name != "Gate" {
		t.Errorf("%s, %q", s.State, s.Error)
	}
	f.send(frame.Stream{Codec: "h264", Width: 640, Height: 360})
	until(t, "ready", func() bool { return state(r) == Ready })
	if f.count() != 1 {
		t.Errorf("it was connected %d times", f.count())
	}
}

// TestConnectionEndsIfItsNewCameraNeverRuns changes a camera while the registry ends.
func TestConnectionEndsIfItsNewCameraNeverRuns(t *testing.T) {
	for i := range 20 {
		e := &standin{feeds: map[string]*standinFeed{}}
		r, err := New(parse(t, "{id: a, url: 'rtsp://h/a'}"), e, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			r.Run(ctx)
			close(done)
		}()
		f := e.feed("/a")
		until(t, "ready", func() bool { return state(r) == Ready })
		go cancel()
		r.Apply(parse(t, fmt.Sprintf("{id: a, url: 'rtsp://h/a', quality: %d}", 1+i))) // which may be refused
		<-done
		if f.isRunning() {
			t.Fatal("the connection has not ended")
		}
	}
}

// TestConnectionThatWasTakenOverEndsWithASuspension suspends a camera before or after it runs.
func TestConnectionThatWasTakenOverEndsWithASuspension(t *testing.T) {
	r, _, f := start(t, "")
	for i := range 20 {
		until(t, "ready", func() bool { return state(r) == Ready && f.isRunning() })
		apply(t, r, written("a", fmt.Sprintf(", quality: %d", 1+i)))
		now := time.Now()
		r.byID["a"].suspend(now, 1)
		until(t, "the end of the connection", func() bool { return state(r) == Suspended && !f.isRunning() })
		r.Resume(now.Add(24*time.Hour), false)
	}
	until(t, "ready", func() bool { return state(r) == Ready })
	if s, _ := r.Camera("a"); s.Reconnects != 20 || s.Suspensions != 20 {
		t.Errorf("%d reconnects, %d suspensions", s.Reconnects, s.Suspensions)
	}
}

// TestStreamsOfACameraShareItsAccounts so that a wrong password is sent once, also after a change of one of them.
func TestStreamsOfACameraShareItsAccounts(t *testing.T) {
	r, e, _ := start(t, "substream: 'rtsp://h/sub'")
	main, sub := e.feed("/a").accounts, e.feed("/sub").accounts
	apply(t, r, written("a", ", substream: 'rtsp://h/other'"))
	if other := e.feed("/other").accounts; main == nil || sub != main || other != main {
		t.Errorf("accounts %p, %p, %p; want the same", main, sub, other)
	}
	apply(t, r, written("a", "")+", "+written("b", ""))
	if another := e.feed("/b").accounts; another == nil || another == main {
		t.Errorf("another camera has the accounts %p", another)
	}
}
