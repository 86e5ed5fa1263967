package loop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/gst"
)

// encode makes a loop.
func encode(ctx context.Context, s Spec) (*Loop, error) {
	units, err := encodeUnits(ctx, s, codecs[s.Codec])
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", s.Codec, err)
	}
	return newLoop(s, units)
}

// encodeTimeout is how long the encoding of a loop may take.
const encodeTimeout = 2 * time.Minute

// encodeUnits draws and encodes all frames with GStreamer.
func encodeUnits(ctx context.Context, s Spec, c codec) ([]Frame, error) {
	encoder := c.encoder(s)
	if name, _, _ := strings.Cut(encoder, " "); len(gst.Missing(name)) > 0 {
		return nil, fmt.Errorf("GStreamer's element %s is missing: install %s", name, c.pkg)
	}
	painter, err := newPainter(s)
	if err != nil {
		return nil, err
	}
	queue, err := gst.NewQueue()
	if err != nil {
		return nil, err
	}
	pipe, err := gst.New()
	if err != nil {
		queue.Close()
		return nil, err
	}
	var work sync.WaitGroup
	defer func() {
		pipe.Stop() // which ends a push that waits for room
		queue.Close()
		if !pipe.Hung() {
			work.Wait()
		}
		pipe.Free()
	}()
	source, err := encoding(pipe, s, encoder, queue)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, encodeTimeout)
	defer cancel()
	if err := pipe.Play(ctx, gst.StateTimeout); err != nil {
		return nil, err
	}
	units := &encodedUnits{Spec: s}
	work.Go(func() { painter.drawAll(ctx, source) })
	work.Go(func() {
		for queue.Wait() == nil {
			queue.Take(units.add, gst.NoDelay)
		}
	})
	select {
	case err = <-pipe.Ended():
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	queue.Take(units.add, gst.NoDelay)
	return units.all, nil
}

// encoding builds the pipeline from raw pictures to the queue and returns its source.
func encoding(pipe *gst.Pipeline, s Spec, encoder string, queue *gst.Queue) (source *gst.Element, err error) {
	caps := fmt.Sprintf("video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1", s.Width, s.Height, s.FPS)
	if p := s.PixelAspect; p.Known() {
		caps += fmt.Sprintf(",pixel-aspect-ratio=%d/%d", p.Width, p.Height)
	}
	in, err := pipe.Add(gst.Spec{Factory: "appsrc", Set: map[string]any{
		"format": gst.Arg("time"), "block": true, "max-bytes": uint64(8 * s.Width * s.Height), "caps": gst.Arg(caps),
	}})
	if err != nil {
		return nil, err
	}
	line, err := pipe.AddLaunchLine(encoder)
	if err != nil {
		return nil, err
	}
	out, err := pipe.Add(gst.Spec{Factory: "appsink", Set: map[string]any{"sync": false, "max-buffers": gst.Arg("0")}})
	if err != nil {
		return nil, err
	}
	queue.Collect(out[0], 0)
	return in[0], errors.Join(in[0].Link(line), line.Link(out[0]))
}

// drawAll pushes all frames to the encoder.
func (p *painter) drawAll(ctx context.Context, source *gst.Element) {
	for i := range p.Length {
		if ctx.Err() != nil || !source.Push(p.paint(i), p.Time(i), true) {
			break
		}
	}
	source.EndStream()
}

// encodedUnits collects the output of the encoder. It belongs to whoever takes from the queue.
type encodedUnits struct {
	Spec
	all   []Frame
	first time.Duration // not zero for x264enc with B-frames and x265enc
}

// add adds an access unit.
func (u *encodedUnits) add(sample gst.Sample) {
	if len(u.all) == 0 {
		u.first = sample.PTS
	}
	number := len(u.all)
	if u.BFrames > 0 {
		number = int((sample.PTS - u.first + u.Time(1)/2) / u.Time(1))
	}
	u.all = append(u.all, Frame{Number: number, Unit: slices.Clone(sample.Data)})
}
