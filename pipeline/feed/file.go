package feed

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// minLoop is the shortest time between two starts of a file, so that a file of one picture does not keep the machine
// busy.
const minLoop = time.Second

// readFile plays a video file at its own pace, over and over: filesrc ! parsebin ! appsink.
func readFile(ctx context.Context, src configs.Source, in *Intake) error {
	path := src.URL.Path
	if _, err := os.Stat(path); err != nil {
		return &frame.CameraError{Reason: frame.NotFound, Text: err.Error()}
	}
	for {
		began := time.Now()
		if err := playFile(ctx, path, in); !ended(err) {
			return explainFile(path, err)
		}
		if !in.begun {
			return &frame.CameraError{Reason: frame.NoVideo, Text: path + " contains no video"}
		}
		select {
		case <-time.After(time.Until(began.Add(minLoop))):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		in.feed.line.Reconnect()
	}
}

// playFile plays the file once. It returns io.EOF at the end of the file.
func playFile(ctx context.Context, path string, in *Intake) error {
	g, err := gst.New()
	if err != nil {
		return err
	}
	defer g.Close()
	made, err := g.Add(gst.Spec{Factory: "filesrc", Set: map[string]any{"location": path}}, gst.Spec{Factory: "parsebin"})
	if err != nil {
		return err
	}
	end, err := g.Add(unitSink(true))
	if err != nil {
		return err
	}
	made[1].LinkLater(end[0])
	return play(ctx, g, end[0], in)
}

func explainFile(path string, err error) error {
	var bus *gst.BusError
	if !errors.As(err, &bus) {
		return err
	}
	text := path + ": " + bus.Text
	if bus.Reason == frame.NoVideo || bus.Reason == frame.Failed {
		text = path + " is not a video that GStreamer can read: " + bus.Text
	}
	return &frame.CameraError{Reason: bus.Reason, Text: text}
}
