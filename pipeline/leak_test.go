package pipeline

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/plan/plantest"
)

// TestNothingIsLeftBehind starts and stops 200 pictures and 50 feeds in a process of its own, under
// GStreamer's leaks tracer, and counts what is left: goroutines, descriptors, memory and GStreamer objects.
func TestNothingIsLeftBehind(t *testing.T) {
	camtest.Long(t)
	if os.Getenv("FRAMEGATE_LEAK_TEST") == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestNothingIsLeftBehind$", "-test.v", "-test.timeout=5m")
		child.Env = append(os.Environ(), "FRAMEGATE_LEAK_TEST=1", "GST_TRACERS=leaks(filters=\"GstElement,GstBuffer,GstSample,GstBus\")", "GST_DEBUG=GST_TRACER:7", "GST_DEBUG_NO_COLOR=1")
		out, err := child.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, plantest.Tail(string(out)))
		}
		if alive := strings.Count(string(out), "object-alive, type-name=(string)Gst"); alive > 0 {
			t.Errorf("%d GStreamer objects are alive at the end:\n%s", alive, plantest.Tail(string(out)))
		}
		for _, proof := range []string{"object-alive.class", "--- PASS: TestNothingIsLeftBehind"} {
			if !strings.Contains(string(out), proof) {
				t.Errorf("without %q nothing was tested:\n%s", proof, plantest.Tail(string(out)))
			}
		}
		return
	}

	t.Cleanup(func() { // last of all: the test camera's objects are GStreamer's too
		collect()
		gst.Deinit()
	})
	server := camtest.Start(t, tiny)
	freedAtOnce(t, server)
	warm := func(feeds, pictures int) {
		for range feeds {
			startAndStop(t, server, pictures)
		}
	}
	warm(10, 10) // until pools and caches are full
	before := measure()
	warm(50, 4)
	after := measure()
	for deadline := time.Now().Add(camtest.Patience); (after.goroutines > before.goroutines || Living() > 0) && time.Now().Before(deadline); {
		after = measure() // a goroutine on its way out
	}
	if n := Living(); n != 0 {
		t.Errorf("%d pipelines and elements are counted as not freed", n)
	}
	t.Logf("before %v, after %v", before, after)
	if after.goroutines > before.goroutines || after.descriptors > before.descriptors {
		t.Errorf("before %v, after %v", before, after)
	}
	// The race detector's own memory grows; without it a leak of a picture's buffers would be far more.
	if after.rss > before.rss+24<<20 {
		t.Errorf("memory grew: before %v, after %v", before, after)
	}
	if n := Abandoned(); n > 0 {
		t.Errorf("%d pipelines were abandoned", n)
	}
}

// freedAtOnce checks that feeds and pictures are freed without a garbage collection, descriptors too, and also if they end
// before they have begun.
func freedAtOnce(t *testing.T, server *testcam.Server) {
	t.Helper()
	startAndStop(t, server, 1) // what GStreamer keeps for the process
	collect()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before := descriptors()
	startAndStop(t, server, 3)
	feed := runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	for i := range 20 {
		shown := show(t, feed.Feed, small)
		time.Sleep(time.Duration(i) * time.Millisecond) // it ends at any step of its start
		shown.stop()
	}
	feed.Stop()
	camtest.Until(t, "everything is freed without a garbage collection", func() bool {
		return Living() == 0 && descriptors() <= before
	})
}

// startAndStop runs a feed with a number of pictures, one after the other.
func startAndStop(t *testing.T, server *testcam.Server, pictures int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	feed, err := NewFeed(&plan.Machine{}, camtest.Source(t, server.URL("cam1")))
	if err != nil {
		t.Fatal(err)
	}
	connected, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		feed.Run(ctx, func(frame.Stream) { connected <- struct{}{} })
		close(done)
	}()
	<-connected
	for range pictures {
		slot := &frame.Slot{}
		picture := feed.NewPicture([]frame.Output{{Rendition: frame.Rendition{Width: 80, Height: 48, Quality: 80}, Slot: slot}})
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			picture.Run(running)
			close(ended)
		}()
		if _, err := slot.After(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if n := Living(); n < 5 { // a feed and a picture have more
			t.Errorf("%d pipelines and elements are counted while a picture is made", n)
		}
		stop()
		<-ended
	}
	cancel()
	<-done
}

// usage is what the process holds.
type usage struct{ goroutines, descriptors, rss int }

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d KiB", u.goroutines, u.descriptors, u.rss>>10)
}

// collect lets Go's finalizers give GStreamer's objects back.
func collect() {
	for range 5 {
		runtime.GC()
		time.Sleep(20 * time.Millisecond) // finalizers run in a goroutine of their own, which nothing waits for
	}
}

func measure() usage {
	collect()
	return usage{runtime.NumGoroutine(), descriptors(), rss()}
}

// descriptors is how many files the process has open.
func descriptors() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// rss is the process's resident memory in bytes.
func rss() int {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}
