package testcam

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/go-gst/go-gst/gst"
	"github.com/go-gst/go-gst/gst/app"
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

var initGStreamer = sync.OnceFunc(func() { gst.Init(nil) })

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

// encodeUnits draws and encodes all frames with GStreamer.
func encodeUnits(ctx context.Context, p picture, c codec) ([]loopFrame, error) {
	initGStreamer()
	encoder := c.encoder(p)
	if name, _, _ := strings.Cut(encoder, " "); gst.Find(name) == nil {
		return nil, fmt.Errorf("GStreamer's element %s is missing: install %s", name, c.pkg)
	}
	caps := fmt.Sprintf("video/x-raw,format=I420,width=%d,height=%d,framerate=%d/1", p.width, p.height, p.fps)
	pipe, err := gst.NewPipelineFromString(fmt.Sprintf(
		"appsrc name=in format=time block=true max-bytes=%d caps=%s ! %s ! appsink name=out sync=false max-buffers=0",
		8*p.width*p.height, caps, encoder))
	if err != nil {
		return nil, err
	}
	defer func() {
		pipe.SetState(gst.StateNull)
		runtime.KeepAlive(pipe) // go-gst's methods do not: the finalizer would come in between
	}()
	in, inErr := pipe.GetElementByName("in")
	out, outErr := pipe.GetElementByName("out")
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	if err := pipe.SetState(gst.StatePlaying); err != nil {
		return nil, err
	}
	painter, err := newPainter(p)
	if err != nil {
		return nil, err
	}
	var drawing sync.WaitGroup
	defer drawing.Wait()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	drawing.Go(func() { painter.drawAll(ctx, app.SrcFromElement(in)) })
	units, err := takeUnits(ctx, p, pipe.GetPipelineBus(), app.SinkFromElement(out))
	if err != nil {
		pipe.SetState(gst.StateNull) // lets a push go that waits for room
	}
	return units, err
}

// drawAll pushes all frames to the encoder.
func (p *painter) drawAll(ctx context.Context, src *app.Source) {
	for i := range p.frames {
		buffer := gst.NewBufferFromBytes(p.paint(i))
		buffer.SetPresentationTimestamp(gst.ClockTime(p.time(i)))
		buffer.SetDuration(gst.ClockTime(p.time(1)))
		flow := src.PushBuffer(buffer)
		release(buffer) // go-gst pushes a reference of its own
		if ctx.Err() != nil || flow != gst.FlowOK {
			break
		}
	}
	src.EndStream()
}

// time is when frame i is shown, from the beginning of the loop.
func (p picture) time(i int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(p.fps)
}

// takeUnits collects what comes out of the encoder until its end.
func takeUnits(ctx context.Context, p picture, bus *gst.Bus, sink *app.Sink) (units []loopFrame, err error) {
	first := gst.ClockTime(0)
	for {
		sample := sink.TryPullSample(gst.ClockTime(100 * time.Millisecond))
		if sample == nil {
			if message := bus.PopFiltered(gst.MessageError); message != nil {
				return nil, message.ParseError()
			}
			if sink.IsEOS() || ctx.Err() != nil {
				return units, ctx.Err()
			}
			continue
		}
		buffer := sample.GetBuffer()
		pts := buffer.PresentationTimestamp()
		if len(units) == 0 {
			first = pts // x264enc with B-frames and x265enc begin later than zero
		}
		number := len(units)
		if p.bframes > 0 {
			number = int((time.Duration(pts-first) + p.time(1)/2) / p.time(1))
		}
		units = append(units, loopFrame{number: number, unit: slices.Clone(buffer.Bytes())})
		release(buffer)
		release(sample)
	}
}

// release gives a GStreamer object back at once. Go's garbage collector, to which go-gst leaves that, does
// not see how large a raw picture is.
func release[T interface{ Unref() }](object T) {
	runtime.SetFinalizer(object, nil)
	object.Unref()
}
