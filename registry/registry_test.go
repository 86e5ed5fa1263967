package registry

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCameraIsConnectedAtTheStartAndDecodedForViewersOnly(t *testing.T) {
	r, e, _ := start(t, "")
	until(t, "ready", func() bool { return state(r) == Ready })
	if e.made() != 0 {
		t.Error("a picture is made for nobody")
	}
	v := watch(t, r, frame.Request{})
	until(t, "live", func() bool { return state(r) == Live })
	if got := string(v.Frame().Picture()); got != "480x270 q80" {
		t.Errorf("got %s", got)
	}
	v.Close()
	until(t, "ready again", func() bool { return state(r) == Ready })
	if s, _ := r.Camera("a"); len(s.Renditions) != 0 || s.Plan != nil || s.Viewers != 0 {
		t.Errorf("%+v", s)
	}
}

func TestViewersOfTheSameRenditionShareIt(t *testing.T) {
	r, e, _ := start(t, "")
	var views []*View
	for range 10 {
		views = append(views, watch(t, r, frame.Request{Width: 640}))
	}
	s, _ := r.Camera("a")
	if len(s.Renditions) != 1 || s.Viewers != 10 || e.made() != 1 {
		t.Errorf("%d pictures, %+v", e.made(), s)
	}
	for _, v := range views {
		v.Close()
	}
}

func TestRenditionOutlivesItsLastViewerForATime(t *testing.T) {
	r, e, _ := start(t, "")
	for range 5 {
		watch(t, r, frame.Request{}).Close()
	}
	if e.made() != 1 {
		t.Errorf("%d pictures for viewers that follow one another", e.made())
	}
}

func TestOnDemandCameraIsConnectedForViewersOnly(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	if s := state(r); s != Idle {
		t.Errorf("state %s", s)
	}
	v := watch(t, r, frame.Request{})
	if f.count() != 1 || state(r) != Live {
		until(t, "live", func() bool { return state(r) == Live })
	}
	v.Close()
	until(t, "idle again", func() bool { return state(r) == Idle })
	watch(t, r, frame.Request{}).Close()
	if f.count() != 2 {
		t.Errorf("connected %d times", f.count())
	}
}

func TestOnDemandCameraThatWasAwayIsTriedAgainForTheNextViewer(t *testing.T) {
	r, _, f := start(t, "connect: on_demand")
	f.refuse(&frame.CameraError{Reason: frame.Unreachable, Text: "the cable is cut"})
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); frame.ReasonOf(err) != frame.Unreachable {
		t.Errorf("the first viewer gets %v", err)
	}
	f.refuse(nil)
	until(t, "idle", func() bool { return state(r) == Idle })
	watch(t, r, frame.Request{}).Close()
}

func TestLostCameraSaysWhyAndComesBack(t *testing.T) {
	for reason, want := range map[frame.Reason]State{
		frame.Unreachable: Lost, frame.Ended: Lost, frame.Stalled: Stalled, frame.NoVideo: Lost,
	} {
		t.Run(string(reason), func(t *testing.T) {
			r, _, f := start(t, "")
			v := watch(t, r, frame.Request{})
			defer v.Close()
			fault := &frame.CameraError{Reason: reason, Text: "the cable is cut"}
			f.refuse(fault)
			f.drop <- fault
			until(t, "lost", func() bool { return state(r) == want })
			if s, _ := r.Camera("a"); s.Error != "the cable is cut" || s.Reason != reason {
				t.Errorf("%+v", s)
			}
			until(t, "a placeholder", func() bool { f, err := v.Next(); return err == nil && f.Placeholder })
			f.refuse(nil)
			until(t, "live", func() bool { return state(r) == Live })
			before := v.Frame().PTS
			if next, err := v.Next(); err != nil || next.PTS <= before {
				t.Errorf("the viewer that stayed gets %v, %v", next, err)
			}
			if s, _ := r.Camera("a"); s.Reconnects != 1 || s.Error != "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestSlowFeedStatusDoesNotBlockTheCamera(t *testing.T) {
	r, _, feed := start(t, "")
	v := watch(t, r, frame.Request{})
	defer v.Close()
	until(t, "live", func() bool { return state(r) == Live })
	slow := feed.slowDown()
	got := make(chan State)
	go func() { got <- state(r) }()
	until(t, "the feed is queried", feed.waiting)
	free(t, r.byID["a"])
	close(slow)
	if s := <-got; s != Live {
		t.Errorf("state %s", s)
	}
}

func TestUnknownAndDisabledCamerasAreRefused(t *testing.T) {
	r, _, f := start(t, "disabled: true")
	if _, err := r.Watch(t.Context(), "b", frame.Request{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, ErrDisabled) {
		t.Errorf("got %v", err)
	}
	if state(r) != Disabled || f.count() != 0 {
		t.Errorf("%s, connected %d times", state(r), f.count())
	}
}

func TestViewersEndWhenTheRegistryDoes(t *testing.T) {
	config, _ := configs.Parse("test.yaml", []byte("cameras: [{id: a, url: 'rtsp://h/a'}]"), nil)
	e := &standin{feeds: map[string]*standinFeed{}}
	r, _ := New(config, e, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(done)
	}()
	v := watch(t, r, frame.Request{})
	cancel()
	for {
		if _, err := v.Next(); err != nil {
			if !errors.Is(err, ErrClosing) {
				t.Errorf("got %v", err)
			}
			break
		}
	}
	v.Close()
	<-done
	if _, err := r.Watch(t.Context(), "a", frame.Request{}); !errors.Is(err, ErrClosing) {
		t.Errorf("got %v", err)
	}
}

func TestManyViewersComeAndGo(t *testing.T) {
	r, _, f := start(t, "idle_timeout: 0s")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var viewers sync.WaitGroup
	for i := range 20 {
		viewers.Go(func() {
			for j := range 10 {
				v, err := r.Watch(ctx, "a", frame.Request{Width: 100 + 20*((i+j)%3)})
				if err != nil {
					continue // the camera is away
				}
				v.Next()
				v.Close()
			}
		})
	}
	for range 5 {
		select {
		case f.drop <- &frame.CameraError{Reason: frame.Ended, Text: "dropped"}:
		case <-time.After(50 * time.Millisecond):
		}
	}
	viewers.Wait()
	until(t, "nobody is left", func() bool { s, _ := r.Camera("a"); return s.Viewers == 0 && len(s.Renditions) == 0 })
}

// linesWith counts the lines of a log that contain a text.
type linesWith struct {
	text string
	n    atomic.Int64
}

func (l *linesWith) Write(line []byte) (int, error) {
	if strings.Contains(string(line), l.text) {
		l.n.Add(1)
	}
	return len(line), nil
}

func TestMasksOfACameraThatStatesAnOrientationAreToBeChecked(t *testing.T) {
	for keys, want := range map[string]int64{"name: Gate": 0, "masks: [{x: 0, y: 0, width: 0.5, height: 0.5}]": 1} {
		log := &linesWith{text: "level=WARN msg=\"masks apply to the upright picture"}
		e := &standin{feeds: map[string]*standinFeed{}}
		r, err := New(parse(t, "{id: a, url: 'rtsp://h/a', "+keys+"}"), e, slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		run(t, r)
		until(t, "ready", func() bool { return state(r) == Ready })
		if n := log.n.Load(); n != 0 {
			t.Errorf("%s: %d warnings without an orientation", keys, n)
		}
		turned := frame.Stream{Codec: "mjpeg", Width: 480, Height: 640, Orientation: frame.Orientation{Degrees: 90}}
		for range 3 {
			e.feeds["/a"].send(turned)
		}
		if n := log.n.Load(); n != want {
			t.Errorf("%s: %d warnings", keys, n)
		}
	}
}
