package pipeline

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"

	"framegate/configs"
	"framegate/pipeline/frame"
)

// readV4L2 reads a local camera: v4l2src ! parsebin ! appsink. A camera that sends JPEG or H.264 by itself
// is asked for that, since raw pictures cost the most to move.
func readV4L2(ctx context.Context, src configs.Source, in *intake) error {
	device := src.URL.Path
	if _, err := os.Stat(device); err != nil {
		return &frame.CameraError{Reason: frame.NotFound, Text: "no camera at " + device + ": " + innermostPath(err)}
	}
	err := readChain(ctx, in,
		element{factory: "v4l2src", set: map[string]any{"device": device}},
		element{factory: "capsfilter", set: map[string]any{"caps": arg("image/jpeg; video/x-h264; video/x-raw")}},
		element{factory: "parsebin"},
	)
	return explainCapture(device, err)
}

// readCSI reads a camera at the board's own connector: nvarguscamerasrc on a Jetson, libcamerasrc
// elsewhere. Not run on this hardware.
func readCSI(ctx context.Context, src configs.Source, in *intake) error {
	number, err := strconv.Atoi(strings.Trim(src.URL.Host+src.URL.Path, "/"))
	if err != nil {
		return &frame.CameraError{Reason: frame.NotFound, Text: src.URL.String() + ": the number of a camera is wanted, as in csi://0"}
	}
	chain, err := csiChain(number)
	if err != nil {
		return err
	}
	return explainCapture(src.URL.String(), readChain(ctx, in, chain...))
}

// csiChain picks the elements of a CSI camera that this machine has.
func csiChain(number int) ([]element, error) {
	switch {
	case len(missing("nvarguscamerasrc")) == 0:
		return []element{
			{factory: "nvarguscamerasrc", set: map[string]any{"sensor-id": arg(strconv.Itoa(number))}},
			{factory: "nvvidconv"}, // out of the device's memory
			{factory: "capsfilter", set: map[string]any{"caps": arg("video/x-raw, format=I420")}},
		}, nil
	case len(missing("libcamerasrc")) > 0:
		return nil, missingElement("libcamerasrc")
	case number > 0:
		return nil, &frame.CameraError{Reason: frame.Unsupported, Text: "libcamerasrc has its first camera only, as csi://0"}
	}
	return []element{
		{factory: "libcamerasrc"},
		{factory: "capsfilter", set: map[string]any{"caps": arg("video/x-raw, format=(string){NV12, I420, YUY2}")}},
	}, nil
}

// readPattern makes pictures without a camera: test://smpte, test://ball and test://clock, by query of
// another width, height and fps.
func readPattern(ctx context.Context, src configs.Source, in *intake) error {
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
	chain := []element{
		{factory: "videotestsrc", set: map[string]any{"is-live": true, "pattern": arg(pattern)}},
		{factory: "capsfilter", set: map[string]any{"caps": arg(caps)}},
	}
	if clock {
		chain = append(chain, element{factory: "clockoverlay", set: map[string]any{
			"font-desc": "Sans 32", "halignment": arg("center"), "valignment": arg("center"), "time-format": "%H:%M:%S",
		}})
	}
	return readChain(ctx, in, chain...)
}

// readChain plays a chain into an appsink. A parsebin at its end is linked when it knows its output.
func readChain(ctx context.Context, in *intake, chain ...element) error {
	g, err := newGraph()
	if err != nil {
		return err
	}
	defer g.stop()
	made, err := g.add(chain...)
	if err != nil {
		return err
	}
	end, err := g.add(unitSink(false))
	if err != nil {
		return err
	}
	last := made[len(made)-1]
	if chain[len(chain)-1].factory == "parsebin" {
		linkLater(last, end[0])
	} else if err := last.Link(end[0]); err != nil {
		return err
	}
	return g.run(ctx, end[0], in)
}

func explainCapture(device string, err error) error {
	var bus *busError
	switch {
	case ended(err):
		return &frame.CameraError{Reason: frame.Ended, Text: device + " was unplugged or closed"}
	case !errors.As(err, &bus):
		return err
	}
	text := device + ": " + bus.Text
	if strings.Contains(bus.debug, "Permission denied") {
		text += ": add framegate's user to the group video"
	}
	return &frame.CameraError{Reason: bus.Reason, Text: text}
}

func innermostPath(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
