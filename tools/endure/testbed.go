package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/hostile"
	"github.com/framegate/framegate/tools/endure/check"

	"golang.org/x/sync/errgroup"
)

// testbed is a number of test cameras, a framegate that serves them, and a checker that observes both.
type testbed struct {
	began     time.Time
	names     []string
	cameras   *testcam.Server
	framegate *process.Process
	config    *configFile
	checker   *check.Checker
	marks     *markReader
	hostile   *hostile.Camera // nil for none

	stopCameras func()
}

const (
	cameraFPS = 10
	loopTime  = 20 * time.Second // after which the frames' numbers repeat
)

// otherCodecs are the codecs to which the cameras change, by their number.
var otherCodecs = []testcam.Codec{testcam.H265, testcam.MJPEG, testcam.VP8, testcam.MPEG4}

func otherCodec(camera int) testcam.Codec { return otherCodecs[camera%len(otherCodecs)] }

// testbedConfig describes a testbed.
type testbedConfig struct {
	framegate string // binary; empty for the one beside endure
	cameras   int
	hostile   bool          // there is a hostile camera too
	changes   bool          // the cameras will change their size and codec, and encode that beforehand
	warm      time.Duration // nothing counts as late at first: framegate tries decoders, and all viewers come simultaneously
}

// newTestbed starts cameras and framegate, and waits until framegate has connected them. stop must follow.
func newTestbed(ctx context.Context, config testbedConfig) (*testbed, error) {
	if config.framegate == "" {
		beside, err := besideSelf("framegate")
		if err != nil {
			return nil, err
		}
		config.framegate = beside
	}
	list := make([]testcam.Camera, config.cameras)
	for i := range list {
		list[i] = testcam.Camera{Width: 640, Height: 360, FPS: cameraFPS, KeyframeInterval: int(check.KeyframeTime.Seconds() * cameraFPS), Loop: loopTime}
	}
	cameras, err := testcam.New(ctx, testcam.Config{Cameras: list})
	if err != nil {
		return nil, err
	}
	t := &testbed{cameras: cameras, names: cameras.Names(), marks: newMarkReader()}
	running, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- cameras.Run(running) }()
	t.stopCameras = func() {
		cancel()
		<-done
	}
	if err := t.open(ctx, config); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

// besideSelf returns the path of a program in endure's folder.
func besideSelf(name string) (string, error) {
	self, err := os.Executable()
	return filepath.Join(filepath.Dir(self), name), err
}

func (t *testbed) open(ctx context.Context, config testbedConfig) (err error) {
	if config.changes {
		if err := t.encodeChanges(ctx); err != nil {
			return err
		}
	}
	if config.hostile {
		// It redirects to a camera that works, which is elsewhere.
		elsewhere := strings.TrimPrefix(t.cameras.URL(t.names[0]), "rtsp://")
		if t.hostile, err = hostile.New(ctx, hostileCameraAddress, elsewhere); err != nil {
			return err
		}
	}
	if t.config, err = newConfigFile(t.cameras, t.hostile); err != nil {
		return err
	}
	if t.framegate, err = process.Start(config.framegate, "--config", t.config.path); err != nil {
		return err
	}
	for _, name := range t.names {
		if err := t.framegate.Until(ctx, name, "ready"); err != nil {
			return err
		}
	}
	t.began = time.Now()
	t.checker = check.New(t.began, t.cameras.SentBefore)
	for i, name := range t.names {
		t.checker.Add(name, i+1, t.began.Add(config.warm))
	}
	return nil
}

// encodeChanges lets each camera change its codec and its size once, so that it has both encoded.
func (t *testbed) encodeChanges(ctx context.Context) error {
	var encoding errgroup.Group
	for i, name := range t.names {
		encoding.Go(func() error {
			for _, step := range []struct {
				command testcam.Command
				options testcam.Options
			}{
				{testcam.Recodec, testcam.Options{Codec: otherCodec(i)}}, {command: testcam.Heal},
				{testcam.Resize, check.Resized}, {command: testcam.Heal},
			} {
				if err := t.cameras.Do(ctx, name, step.command, step.options); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return encoding.Wait()
}

// stop ends framegate and the cameras.
func (t *testbed) stop() {
	if t.framegate != nil {
		t.framegate.Stop()
	}
	t.stopCameras()
	if t.hostile != nil {
		t.hostile.Close()
	}
	if t.config != nil {
		t.config.remove()
	}
}

// viewers returns viewers of all cameras.
func (t *testbed) viewers(seed uint64) *viewers {
	return &viewers{
		address: strings.TrimPrefix(t.framegate.URL, "http://"), cameras: t.names,
		checker: t.checker, marks: t.marks, seed: seed, contested: t.hostile != nil,
	}
}

// observe lets the checker check what framegate reports and how long viewers wait, until ctx is done. The error says that
// framegate has ended.
func (t *testbed) observe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	defer keeping.Wait()
	defer cancel()
	keeping.Go(func() { t.checker.MeasureLateness(ctx) })
	ticks := time.NewTicker(250 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.framegate.Ended():
			return errors.New("framegate has ended by itself")
		case <-ticks.C:
		}
		asked := time.Now()
		t.checker.CheckWaits(asked)
		all, err := cameraStates(ctx, t.framegate)
		if ctx.Err() != nil {
			return nil
		}
		t.answered(ctx, "the API", asked)
		if err != nil {
			t.checker.Report("", time.Now(), "the API does not answer: %v", err)
			continue
		}
		for _, camera := range all {
			t.checker.CheckState(camera.ID, camera.State, asked)
		}
	}
}

// answered reports an answer that took too long.
func (t *testbed) answered(ctx context.Context, what string, asked time.Time) {
	if now := time.Now(); ctx.Err() == nil && t.checker.Over(asked, answerTime, now) {
		t.checker.Report("", now, "%s took %v to answer", what, now.Sub(asked).Round(time.Millisecond))
	}
}

// checkLog reports the lines of framegate's log that show a fault of framegate itself.
func (t *testbed) checkLog() {
	for _, line := range faultsIn(t.framegate.Log()) {
		t.checker.Report("", time.Now(), "framegate's log says: %s", line)
	}
}

// faultsIn returns the lines of framegate's log that show a fault of framegate itself.
func faultsIn(log string) (lines []string) {
	for line := range strings.Lines(log) {
		if slices.ContainsFunc([]string{"DATA RACE", "panic", "fatal error", "SIGSEGV", "CRITICAL"}, func(sign string) bool { return strings.Contains(line, sign) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
