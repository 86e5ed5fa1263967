package main

import (
	"context"
	"fmt"
	"os"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/app"
	"github.com/framegate/framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// demo serves the embedded configuration. It starts the cameras itself and reads them over real RTSP, on loopback.
type demo struct {
	Listen []string `placeholder:"HOST:PORT" help:"Address to serve on instead of ${listen}."`
}

func (d demo) Run(ctx context.Context, hangUp <-chan os.Signal) error {
	printStderr("framegate: the demo starts four test cameras of its own over RTSP on 127.0.0.1")
	cameras, err := testcam.New(ctx, testcam.Config{Cameras: []testcam.Camera{
		{}, {Codec: testcam.H264, KeyframeInterval: 50}, {Codec: testcam.H265}, {Codec: testcam.MJPEG, FPS: 15},
	}})
	if err != nil {
		return fmt.Errorf("start the demo's cameras: %w", err)
	}
	config, err := configs.Parse("demo.yaml", configs.Demo, func(name string) (string, bool) {
		return "rtsp://" + cameras.Address(), name == "DEMO_RTSP"
	})
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return cameras.Run(ctx) })
	all.Go(func() error { return serveApp(ctx, app.Options{Config: config, Listen: d.Listen, HangUp: hangUp}) })
	return all.Wait()
}
