package pipeline

import (
	"context"
	"errors"
	"io"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// unitSink is the end of every feed's pipeline: an appsink that takes access units as they come, or at the
// pace of their timestamps when paced.
func unitSink(paced bool) element {
	return element{"appsink", map[string]any{
		"sync": paced, "max-buffers": arg("4"), "enable-last-sample": false, "caps": unitCaps(),
	}}
}

// run plays a feed's pipeline and hands its samples to in until it ends or ctx is done. The caller stops it.
func (g *graph) run(ctx context.Context, sink *gst.Element, in *intake) error {
	seen, end := &formats{}, g.ending
	onSample(sink, func(s sample) gst.FlowReturn {
		format := seen.of(s)
		if format.stream.Width == 0 || format.stream.Height == 0 {
			if s.key {
				end.end(&frame.CameraError{Reason: frame.Unsupported, Text: "the stream does not tell its size"})
				return gst.FlowEOS
			}
			return gst.FlowOK
		}
		in.unit(s.data, s.pts, s.key, format)
		return gst.FlowOK
	})
	if err := g.play(); err != nil {
		return err
	}
	select {
	case err := <-g.ended:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ended reports whether a pipeline came to the end of its stream.
func ended(err error) bool { return errors.Is(err, io.EOF) }
