// Command gpucheck checks framegate's hardware plans on a machine that has the hardware. It serves real RTSP cameras, lets
// framegate decode them on the device and in software, compares the pictures and their cost, finds out how many cameras the
// device can decode simultaneously, starts and stops pictures many times, and makes the driver fail. Without such a device it
// says so and succeeds.
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

	"github.com/framegate/framegate/internal/rig"
	"github.com/framegate/framegate/internal/testcam"

	"github.com/alecthomas/kong"
)

type options struct {
	Platform   string        `default:"nvidia" help:"The platform to check, by its name in a configuration. software works everywhere, and shows that the check works."`
	Framegate  string        `type:"path" help:"The framegate to check; without it, the one beside gpucheck."`
	Time       time.Duration `default:"4s" help:"How long each figure is measured."`
	Most       int           `default:"64" help:"The largest number of cameras to try."`
	Starts     int           `default:"200" help:"How often pictures are started and stopped."`
	Width      int           `default:"1920" help:"Width of the cameras' pictures. They are watched at a quarter of it."`
	Height     int           `default:"1080" help:"Height of the cameras' pictures."`
	Out        string        `type:"path" placeholder:"DIR" help:"Write the table as JSON, framegate's report on the hardware, and pictures side by side to this folder."`
	Only       []string      `help:"The parts to run, of plans, codecs, colours, many, starts, lost and without; all by default."`
	Codecs     []string      `help:"The codecs to compare, of h264, h265, av1, vp9 and mjpeg; all by default."`
	Loops      string        `type:"path" placeholder:"DIR" help:"The folder that keeps the cameras' encoded loops. A loop that is there needs no encoder."`
	LostDriver string        `type:"path" placeholder:"DIR" help:"The folder of a driver that fails on command; without it, gcc compiles one."`
	Prepare    bool          `help:"Only encode the loops into --loops and compile the driver into --lost-driver, for another machine."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Description("Checks framegate's plans of a platform, by default NVIDIA's, on its hardware. "+
		"The cameras send each codec at 25 fps, most at 4 Mbit/s. The exit status is 1 if a check fails, and 0 if there is no such hardware."))
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

// camera returns the camera of a codec. MJPEG has no bitrate, and av1enc does not keep to one: their loops are short and
// without grain, which keeps them small.
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

// codecs lists what the cameras send.
var codecs = []testcam.Codec{testcam.H264, testcam.H265, testcam.AV1, testcam.VP9, testcam.MJPEG}

// prepare makes what the check needs and what another machine may lack the tools to make.
func (o options) prepare(ctx context.Context) error {
	if o.Loops == "" || o.LostDriver == "" {
		return errors.New("--prepare needs --loops and --lost-driver")
	}
	for _, codec := range codecs {
		_, stop, err := o.serve(ctx, o.camera(codec))
		if err != nil {
			return err
		}
		stop()
	}
	for _, s := range patchStreams {
		if _, _, err := s.encode(ctx, o.Loops); err != nil {
			return err
		}
	}
	return o.compileLostDriver()
}
