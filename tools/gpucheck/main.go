// Command gpucheck checks framegate's hardware plans on a machine that has the hardware: it serves real RTSP cameras,
// lets framegate decode them on the device and in software, compares the pictures and what they cost, counts how many
// cameras the device carries, begins and ends pictures again and again, and takes the driver away. It says so where there is
// no such device.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"framegate/internal/rig"
	"framegate/internal/testcam"

	"github.com/alecthomas/kong"
)

type options struct {
	Platform   string        `default:"nvidia" help:"The platform to check, as it is named in a configuration. software works everywhere, and shows that the check does."`
	Framegate  string        `type:"path" help:"The framegate to check; the one beside gpucheck."`
	Time       time.Duration `default:"4s" help:"How long each figure is measured."`
	Most       int           `default:"64" help:"How many cameras to try at most."`
	Starts     int           `default:"200" help:"How often pictures are begun and ended."`
	Width      int           `default:"1920" help:"Of the cameras' pictures, which are shown a quarter as wide."`
	Height     int           `default:"1080" help:"Likewise."`
	Out        string        `type:"path" placeholder:"DIR" help:"Write the table as JSON, what framegate says of the hardware and pictures side by side there, as they come."`
	Only       []string      `help:"The parts to run: plans, codecs, many, starts, lost, without. All unless named."`
	Codecs     []string      `help:"The codecs to compare: h264, h265, av1, vp9, mjpeg. All unless named."`
	Loops      string        `type:"path" placeholder:"DIR" help:"Where the cameras' encoded loops are kept: those that lie there need no encoder."`
	LostDriver string        `type:"path" placeholder:"DIR" help:"Where a driver lies that can be taken away; without it, gcc makes one."`
	Prepare    bool          `help:"Only encode the loops into --loops and compile the driver into --lost-driver, to be taken to another machine."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Description("Checks framegate's plans of a platform, by default NVIDIA's, on its hardware. The cameras send each codec at 25 fps, most at 4 Mbit/s. Ends with 1 where something is not as it should be, and with 0 where there is no such hardware."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "gpucheck: %v\n", err)
		os.Exit(1)
	}
}

func (o options) run(ctx context.Context, out io.Writer) error {
	if o.Framegate == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		o.Framegate = filepath.Join(filepath.Dir(self), "framegate")
	}
	if o.Prepare {
		return o.prepare(ctx)
	}
	c, err := newCheck(ctx, o)
	if err != nil {
		return err
	}
	if reason := c.noDevice(); reason != "" {
		fmt.Fprintln(out, "no GPU:", reason)
		return nil
	}
	return c.run(ctx, out)
}

// camera is one that gpucheck serves. MJPEG has no rate to keep to, and av1enc keeps to none: without grain and with a short
// loop they stay small.
func (o options) camera(codec testcam.Codec) testcam.Camera {
	c := rig.Camera1080
	c.Codec, c.Width, c.Height, c.Shared, c.KeyframeInterval, c.Loop = codec, o.Width, o.Height, true, 25, 4*time.Second
	switch codec {
	case testcam.MJPEG:
		c.Grain, c.KeyframeInterval, c.Loop = 0, 1, time.Second
	case testcam.AV1:
		c.Grain, c.KeyframeInterval, c.Loop = 0, 25, time.Second
	}
	return c
}

// serve serves cameras until stop is called.
func (o options) serve(ctx context.Context, cameras ...testcam.Camera) (*testcam.Server, func(), error) {
	return rig.StartCameras(ctx, testcam.Config{Cameras: cameras, Loops: o.Loops})
}

// codecs are what cameras send.
var codecs = []testcam.Codec{testcam.H264, testcam.H265, testcam.AV1, testcam.VP9, testcam.MJPEG}

// prepare makes what the check needs and another machine may lack the tools for.
func (o options) prepare(ctx context.Context) error {
	if o.Loops == "" || o.LostDriver == "" {
		return errors.New("--prepare wants --loops and --lost-driver")
	}
	for _, codec := range codecs {
		_, stop, err := o.serve(ctx, o.camera(codec))
		if err != nil {
			return err
		}
		stop()
	}
	return o.compileLostDriver()
}
