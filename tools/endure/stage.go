package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"framegate/internal/process"
	"framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// stage is a number of test cameras, a framegate that serves them, and a checker that knows both.
type stage struct {
	began     time.Time
	names     []string
	cameras   *testcam.Server
	framegate *process.Process
	config    *configFile
	checker   *checker
	eyes      *eyes

	stopCameras func()
}

// Of every camera. A frame's number comes again after loopTime, see testcam.
const (
	cameraFPS    = 10
	keyframeTime = time.Second
	loopTime     = 20 * time.Second
)

// otherCodecs are what the cameras send when they change it, in turn.
var otherCodecs = []testcam.Codec{testcam.H265, testcam.MJPEG, testcam.VP8, testcam.MPEG4}

func otherCodec(camera int) testcam.Codec { return otherCodecs[camera%len(otherCodecs)] }

// newStage starts n cameras and framegate, and waits until it has connected them. stop must follow. fickle cameras
// will change size and codec, which is encoded beforehand. For the time of warm nothing is late: framegate tries the
// machine's decoders, and all viewers come at once.
func newStage(ctx context.Context, binary string, n int, fickle bool, warm time.Duration) (*stage, error) {
	if binary == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		binary = filepath.Join(filepath.Dir(self), "framegate")
	}
	list := make([]testcam.Camera, n)
	for i := range list {
		list[i] = testcam.Camera{Width: 640, Height: 360, FPS: cameraFPS, KeyframeInterval: int(keyframeTime.Seconds() * cameraFPS), Loop: loopTime}
	}
	cameras, err := testcam.New(ctx, testcam.Config{Cameras: list})
	if err != nil {
		return nil, err
	}
	s := &stage{cameras: cameras, names: cameras.Names(), eyes: newEyes()}
	running, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- cameras.Run(running) }()
	s.stopCameras = func() {
		cancel()
		<-done
	}
	if err := s.open(ctx, binary, fickle, warm); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *stage) open(ctx context.Context, binary string, fickle bool, warm time.Duration) (err error) {
	if fickle {
		if err := s.rehearse(ctx); err != nil {
			return err
		}
	}
	if s.config, err = newConfigFile(s.cameras); err != nil {
		return err
	}
	if s.framegate, err = process.Start(binary, "--config", s.config.path); err != nil {
		return err
	}
	for _, name := range s.names {
		if err := s.framegate.Until(ctx, name, "ready"); err != nil {
			return err
		}
	}
	s.began = time.Now()
	s.checker = newChecker(s.began, s.cameras.SentBefore)
	for i, name := range s.names {
		s.checker.add(name, i+1, s.began.Add(warm))
	}
	return nil
}

// rehearse lets each camera change its codec and its size once, so that it has them ready.
func (s *stage) rehearse(ctx context.Context) error {
	var encoding errgroup.Group
	for i, name := range s.names {
		encoding.Go(func() error {
			for _, step := range []struct {
				command testcam.Command
				options testcam.Options
			}{
				{testcam.Recodec, testcam.Options{Codec: otherCodec(i)}}, {command: testcam.Heal},
				{testcam.Resize, resized}, {command: testcam.Heal},
			} {
				if err := s.cameras.Do(ctx, name, step.command, step.options); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return encoding.Wait()
}

// stop ends framegate and the cameras.
func (s *stage) stop() {
	if s.framegate != nil {
		s.framegate.Stop()
	}
	s.stopCameras()
	if s.config != nil {
		s.config.remove()
	}
}

// audience is one that may watch all cameras.
func (s *stage) audience(seed uint64) *audience {
	return &audience{
		address: strings.TrimPrefix(s.framegate.URL, "http://"), cameras: s.names,
		checker: s.checker, eyes: s.eyes, seed: seed,
	}
}

// observe tells the checker what framegate says and lets it look for viewers that wait, until ctx is done. The error
// says that framegate has ended.
func (s *stage) observe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	defer keeping.Wait()
	defer cancel()
	keeping.Go(func() { s.checker.keepTime(ctx) })
	ask := time.NewTicker(250 * time.Millisecond)
	defer ask.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.framegate.Ended():
			return fmt.Errorf("framegate has ended by itself")
		case <-ask.C:
		}
		asked := time.Now()
		s.checker.tick(asked)
		all, err := askCameras(ctx, s.framegate)
		if ctx.Err() != nil {
			return nil
		}
		s.answered(ctx, "the API", asked)
		if err != nil {
			s.checker.report("", time.Now(), "the API does not answer: %v", err)
			continue
		}
		for _, camera := range all {
			s.checker.state(camera.ID, camera.State, asked)
		}
	}
}

// answered reports an answer that took too long, or a failure instead of it.
func (s *stage) answered(ctx context.Context, what string, asked time.Time) {
	if now := time.Now(); ctx.Err() == nil && s.checker.over(asked, answerTime, now) {
		s.checker.report("", now, "%s took %v to answer", what, round(now.Sub(asked)))
	}
}

// condemn reports what framegate's log shows of a fault in itself.
func (s *stage) condemn() {
	for line := range strings.Lines(s.framegate.Log()) {
		for _, sign := range []string{"DATA RACE", "panic", "fatal error", "SIGSEGV", "CRITICAL"} {
			if strings.Contains(line, sign) {
				s.checker.report("", time.Now(), "framegate's log says: %s", strings.TrimSpace(line))
			}
		}
	}
}
