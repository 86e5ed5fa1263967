package feed

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// Intake takes the access units of one connection, one at a time.
type Intake struct {
	feed       *Feed
	onStream   func(frame.Stream)
	current    *unit.Format
	references unit.ReferenceTracker
	shape      unit.JPEGShape
	density    frame.Ratio // of the newest JPEG
	begun      bool        // a keyframe has arrived
	over       atomic.Bool // the connection has ended: units of a pipeline that hangs are refused
}

// NewIntake returns the intake of a new connection. Run makes one for its source. onStream is called as Run says.
func (f *Feed) NewIntake(onStream func(frame.Stream)) *Intake {
	return &Intake{feed: f, onStream: onStream}
}

// Unit takes an access unit in a format, which arrived at a time. It copies data. pts may be unit.NoPTS. A unit from which
// nothing can be decoded is dropped and counted. Units before the first keyframe are dropped, and so are those between a
// change of format and the next keyframe: they cannot be decoded.
func (in *Intake) Unit(data []byte, pts time.Duration, key bool, arrived time.Time, format *unit.Format) {
	if len(data) == 0 || in.over.Load() {
		return
	}
	if len(data) > unit.BufferLimit {
		in.feed.tooLarge(len(data))
		return
	}
	if format.Stream.Width*format.Stream.Height > maxArea || format.Stream.Codec == "vp8" && unit.MisstatesVP8Size(data, format.Stream) {
		in.feed.broken.Add(1)
		return
	}
	changed := in.current == nil || in.current.Caps != format.Caps
	if format.Stream.Codec == "mjpeg" {
		var reshaped bool
		if data, reshaped = in.jpeg(data); data == nil {
			return
		}
		if density := unit.JPEGPixelAspect(data); density != in.density {
			in.density, reshaped = density, true
		}
		changed = changed || reshaped
	}
	if in.begun = key || in.begun && !changed; !in.begun {
		return
	}
	if changed {
		in.change(format)
	}
	in.push(data, pts, key, in.later(arrived))
}

// maxArea is how many pixels a picture may have: twice 8K, about 100 MB decoded. A larger value comes from damaged data.
const maxArea = 64 << 20

// jpeg returns the part of data to pass on, and whether its shape differs from that of the JPEGs before it. The part is nil
// if the JPEG is dropped.
func (in *Intake) jpeg(data []byte) (picture []byte, reshaped bool) {
	p, err := unit.ReadJPEG(data)
	if err != nil {
		in.feed.broken.Add(1)
		return nil, false
	}
	fits, reshaped, wasBroken := in.shape.Fits(p)
	if wasBroken {
		in.feed.broken.Add(1)
	}
	if !fits {
		return nil, false
	}
	return p.Repaired(data), reshaped
}

// change begins a new format. The intake has one of its own, which says how the pixels of this source are shaped.
func (in *Intake) change(given *unit.Format) {
	to := &unit.Format{Caps: given.Caps, Stream: in.shaped(given.Stream)}
	if in.current == nil { // the buffer still has units of the previous connection
		in.feed.gop.Clear()
	}
	in.current, in.references = to, unit.NewReferenceTracker(to)
	in.feed.format.Store(to)
	in.onStream(to.Stream)
}

// shaped returns a stream with the shape of its pixels: the configuration's word counts, then that of the stream, then that of a
// JPEG's header.
func (in *Intake) shaped(s frame.Stream) frame.Stream {
	if !s.PixelAspect.Known() && s.Codec == "mjpeg" {
		s.PixelAspect = in.density
	}
	s = s.WithAspect(in.feed.source.Aspect)
	if width, height := s.DisplaySize(); width*height > maxArea {
		s.PixelAspect = frame.Ratio{}
	}
	return s
}

// later returns the time at which a unit arrived, or one right after the time of the previous unit if that is later. A source
// reads two clocks to know when a unit arrived. If its goroutine is held up in between, the time is milliseconds too late, and
// the next unit would seem to have arrived earlier.
func (in *Intake) later(arrived time.Time) time.Time {
	if last := in.feed.newest.Load(); last != nil && arrived.Before(last.Add(time.Microsecond)) {
		return last.Add(time.Microsecond)
	}
	return arrived
}

// push adds a unit of the current format to the buffer.
func (in *Intake) push(data []byte, pts time.Duration, key bool, arrived time.Time) {
	u := unit.Unit{
		PTS:       in.feed.line.Place(pts, key, arrived),
		Received:  arrived,
		Key:       key,
		Droppable: !key && in.references.Droppable(data),
		Format:    in.current,
	}
	if s := in.current.Stream; s.Codec == "mjpeg" {
		u.Framed = frame.New(data, frame.Info{PTS: u.PTS, Received: arrived, Width: s.Width, Height: s.Height})
		u.Data = u.Framed.Picture()
	} else {
		u.Data = slices.Clone(data)
	}
	in.feed.rate.Add(u)
	in.feed.newest.Store(&arrived)
	in.feed.gop.Push(u)
}
