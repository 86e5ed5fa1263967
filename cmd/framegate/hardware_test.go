package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/standin"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/pipeline/plan"

	"github.com/chromedp/chromedp"
)

func TestHardwareIsPrintedForPeopleAndPrograms(t *testing.T) {
	standins := standin.Use(t, "nvidia")
	standins.Fault(t, "nvh265dec", "crash")
	stdout, stderr, status := run(t, "hardware")
	for _, want := range []string{"nvidia       works", "jetson       missing", "--runtime nvidia", "h265   failed", "took its process down", "software  h264   works"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q", want)
		}
	}
	if status != 0 || t.Failed() {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	stdout, stderr, _ = run(t, "hardware", "--json")
	var found plan.Hardware
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || len(found.Platforms) != len(plan.Names()) || found.Platforms[1].Status != plan.Works {
		t.Errorf("%v %+v %s", err, found, stderr)
	}
}

func TestProbeNamesThePlan(t *testing.T) {
	standin.Use(t, "va")
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180})
	stdout, stderr, status := run(t, "probe", "--look", "100ms", cameras.URL("cam1"))
	if status != 0 || !strings.Contains(stdout, "va: vah264dec, vapostproc, vajpegenc") || !strings.Contains(stdout, "the best that was proved here for h264") {
		t.Errorf("%d\n%s%s", status, stdout, stderr)
	}
}

// steady records the longest time between two pictures of a stream.
type steady struct {
	mu      sync.Mutex
	longest time.Duration
	n       int
	back    error
}

func watchSteadily(t *testing.T, url string) *steady {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := viewer.Open(ctx, url)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	s := &steady{}
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	go func() {
		defer close(done)
		defer stream.Close()
		var last viewer.Picture
		for {
			p, err := stream.Next()
			if err != nil {
				return
			}
			s.mu.Lock()
			if s.n > 0 {
				s.longest = max(s.longest, p.Read.Sub(last.Read))
				if !p.Received.After(last.Received) {
					s.back = fmt.Errorf("a picture of %v after one of %v", p.Received, last.Received)
				}
			}
			s.n++
			s.mu.Unlock()
			last = p
		}
	}()
	return s
}

func (s *steady) check(t *testing.T, limit time.Duration) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.longest > limit || s.back != nil {
		t.Errorf("of %d pictures the longest pause was %v; %v", s.n, s.longest, s.back)
	}
}

// plan waits until a plan makes a camera's pictures.
func (s serving) plan(t *testing.T, id, name string) {
	t.Helper()
	camtest.Until(t, id+" is decoded by "+name, func() bool { return s.camera(t, id).Plan.Name == name })
}

// TestHardwareThatFailsIsReportedAndUsedAgain lets a decoder fail while somebody watches. The viewer has no pause of more than a
// second, the log, the API, the metrics and the page report the failure, and the decoder is used again.
func TestHardwareThatFailsIsReportedAndUsedAgain(t *testing.T) {
	camtest.Long(t)
	for _, fault := range []struct{ kind, factory, reason string }{
		{"fail 100", "nvh264dec", "The device has failed"},
		{"silence 100", "nvh264dec", "the decoder has given no picture for"},
		{"silence 100", "nvjpegenc", "the encoder has given no JPEG for"},
	} {
		t.Run(fault.factory+" "+fault.kind, func(t *testing.T) {
			standins := standin.Use(t, "nvidia")
			standins.Fault(t, fault.factory, fault.kind)
			cameras := camtest.Start(t, testcam.Camera{Width: 640, Height: 480}) // large enough for nvjpegenc
			p := start(t, "--config", config(t, "cameras: [{id: gate, plan_retry: 2s, url: '"+cameras.URL("cam1")+"'}]"))
			p.until(t, "gate", "ready")
			camtest.Until(t, "the hardware is proved", func() bool { return strings.Contains(p.get(t, "/api/hardware"), "nvh264dec") })
			seen := watchSteadily(t, p.URL+"/cameras/gate/stream")
			p.plan(t, "gate", "nvidia")
			camtest.Until(t, "another plan takes over", func() bool { return p.camera(t, "gate").Plan.FellBackFrom == "nvidia" })
			standins.Heal(fault.factory)
			if reason := p.camera(t, "gate").Plan.Reason; !strings.Contains(reason, fault.reason) {
				t.Errorf("the API says %q", reason)
			}
			if metrics := p.get(t, "/metrics"); !strings.Contains(metrics, `framegate_camera_plan_failures_total{camera="gate",codec="h264",plan="nvidia"} 1`) {
				t.Errorf("the failure is not in the metrics:\n%s", metrics)
			}
			if log := p.Log(); !strings.Contains(log, `msg="plan suspended" camera=gate plan=nvidia next=`) || !strings.Contains(log, fault.reason) {
				t.Errorf("the failure is not in the log:\n%s", log)
			}
			p.plan(t, "gate", "nvidia")
			seen.check(t, time.Second)
		})
	}
}

func TestCamerasPageSaysWhyHardwareIsNotUsed(t *testing.T) {
	ctx := browser(t)
	standins := standin.Use(t, "nvidia")
	cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180})
	p := start(t, "--config", config(t, "cameras: [{id: gate, url: '"+cameras.URL("cam1")+"'}]"))
	p.until(t, "gate", "ready")
	p.get(t, "/api/hardware")
	standins.Fault(t, "nvh264dec", "open")
	if _, err := chromedp.Run(ctx, chromedp.Navigate(p.URL+"/cameras/gate")); err != nil {
		t.Fatal(err)
	}
	camtest.Until(t, "the page says why", func() bool {
		why, err := chromedp.Run(ctx, chromedp.Text(`[data-fact=why]`))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(why, "nvidia has failed") && strings.Contains(why, "Could not open the device")
	})
}

func TestDecoderThatHangsDelaysNeitherViewersNorShutdown(t *testing.T) {
	camtest.Long(t)
	for _, fault := range []string{"hang", "hang-stop"} {
		t.Run(fault, func(t *testing.T) {
			standins := standin.Use(t, "nvidia")
			cameras := camtest.Start(t, testcam.Camera{Width: 320, Height: 180})
			p := start(t, "--config", config(t, "cameras: [{id: gate, plan_timeout: 1s, url: '"+cameras.URL("cam1")+"'}]"))
			p.until(t, "gate", "ready")
			p.get(t, "/api/hardware")
			standins.Fault(t, "nvh264dec", fault)
			began := time.Now()
			seen := watchSteadily(t, p.URL+"/cameras/gate/stream")
			if waited := time.Since(began); waited > 3*time.Second {
				t.Errorf("the first picture took %v", waited)
			}
			if fault == "hang" {
				p.plan(t, "gate", "software")
				if !strings.Contains(p.Log(), "nvh264dec hangs") {
					t.Error("the log does not name the decoder")
				}
			}
			seen.check(t, time.Second)
			p.endsWell(t, syscall.SIGTERM, cameras, "cam1")
		})
	}
}
