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
	starts     unit.Starts
	startsOf   string    // the caps that starts is for
	stated     time.Time // when the camera last stated a start; zero for never
	first      time.Time // when the first unit arrived
	shape      unit.JPEGShape
	density    frame.Ratio // of the newest JPEG
	begun      bool        // a keyframe or a recovery point has arrived
	over       atomic.Bool // the connection has ended: units of a pipeline that hangs are refused
}

// NewIntake returns the intake of a new connection. Run makes one for its source. onStream is called as Run says.
func (f *Feed) NewIntake(onStream func(frame.Stream)) *Intake {
	return &Intake{feed: f, onStream: onStream}
}

// Unit takes an access unit in a format, which arrived at a time. It copies data. pts may be unit.NoPTS. A unit from which
// nothing can be decoded is dropped and counted. Units before the first keyframe or recovery point are dropped, and so are those
// between a change of format and the next of these: they cannot be decoded. key says that a unit of a codec other than H.264 and
// H.265 is a keyframe; in those two package unit looks for itself.
func (in *Intake) Unit(data []byte, pts time.Duration, key bool, arrived time.Time, format *unit.Format) {
	if len(data) == 0 || in.over.Load() {
		return
	}
	in.take(data, pts, key, arrived, format)
	in.feed.rhythm.take(arrived, pts, in.begun)
}

// take keeps a unit if it can be used.
func (in *Intake) take(data []byte, pts time.Duration, key bool, arrived time.Time, format *unit.Format) {
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
	start := in.start(data, key, arrived, format)
	if in.begun = start.Key || start.Recovery > 0 || in.begun && !changed; !in.begun {
		in.feed.setUnusable(in.shaped(format.Stream))
		return
	}
	if changed {
		in.change(format)
	}
	in.push(data, pts, start, in.later(arrived))
}

// assumeAfter is for how long a camera must have stated neither keyframe nor recovery point before one is assumed.
const assumeAfter = 10 * time.Second

// start says whether a picture can begin with a unit.
func (in *Intake) start(data []byte, key bool, arrived time.Time, format *unit.Format) unit.Start {
	if in.first.IsZero() {
		in.first = arrived
	}
	if in.startsOf != format.Caps || in.first == arrived {
		in.starts, in.startsOf = unit.NewStarts(format), format.Caps
	}
	start := in.starts.Of(data, key)
	switch since := in.since(); {
	case start.Assumed && start.Key && in.stated.IsZero(): // the camera may state none at all
	case start.Assumed && arrived.Sub(since) < assumeAfter:
		return unit.Start{}
	case !start.Assumed && (start.Key || start.Recovery > 0):
		in.stated = arrived
	}
	return start
}

// since is when the camera last stated a start, or when it began to send.
func (in *Intake) since() time.Time {
	if in.stated.IsZero() {
		return in.first
	}
	return in.stated
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
	in.feed.reports.Lock()
	defer in.feed.reports.Unlock()
	in.feed.rhythm.use()
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
func (in *Intake) push(data []byte, pts time.Duration, start unit.Start, arrived time.Time) {
	u := unit.Unit{
		PTS:       in.feed.line.Place(pts, start.Key, arrived),
		Received:  arrived,
		Key:       start.Key,
		Recovery:  start.Recovery,
		Droppable: !start.Key && in.references.Droppable(data),
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
