package main

import (
	"context"
	"fmt"
	"os"

	"framegate/configs"
	"framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// serveDemo serves the embedded demo, whose cameras it starts itself: real RTSP, on loopback.
func serveDemo(ctx context.Context, listen string) error {
	fmt.Fprintln(os.Stderr, "framegate: no configuration found; the demo starts four test cameras of its own over RTSP on 127.0.0.1")
	cameras, err := testcam.New(ctx, testcam.Config{Cameras: []testcam.Camera{
		{}, {Codec: testcam.H264, KeyframeInterval: 50}, {Codec: testcam.H265}, {Codec: testcam.MJPEG, FPS: 15},
	}})
	if err != nil {
		return fmt.Errorf("the demo's cameras: %w", err)
	}
	config, err := configs.Parse("demo.yaml", configs.Demo, func(name string) (string, bool) {
		return "rtsp://" + cameras.Address(), name == "DEMO_RTSP"
	})
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return cameras.Run(ctx) })
	all.Go(func() error { return serveConfig(ctx, config, "", listen) })
	return all.Wait()
}
