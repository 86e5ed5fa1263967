package main

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/testcam/mark"
	"github.com/framegate/framegate/internal/viewer"
)

// cheap is a camera that costs little, so that a busy machine can watch many: 10 pictures a second in a loop of 100.
var cheap = testcam.Camera{Width: 160, Height: 96, FPS: 10, KeyframeInterval: 10, Loop: 10 * time.Second}

// TestOddCamerasAreShown watches cameras that each misbehave in one way. Viewers keep getting pictures, never one that is older than
// the previous one, and undamaged ones as soon as the camera behaves again.
func TestOddCamerasAreShown(t *testing.T) {
	camtest.Long(t)
	oddities := []struct {
		name       string
		command    testcam.Command
		options    testcam.Options
		damages    bool          // pictures may be damaged until it heals
		reconnects bool          // framegate must connect again, and viewers may see placeholders until it has
		gap        time.Duration // the longest time without a picture
	}{
		{"bare", testcam.Bare, testcam.Options{}, false, true, 4 * time.Second},
		{"ssrc", testcam.SSRC, testcam.Options{}, false, false, time.Second},
		{"cut", testcam.Cut, testcam.Options{}, false, true, 4 * time.Second},
		{"forward", testcam.Jump, testcam.Options{Seconds: 3600}, false, false, time.Second},
		{"back", testcam.Jump, testcam.Options{Seconds: -3600}, false, false, time.Second},
		{"back-a-little", testcam.Jump, testcam.Options{Seconds: -1}, false, false, 2 * time.Second},
		{"freeze", testcam.Freeze, testcam.Options{}, false, false, time.Second},
		{"backwards", testcam.Backwards, testcam.Options{}, false, false, 2 * time.Second},
		{"flip", testcam.Corrupt, testcam.Options{Rate: 0.1}, true, false, 4 * time.Second},
		{"truncate", testcam.Corrupt, testcam.Options{Rate: 0.1, Kind: testcam.Truncate}, true, false, 4 * time.Second},
		{"lose", testcam.Corrupt, testcam.Options{Rate: 0.1, Kind: testcam.Lose}, true, false, 4 * time.Second},
		{"reorder", testcam.Corrupt, testcam.Options{Rate: 0.1, Kind: testcam.Reorder}, true, false, 4 * time.Second},
		{"codec", testcam.Corrupt, testcam.Options{Rate: 0.1, Kind: testcam.WrongCodec}, true, false, 4 * time.Second},
	}
	var cameras []testcam.Camera
	for _, o := range oddities {
		c := cheap
		c.Name, c.Shared = o.name, true
		cameras = append(cameras, c)
	}
	server := camtest.Start(t, cameras...)
	var text strings.Builder
	for _, c := range cameras {
		fmt.Fprintf(&text, "- {id: %s, url: %q, stall_timeout: 2s}\n", c.Name, server.URL(c.Name))
	}
	p := start(t, "--config", config(t, "cameras:\n"+text.String()))
	var viewers sync.WaitGroup
	defer viewers.Wait()
	for _, o := range oddities {
		p.until(t, o.name, "ready")
		s, err := viewer.Open(t.Context(), p.URL+"/cameras/"+o.name+"/stream")
		if err != nil {
			t.Fatal(err)
		}
		viewers.Go(func() {
			defer s.Close()
			w := &witness{Stream: s, name: o.name, reconnects: o.reconnects}
			w.sees(t, 10, time.Second, true)
			camtest.Do(t, server, o.name, o.command, o.options)
			w.sees(t, 40, o.gap, !o.damages)
			camtest.Do(t, server, o.name, testcam.Heal, testcam.Options{})
			if o.damages {
				keyframe := nextKeyframe(t, server, o.name)
				for !w.last.Received.After(keyframe) && !t.Failed() {
					w.sees(t, 1, camtest.Patience, false)
				}
				w.sees(t, 2, o.gap, false) // a unit that lacks its last packet is complete when the next one begins
			}
			w.sees(t, 20, o.gap, true)
		})
	}
}

// nextKeyframe waits until a camera has sent its next keyframe, and returns when that was.
func nextKeyframe(t *testing.T, server *testcam.Server, camera string) (sent time.Time) {
	began := time.Now()
	camtest.Until(t, "a keyframe", func() bool {
		for frame := 0; frame < 100; frame += cheap.KeyframeInterval {
			if at, _ := server.Sent(camera, frame); at.After(began) {
				sent = at
			}
		}
		return !sent.IsZero()
	})
	return sent
}

// witness is a viewer who checks what it sees.
type witness struct {
	*viewer.Stream
	name       string
	reconnects bool // framegate connects again, and there may be placeholders until it has
	last       viewer.Picture
	frame      int // number of the last picture, -1 if it cannot be read
}

// sees checks n pictures of a cheap camera. If whole is set, they must be undamaged.
func (w *witness) sees(t *testing.T, n int, gap time.Duration, whole bool) {
	t.Helper()
	began, limit := time.Now(), gap+2*time.Duration(n)*time.Second/10
	defer func() {
		if took := time.Since(began); took > limit {
			t.Errorf("%s: %d pictures took %v, want at most %v", w.name, n, took, limit)
		}
	}()
	for range n {
		p, err := w.Next()
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			return
		}
		pause := p.Read.Sub(w.last.Read)
		if !w.last.Read.IsZero() && pause > gap {
			t.Errorf("%s: no picture for %v, want one within %v", w.name, pause, gap)
		}
		// In a reordered stream a picture may have the time of its neighbour.
		if back := w.last.Received.Sub(p.Received); back > 100*time.Millisecond || whole && back > 0 {
			t.Errorf("%s: got a picture of %v after one of %v, want a later one", w.name, p.Received, w.last.Received)
		}
		picture, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil {
			t.Errorf("%s: %v", w.name, err)
			return
		}
		_, frame, err := mark.Read(picture)
		if err != nil && w.reconnects {
			w.last, w.frame = p, w.frame+1
			continue
		}
		if err != nil {
			frame = -1
		}
		if whole && err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		// The loop has 100 frames. A pause of less than a second skips at most half of them.
		if steps := (frame - w.frame + 100) % 100; whole && w.frame >= 0 && pause < time.Second && (steps < 1 || steps > 50) {
			t.Errorf("%s: got frame %d after frame %d, want one of the next 50", w.name, frame, w.frame)
		}
		w.last, w.frame = p, frame
	}
}

func TestHugeUnitIsDroppedCountedAndLogged(t *testing.T) {
	camtest.Long(t)
	server := camtest.Start(t, cheap)
	p := start(t, "--config", config(t, "cameras: [{id: gate, stall_timeout: 15s, url: '"+server.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	s, err := viewer.Open(t.Context(), p.URL+"/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := &witness{Stream: s, name: "gate"}
	w.sees(t, 10, time.Second, true)
	before, err := process.PeakMemory(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	camtest.Do(t, server, "cam1", testcam.Huge, testcam.Options{Megabytes: 60})
	camtest.Until(t, "the unit is counted", func() bool { return p.camera(t, "gate").Broken > 0 })
	w.sees(t, 20, 10*time.Second, false) // the unit takes a while to arrive
	w.sees(t, 20, time.Second, true)
	if log := p.Log(); !strings.Contains(log, "access unit dropped: too large") || !strings.Contains(log, "limit=33554432") {
		t.Errorf("the dropped unit is not in the log:\n%s", log)
	}
	limit := 100 << 10
	if len(buildFlags) > 0 {
		limit *= 5 // the race detector keeps several bytes for each byte of Go's memory
	}
	if after, err := process.PeakMemory(p.PID()); err != nil || after-before > limit {
		t.Errorf("the unit of 60 MB took %d KiB of memory, %v", after-before, err)
	}
}
