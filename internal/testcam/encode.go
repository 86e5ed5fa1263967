package testcam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"framegate/pipeline/gst"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// loop is one encoded loop, ready to be sent. It is immutable, and paths share it: a path sends copies of
// the packets with its own sequence numbers and times.
type loop struct {
	picture
	format format.Format
	frames []loopFrame // in the order of sending
}

// loopFrame is one access unit.
type loopFrame struct {
	number  int // of the frame, as marked: differs from the order where there are B-frames
	packets []*rtp.Packet
	unit    []byte
}

// encode makes a loop.
func encode(ctx context.Context, p picture) (*loop, error) {
	c := codecs[p.codec]
	units, err := encodeUnits(ctx, p, c)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.codec, err)
	}
	return newLoop(p, units)
}

// newLoop makes a loop of encoded units.
func newLoop(p picture, units []loopFrame) (*loop, error) {
	if len(units) != p.frames {
		return nil, fmt.Errorf("encode %s: %d access units of %d frames", p.codec, len(units), p.frames)
	}
	form, packetize, err := codecs[p.codec].open(units[0].unit)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.codec, err)
	}
	l := &loop{picture: p, format: form}
	for _, u := range units {
		if u.packets, err = packetize(u.unit); err != nil {
			return nil, fmt.Errorf("packetize %s: %w", p.codec, err)
		}
		l.frames = append(l.frames, u)
	}
	return l, nil
}

// encodeTimeout is how long the encoding of a loop may take.
const encodeTimeout = 2 * time.Minute

// encodeUnits draws and encodes all frames with GStreamer.
func encodeUnits(ctx context.Context, p picture, c codec) ([]loopFrame, error) {
	encoder := c.encoder(p)
	if name, _, _ := strings.Cut(encoder, " "); len(gst.Missing(name)) > 0 {
		return nil, fmt.Errorf("GStreamer's element %s is missing: install %s", name, c.pkg)
	}
	painter, err := newPainter(p)
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
		pipe.Stop() // which lets a push go that waits for room
		queue.Close()
		if !pipe.Hung() {
			work.Wait()
		}
		pipe.Free()
	}()
	source, err := encoding(pipe, p, encoder, queue)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, encodeTimeout)
	defer cancel()
	if err := pipe.Play(ctx, gst.StateTimeout); err != nil {
		return nil, err
	}
	units := &encodedUnits{picture: p}
	work.Go(func() { painter.drawAll(ctx, source) })
	work.Go(func() {
		for queue.Wait() == nil {
			queue.Take(units.add, gst.NoHold)
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
	queue.Take(units.add, gst.NoHold)
	return units.all, nil
}

// encoding builds the pipeline from raw pictures to the queue and returns its source.
func encoding(pipe *gst.Pipeline, p picture, encoder string, queue *gst.Queue) (source *gst.Element, err error) {
	caps := fmt.Sprintf("video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1", p.width, p.height, p.fps)
	in, err := pipe.Add(gst.Spec{Factory: "appsrc", Set: map[string]any{
		"format": gst.Arg("time"), "block": true, "max-bytes": uint64(8 * p.width * p.height), "caps": gst.Arg(caps),
	}})
	if err != nil {
		return nil, err
	}
	line, err := pipe.AddLine(encoder)
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
	for i := range p.frames {
		if ctx.Err() != nil || !source.Push(p.paint(i), p.time(i), true) {
			break
		}
	}
	source.EndStream()
}

// time is when frame i is shown, from the beginning of the loop.
func (p picture) time(i int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(p.fps)
}

// encodedUnits are what has come out of the encoder. They belong to whoever takes from the queue.
type encodedUnits struct {
	picture
	all   []loopFrame
	first time.Duration // x264enc with B-frames and x265enc begin later than zero
}

// add adds an access unit.
func (u *encodedUnits) add(s gst.Sample) {
	if len(u.all) == 0 {
		u.first = s.PTS
	}
	number := len(u.all)
	if u.bframes > 0 {
		number = int((s.PTS - u.first + u.time(1)/2) / u.time(1))
	}
	u.all = append(u.all, loopFrame{number: number, unit: slices.Clone(s.Data)})
}
