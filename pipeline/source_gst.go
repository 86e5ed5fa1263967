package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// unitSink is the end of every feed's pipeline: an appsink that takes access units as they come, or at the
// pace of their timestamps when paced.
func unitSink(paced bool) element {
	return element{factory: "appsink", set: map[string]any{
		"sync": paced, "max-buffers": arg("4"), "enable-last-sample": false, "caps": unitCaps(),
	}}
}

// run plays a feed's pipeline and hands its samples to in until it ends or ctx is done. The caller stops it.
func (g *graph) run(ctx context.Context, sink *gst.Element, in *intake) error {
	box, err := newInbox()
	if err != nil {
		return err
	}
	box.collect(sink, 0)
	letters := &letters{in: in, box: box, seen: &formats{}, ending: g.ending}
	var reading sync.WaitGroup
	defer reading.Wait()
	defer in.feed.serve(letters)()
	defer box.close()
	reading.Go(letters.read)
	g.dropped = in.feed.tooLarge
	if err := g.play(ctx, stateTimeout); err != nil {
		return err
	}
	select {
	case err := <-g.ended:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// letters hands the samples of a feed's pipeline to its intake: as they come while pictures are made of them,
// and several at a time while nobody watches.
type letters struct {
	in     *intake
	box    *inbox
	seen   *formats
	ending *ending
}

// read takes samples until the inbox is closed.
func (l *letters) read() {
	for l.box.wait() == nil {
		l.take()
	}
}

// take hands over what is there. Any goroutine may call it.
func (l *letters) take() {
	l.box.take(func(s sample) {
		format := l.seen.of(s)
		switch {
		case format.Stream.Width > 0 && format.Stream.Height > 0:
			l.in.unit(s.data, s.pts, s.key, s.arrived, format)
		case s.key:
			l.ending.end(&frame.CameraError{Reason: frame.Unsupported, Text: "the stream does not tell its size"})
		}
	}, func() hold { return l.in.feed.patience(l.in) })
}

// ended reports whether a pipeline came to the end of its stream.
func ended(err error) bool { return errors.Is(err, io.EOF) }
