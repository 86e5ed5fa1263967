package feed

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// readV4L2 reads a local camera: v4l2src ! capsfilter ! parsebin ! appsink. The filter asks a camera
// that can encode for JPEG or H.264, since raw pictures cost the most to copy.
func readV4L2(ctx context.Context, src configs.Source, in *Intake) error {
	device := src.URL.Path
	if _, err := os.Stat(device); err != nil {
		return &frame.CameraError{Reason: frame.NotFound, Text: "no camera at " + device + ": " + pathCause(err)}
	}
	err := readChain(ctx, in,
		gst.Spec{Factory: "v4l2src", Set: map[string]any{"device": device}},
		gst.Spec{Factory: "capsfilter", Set: map[string]any{"caps": gst.Arg("image/jpeg; video/x-h264; video/x-raw")}},
		gst.Spec{Factory: "parsebin"},
	)
	return explainCapture(device, err)
}

// readCSI reads a camera at the board's own connector: nvarguscamerasrc on a Jetson, libcamerasrc
// elsewhere. It has not been run on such hardware.
func readCSI(ctx context.Context, src configs.Source, in *Intake) error {
	number, err := strconv.Atoi(strings.Trim(src.URL.Host+src.URL.Path, "/"))
	if err != nil {
		return &frame.CameraError{Reason: frame.NotFound, Text: src.URL.String() + ": write the number of a camera, as in csi://0"}
	}
	chain, err := csiChain(number)
	if err != nil {
		return err
	}
	return explainCapture(src.URL.String(), readChain(ctx, in, chain...))
}

// csiChain returns the elements for a CSI camera that this machine has.
func csiChain(number int) ([]gst.Spec, error) {
	switch {
	case len(gst.Missing("nvarguscamerasrc")) == 0:
		return []gst.Spec{
			{Factory: "nvarguscamerasrc", Set: map[string]any{"sensor-id": gst.Arg(strconv.Itoa(number))}},
			{Factory: "nvvidconv"}, // copies pictures out of the memory of the device
			{Factory: "capsfilter", Set: map[string]any{"caps": gst.Arg("video/x-raw, format=I420")}},
		}, nil
	case len(gst.Missing("libcamerasrc")) > 0:
		return nil, gst.MissingElement("libcamerasrc")
	case number > 0:
		return nil, &frame.CameraError{Reason: frame.Unsupported, Text: "libcamerasrc can open the first camera only, csi://0"}
	}
	return []gst.Spec{
		{Factory: "libcamerasrc"},
		{Factory: "capsfilter", Set: map[string]any{"caps": gst.Arg("video/x-raw, format=(string){NV12, I420, YUY2}")}},
	}, nil
}

// readPattern makes pictures without a camera: test://smpte, test://ball and test://clock. The query may set width, height
// and fps.
func readPattern(ctx context.Context, src configs.Source, in *Intake) error {
	query := src.URL.Query()
	number := func(name, otherwise string) string {
		if n, err := strconv.Atoi(query.Get(name)); err == nil {
			return strconv.Itoa(n)
		}
		return otherwise
	}
	caps := "video/x-raw, format=I420, width=" + number("width", "640") +
		", height=" + number("height", "360") + ", framerate=" + number("fps", "25") + "/1"
	pattern, clock := src.URL.Host, src.URL.Host == "clock"
	if clock {
		pattern = "blue"
	}
	chain := []gst.Spec{
		{Factory: "videotestsrc", Set: map[string]any{"is-live": true, "pattern": gst.Arg(pattern)}},
		{Factory: "capsfilter", Set: map[string]any{"caps": gst.Arg(caps)}},
	}
	if clock {
		chain = append(chain, gst.Spec{Factory: "clockoverlay", Set: map[string]any{
			"font-desc": "Sans 32", "halignment": gst.Arg("center"), "valignment": gst.Arg("center"), "time-format": "%H:%M:%S",
		}})
	}
	return readChain(ctx, in, chain...)
}

// readChain plays a chain into an appsink. A parsebin at its end is linked once it knows its output.
func readChain(ctx context.Context, in *Intake, chain ...gst.Spec) error {
	g, err := gst.New()
	if err != nil {
		return err
	}
	defer in.feed.release(g)
	made, err := g.Add(chain...)
	if err != nil {
		return err
	}
	end, err := g.Add(unitSink(false))
	if err != nil {
		return err
	}
	if err := made[len(made)-1].Link(end[0]); err != nil {
		return err
	}
	return play(ctx, g, end[0], in)
}

func explainCapture(device string, err error) error {
	var bus *gst.BusError
	switch {
	case ended(err):
		return &frame.CameraError{Reason: frame.Ended, Text: device + " was unplugged or closed"}
	case !errors.As(err, &bus):
		return err
	}
	text := device + ": " + bus.Text
	if strings.Contains(bus.Debug, "Permission denied") {
		text += ": add framegate's user to the group video"
	}
	return &frame.CameraError{Reason: bus.Reason, Text: text}
}

// pathCause is the reason of an error of package os, without the path.
func pathCause(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
