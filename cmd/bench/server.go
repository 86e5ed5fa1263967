package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"framegate/internal/machine"
	"framegate/internal/process"
	"framegate/internal/testcam"
)

// camera1080 is the camera of most measurements: see options. Its grain makes the encoder use its 4 Mbit/s.
var camera1080 = testcam.Camera{Width: 1920, Height: 1080, KeyframeInterval: 50, Grain: 4, Loop: 8 * time.Second}

// startCameras serves cameras over RTSP until stop is called.
func startCameras(ctx context.Context, cameras ...testcam.Camera) (server *testcam.Server, stop func(), err error) {
	server, err = testcam.New(ctx, testcam.Config{Cameras: cameras})
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	return server, func() {
		cancel()
		<-done
	}, nil
}

// serveOne serves the camera of most measurements by framegate, which calls it cam1.
func (b *bench) serveOne(ctx context.Context) (cameras *testcam.Server, server *process.Process, stop func(), err error) {
	cameras, stopCameras, err := startCameras(ctx, camera1080)
	if err != nil {
		return nil, nil, nil, err
	}
	server, err = b.startServer(ctx, "", cameras.URL("cam1"))
	if err != nil {
		stopCameras()
		return nil, nil, nil, err
	}
	return cameras, server, func() {
		server.Stop()
		stopCameras()
	}, nil
}

// startServer runs framegate for cameras that it calls cam1, cam2 … and whose pictures end as soon as nobody
// watches, and waits until all are connected. keys are further keys of each camera.
func (b *bench) startServer(ctx context.Context, keys string, cameras ...string) (*process.Process, error) {
	var config strings.Builder
	config.WriteString("defaults: {scale: 0.25, idle_timeout: 0s}\ncameras:\n")
	for i, url := range cameras {
		fmt.Fprintf(&config, "  - {id: %s, url: %q, %s}\n", cameraID(i), url, keys)
	}
	file, err := os.CreateTemp("", "bench*.yaml")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(config.String())
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	p, err := process.Start(b.Framegate, "--config", file.Name())
	if err != nil {
		return nil, err
	}
	if strings.Contains(keys, "on_demand") {
		return p, nil
	}
	for i := range cameras {
		if err := p.Until(ctx, cameraID(i), "ready"); err != nil {
			p.Stop()
			return nil, err
		}
	}
	time.Sleep(settle)
	return p, nil
}

// settle is how long a process that has just begun is left alone.
const settle = 3 * time.Second

func cameraID(i int) string { return fmt.Sprintf("cam%d", i+1) }

// load is how many cores a process keeps busy.
func (b *bench) load(pid int) (float64, error) {
	before, err := machine.Processor(pid)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	time.Sleep(b.Time)
	took := time.Since(began)
	after, err := machine.Processor(pid)
	return (after - before).Seconds() / took.Seconds(), err
}
