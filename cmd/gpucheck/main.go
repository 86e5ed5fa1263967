// Command gpucheck checks framegate's hardware plans on a machine that has the hardware: it serves real RTSP cameras,
// lets framegate decode them on the device and in software, compares the pictures and what they cost, counts how many
// cameras the device carries, and takes the driver away. It says so where there is no such device.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"framegate/internal/rig"
	"framegate/internal/table"
	"framegate/internal/testcam"
	"framegate/pipeline"

	"github.com/alecthomas/kong"
)

type options struct {
	Platform  string        `default:"nvidia" help:"The platform to check, as it is named in a configuration. software works everywhere, and shows that the check does."`
	Framegate string        `type:"path" help:"The framegate to check; the one beside gpucheck."`
	Time      time.Duration `default:"10s" help:"How long each figure is measured."`
	Most      int           `default:"64" help:"How many cameras to try at most."`
	Width     int           `default:"1920" help:"Of the cameras' pictures, which are shown a quarter as wide."`
	Height    int           `default:"1080" help:"Likewise."`
	JSON      string        `type:"path" placeholder:"FILE" help:"Write the table there as JSON too."`
	Loops     string        `type:"path" placeholder:"DIR" help:"Where the cameras' encoded loops are kept: those that lie there need no encoder."`
	Prepare   bool          `help:"Only encode the loops into --loops, to be taken to another machine."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Description("Checks framegate's plans of a platform, by default NVIDIA's, on its hardware. The cameras send H.264 and H.265 at 25 fps and 4 Mbit/s. Ends with 1 where something is not as it should be, and with 0 where there is no such hardware."))
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
	found, err := o.hardware(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(found.Platforms, func(p pipeline.Platform) bool { return p.Name == o.Platform })
	if i < 0 {
		return fmt.Errorf("no platform %q", o.Platform)
	}
	switch pf := found.Platforms[i]; {
	case pf.Status == pipeline.Missing && pf.Device == "":
		fmt.Fprintf(out, "no GPU: %s; %s\n", pf.Reason, pf.Advice)
		return nil
	case pf.Status != pipeline.Works:
		return fmt.Errorf("%s (%s) %s: %s; %s", pf.Title, pf.Device, pf.Status, pf.Reason, pf.Advice)
	}
	c := &check{options: o, plans: found.Plans, table: table.New()}
	for _, measure := range []func(context.Context) error{c.proofs, c.codecs, c.many, c.withoutDriver} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	c.table.Print(out)
	if o.JSON != "" {
		if err := c.table.WriteJSON(o.JSON); err != nil {
			return err
		}
	}
	missed := c.failed
	for _, r := range c.table.Missed() {
		missed = append(missed, r.Name+": "+r.Text())
	}
	if len(missed) > 0 {
		return errors.New("not as it should be: " + strings.Join(missed, "; "))
	}
	return nil
}

// hardware asks framegate what it finds.
func (o options) hardware(ctx context.Context) (found pipeline.Hardware, err error) {
	cmd := exec.CommandContext(ctx, o.Framegate, "hardware", "--json")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return found, fmt.Errorf("%s hardware: %w", o.Framegate, err)
	}
	return found, json.Unmarshal(text, &found)
}

// camera is one that gpucheck serves.
func (o options) camera(codec testcam.Codec) testcam.Camera {
	c := rig.Camera1080
	c.Codec, c.Width, c.Height, c.Shared, c.Loop = codec, o.Width, o.Height, true, 4*time.Second
	return c
}

// serve serves cameras until stop is called.
func (o options) serve(ctx context.Context, cameras ...testcam.Camera) (*testcam.Server, func(), error) {
	return rig.StartCameras(ctx, testcam.Config{Cameras: cameras, Loops: o.Loops})
}

// codecs are what most cameras send.
var codecs = []testcam.Codec{testcam.H264, testcam.H265}

// prepare encodes what the check needs.
func (o options) prepare(ctx context.Context) error {
	if o.Loops == "" {
		return errors.New("--prepare wants --loops")
	}
	for _, codec := range codecs {
		_, stop, err := o.serve(ctx, o.camera(codec))
		if err != nil {
			return err
		}
		stop()
	}
	return nil
}
