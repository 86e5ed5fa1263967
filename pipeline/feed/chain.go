package feed

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
)

// unitSink is the end of every feed's pipeline: an appsink that takes access units as they arrive or, if paced, at the times
// of their timestamps.
func unitSink(paced bool) gst.Spec {
	return gst.Spec{Factory: "appsink", Set: map[string]any{
		"sync": paced, "max-buffers": gst.Arg("4"), "enable-last-sample": false, "caps": gst.UnitCaps(),
	}}
}

// play plays a feed's pipeline and passes its samples to in until the pipeline ends or ctx is done. The caller stops the
// pipeline.
func play(ctx context.Context, g *gst.Pipeline, sink *gst.Element, in *Intake) error {
	queue, err := gst.NewQueue()
	if err != nil {
		return err
	}
	queue.Collect(sink, 0)
	reader := &sampleReader{in: in, queue: queue, seen: &gst.Formats{}, ending: g}
	var reading sync.WaitGroup
	defer reading.Wait()
	defer in.feed.serve(reader)()
	defer queue.Close()
	reading.Go(reader.read)
	g.OnTooLarge(in.feed.tooLarge)
	if err := g.Play(ctx, gst.StateTimeout); err != nil {
		return err
	}
	select {
	case err := <-g.Ended():
		if ended(err) {
			reader.take() // what has arrived before the end
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sampleReader passes the samples of a feed's pipeline to its intake: one at a time while somebody waits for them, else
// several at a time.
type sampleReader struct {
	in     *Intake
	queue  *gst.Queue
	seen   *gst.Formats
	ending *gst.Pipeline
}

// read takes samples until the queue is closed.
func (r *sampleReader) read() {
	for r.queue.Wait() == nil {
		r.take()
	}
}

// take passes on what is in the queue. Any goroutine may call it.
func (r *sampleReader) take() {
	r.queue.Take(func(s gst.Sample) {
		format := r.seen.Of(s)
		switch {
		case format.Stream.Width > 0 && format.Stream.Height > 0:
			r.in.Unit(s.Data, s.PTS, s.Key, s.Arrived, format)
		case s.Key:
			r.ending.End(&frame.CameraError{Reason: frame.Unsupported, Text: "the stream does not state its size"})
		}
	}, r.next)
}

// next returns how long further samples may wait. Until the first unit can be used, packets are the camera's only sign of life, so
// next reports them. It is called only while the queue is open, and so is the pipeline.
func (r *sampleReader) next() gst.Delay {
	if !r.in.begun {
		if at := r.ending.Heard(); !at.IsZero() {
			r.in.Alive(at)
		}
	}
	return r.in.feed.delay(r.in)
}

// ended reports whether a pipeline reached the end of its stream.
func ended(err error) bool { return errors.Is(err, io.EOF) }
