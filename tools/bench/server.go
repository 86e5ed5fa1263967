package main

import (
	"context"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/testcam"
)

// startCameras serves cameras over RTSP until stop is called.
func startCameras(ctx context.Context, cameras ...testcam.Camera) (server *testcam.Server, stop func(), err error) {
	return rig.StartCameras(ctx, testcam.Config{Cameras: cameras})
}

// serveOne runs framegate for the camera of most measurements, whose id is cam1.
func (b *bench) serveOne(ctx context.Context) (cameras *testcam.Server, server *process.Process, stop func(), err error) {
	cameras, stopCameras, err := startCameras(ctx, rig.Camera1080)
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

// startServer runs framegate for cameras with the ids cam1, cam2 …, and waits for a while, until the load is steady. keys are
// further keys of each camera.
func (b *bench) startServer(ctx context.Context, keys string, urls ...string) (*process.Process, error) {
	var cameras []rig.Camera
	for i, url := range urls {
		cameras = append(cameras, rig.Camera{ID: rig.CameraID(i), URL: url, Keys: keys})
	}
	p, err := rig.Serve(ctx, b.Framegate, nil, cameras...)
	if err == nil && !strings.Contains(keys, "on_demand") {
		time.Sleep(rig.Settle)
	}
	return p, err
}
