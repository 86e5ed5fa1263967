package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
)

// unitSink is the end of every feed's pipeline: an appsink that takes access units as they come, or at the
// pace of their timestamps when paced.
func unitSink(paced bool) gst.Spec {
	return gst.Spec{Factory: "appsink", Set: map[string]any{
		"sync": paced, "max-buffers": gst.Arg("4"), "enable-last-sample": false, "caps": gst.UnitCaps(),
	}}
}

// play plays a feed's pipeline and hands its samples to in until it ends or ctx is done. The caller stops it.
func play(ctx context.Context, g *gst.Pipeline, sink *gst.Element, in *intake) error {
	box, err := gst.NewQueue()
	if err != nil {
		return err
	}
	box.Collect(sink, 0)
	reader := &sampleReader{in: in, box: box, seen: &gst.Formats{}, ending: g}
	var reading sync.WaitGroup
	defer reading.Wait()
	defer in.feed.serve(reader)()
	defer box.Close()
	reading.Go(reader.read)
	g.OnTooLarge(in.feed.tooLarge)
	if err := g.Play(ctx, gst.StateTimeout); err != nil {
		return err
	}
	select {
	case err := <-g.Ended():
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sampleReader hands the samples of a feed's pipeline to its intake: as they come while pictures are made of them,
// and several at a time while nobody watches.
type sampleReader struct {
	in     *intake
	box    *gst.Queue
	seen   *gst.Formats
	ending *gst.Pipeline
}

// read takes samples until the queue is closed.
func (l *sampleReader) read() {
	for l.box.Wait() == nil {
		l.take()
	}
}

// take hands over what is there. Any goroutine may call it.
func (l *sampleReader) take() {
	l.box.Take(func(s gst.Sample) {
		format := l.seen.Of(s)
		switch {
		case format.Stream.Width > 0 && format.Stream.Height > 0:
			l.in.unit(s.Data, s.PTS, s.Key, s.Arrived, format)
		case s.Key:
			l.ending.End(&frame.CameraError{Reason: frame.Unsupported, Text: "the stream does not say its size"})
		}
	}, func() gst.Hold { return l.in.feed.patience(l.in) })
}

// ended reports whether a pipeline came to the end of its stream.
func ended(err error) bool { return errors.Is(err, io.EOF) }
