package feed

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/unit"
)

// Intake takes the access units of one connection, one at a time.
type Intake struct {
	feed       *Feed
	onStream   func(frame.Stream)
	current    *unit.Format
	caps       string // of the source's format, which current is made from
	references unit.ReferenceTracker
	starts     unit.Starts
	startsOf   string    // the caps that starts is for
	stated     time.Time // when the camera last stated a start; zero for never
	first      time.Time // when the first unit arrived
	shape      jpeg.Shape
	refused    int         // units in a row that no decoder may have
	density    frame.Ratio // of the newest JPEG
	held       int64       // how many bytes a decoder of the newest JPEG takes
	begun      bool        // a keyframe or a recovery point has arrived
	over       atomic.Bool // the connection has ended: units of a pipeline that hangs are refused

	orientation frame.Orientation       // that the source states
	end         context.CancelCauseFunc // ends the connection
}

// NewIntake returns the intake of a new connection. Run makes one for its source. onStream is called as Run says.
func (f *Feed) NewIntake(onStream func(frame.Stream)) *Intake {
	return &Intake{feed: f, onStream: onStream, end: func(error) {}}
}

// Unit takes an access unit in a format, which arrived at a time, and copies data. Calls must not overlap; any goroutine may make
// them. pts may be unit.NoPTS. Formats with equal Caps are the same format, whether the pointer is the same or not. key says that the
// unit is a keyframe, as far as the source knows; for H.264 and H.265 package unit decides.
//
// It returns false for a unit that is empty, broken or not supported, which is dropped and counted, and for one that comes after the
// end of the connection. Units before the first keyframe or recovery point cannot be decoded; nor can those that follow a change of
// format, before the next keyframe or recovery point. They are dropped, and it returns true.
func (in *Intake) Unit(data []byte, pts time.Duration, key bool, arrived time.Time, format *unit.Format) (whole bool) {
	if len(data) == 0 || in.over.Load() {
		return false
	}
	whole = in.take(data, pts, key, arrived, format)
	if whole {
		in.feed.liveness.unit(arrived, pts, in.begun)
	} else {
		in.feed.liveness.brokenUnit(arrived)
	}
	return whole
}

// take keeps a unit if it can be used. It reports false for one that is broken.
func (in *Intake) take(data []byte, pts time.Duration, key bool, arrived time.Time, format *unit.Format) (whole bool) {
	if len(data) > unit.BufferLimit {
		in.feed.tooLarge(len(data))
		return false
	}
	if text := unit.Excess(format.Stream); text != "" {
		in.unsupported(text)
		return false
	}
	if format.Stream.Width*format.Stream.Height > maxArea || format.Stream.Codec == "vp8" && unit.MisstatesVP8Size(data, format.Stream) {
		in.feed.broken.Add(1)
		return false
	}
	sent, changed := format.Caps, in.current == nil || in.caps != format.Caps
	switch {
	case format.Stream.Codec == "mjpeg":
		if data, format = in.jpeg(data, format); data == nil {
			return false
		}
		changed = format != in.current
	case changed && in.orientation != frame.Orientation{}:
		format = turned(*format, in.orientation)
	}
	start := in.start(data, key, arrived, format)
	in.feed.decoder.Store(max(in.starts.HeldBytes(), in.held))
	if text := in.starts.Excess(); text != "" {
		in.unsupported(text)
		in.startsOf = "" // damage may claim anything once
		return false
	}
	waited := !in.begun // then it may have been reported that pictures are missing
	if start.Key {
		in.refused = 0
	}
	if in.begun = start.Key || start.Recovery > 0 || in.begun && !changed; !in.begun {
		in.feed.setUnusable(in.shaped(format.Stream))
		return true
	}
	if changed || waited {
		in.caps = sent
		in.change(format)
	}
	in.push(data, pts, start, in.later(arrived))
	return true
}

// assumeAfter is for how long a camera must have stated neither keyframe nor recovery point before one is assumed.
const assumeAfter = 10 * time.Second

// start says whether a picture can begin with a unit.
func (in *Intake) start(data []byte, key bool, arrived time.Time, format *unit.Format) unit.Start {
	if in.first.IsZero() {
		in.first = arrived
	}
	if in.startsOf != format.Caps {
		in.starts, in.startsOf = unit.NewStarts(format), format.Caps
	}
	start := in.starts.Of(data, key)
	switch since := in.since(); {
	case start.Assumed && start.Key && in.stated.IsZero(): // the camera may state none at all
		in.feed.odd.add("no IDR", "intra pictures are taken for keyframes, since there are no IDR pictures; the first pictures may be damaged")
	case start.Assumed && arrived.Sub(since) < assumeAfter:
		return unit.Start{}
	case start.Assumed:
		in.feed.odd.add("no start", fmt.Sprintf("there has been no keyframe for %v, so pictures begin where the camera seems to refresh them", assumeAfter))
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

// orient sets the orientation that the source states. A reader calls it before the units that it concerns.
func (in *Intake) orient(o frame.Orientation) {
	if o != in.orientation {
		in.orientation, in.caps = o, "" // the next unit has another format
		if o != (frame.Orientation{}) {
			in.feed.odd.add("orientation", "the file says how its pictures are to be turned, and they are")
		}
	}
}

// maxArea is how many pixels a picture may have: twice 8K, about 100 MB decoded. A larger value comes from damaged data.
const maxArea = 64 << 20

// jpeg returns the part of data to pass on and its format, which is the current one if the JPEG is like the one before it. The
// part is nil if the JPEG is dropped.
func (in *Intake) jpeg(data []byte, sent *unit.Format) (picture []byte, format *unit.Format) {
	h, err := jpeg.Read(data)
	if err != nil || h.Width*h.Height > maxArea {
		in.feed.brokenJPEG()
		return nil, nil
	}
	if h.TooManyScans() {
		in.unsupported(fmt.Sprintf("JPEGs of %d scans in %dx%d pixels, which take too long to decode", h.Scans(), h.Width, h.Height))
		return nil, nil
	}
	if text := h.Unsupported(); text != "" {
		in.unsupported(text + ", which can be neither decoded nor shown by browsers")
		return nil, nil
	}
	picture = h.Repaired(data)
	if frame.HoldsBoundary(picture) {
		in.feed.broken.Add(1)
		in.feed.odd.add("boundary", "JPEGs that contain the boundary of framegate's streams are dropped")
		return nil, nil
	}
	fits, changed, wasBroken := in.shape.Fits(h, data)
	if wasBroken {
		in.feed.brokenJPEG()
	}
	if !fits {
		return nil, nil
	}
	for _, repair := range h.Repairs() {
		in.feed.odd.add(repair, repair)
	}
	if changed {
		if odd := h.Oddity(); odd != "" {
			in.feed.odd.add(odd, odd)
		}
		if in.current != nil {
			in.feed.odd.add("shape", fmt.Sprintf("the size or kind of the JPEGs changes, the first time to %dx%d", h.Width, h.Height))
		}
	}
	in.refused, in.held = 0, h.HeldBytes()
	if density := in.pixels(picture); changed || density != in.density || in.current == nil || in.caps != sent.Caps {
		in.density = density
		return picture, in.jpegFormat(*sent, h)
	}
	return picture, in.current
}

// unsupported ends the connection of a camera that sends what cannot be shown. A header may also be damaged: once there have
// been pictures, it must arrive twice.
func (in *Intake) unsupported(what string) {
	in.feed.broken.Add(1)
	if in.refused++; in.refused > 1 || in.current == nil {
		in.end(&frame.CameraError{Reason: frame.Unsupported, Text: place(in.feed.source.URL) + " sends " + what})
	}
}

// pixels returns the shape of a JPEG's pixels. It is zero if they are square, or if the configuration states the shape.
func (in *Intake) pixels(picture []byte) frame.Ratio {
	density := jpeg.PixelAspect(picture)
	if in.feed.source.Aspect.Known() || density.Width == density.Height {
		return frame.Ratio{}
	}
	return density
}

// jpegFormat is the format of pictures with a header like h, which a source sends in a format that may state another size.
func (in *Intake) jpegFormat(sent unit.Format, h jpeg.Header) *unit.Format {
	s := &sent.Stream
	s.Width, s.Height = h.Width, h.Height
	s.Software, sent.Unusual = h.Arithmetic(), h.Unusual()
	if sent.Caps == jpegFile.Caps || sent.Unusual { // jpegparse of 1.22 states the sampling, which changes with the conversion
		sent.Caps = fmt.Sprintf("%s, width=(int)%d, height=(int)%d", jpegFile.Caps, h.Width, h.Height)
	}
	if !s.PixelAspect.Known() {
		s.PixelAspect = in.density
	}
	o := in.orientation
	if o == (frame.Orientation{}) {
		o = h.Orientation
	}
	return turned(sent, o)
}

// turned returns a format with an orientation. Its sizes become those of the upright picture.
func turned(format unit.Format, o frame.Orientation) *unit.Format {
	s := &format.Stream
	s.Orientation = o
	s.Width, s.Height = o.Size(s.Width, s.Height)
	s.PixelAspect.Width, s.PixelAspect.Height = o.Size(s.PixelAspect.Width, s.PixelAspect.Height)
	return &format
}

// change begins a new format: a copy of given with the shape of this source's pixels. It clears the buffer, since the next picture
// must not begin with a unit of the format before, or of the previous connection.
func (in *Intake) change(given *unit.Format) {
	in.feed.gop.Clear()
	to := *given
	to.Stream = in.shaped(to.Stream)
	in.current, in.references = &to, unit.NewReferenceTracker(&to)
	in.feed.format.Store(&to)
	in.feed.reports.Lock()
	defer in.feed.reports.Unlock()
	in.feed.liveness.usable()
	in.onStream(to.Stream)
}

// shaped returns a stream with the shape of its pixels. The configuration takes precedence over what the stream states.
func (in *Intake) shaped(s frame.Stream) frame.Stream {
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
		PTS:       in.feed.timeline.Place(pts, start.Key, arrived),
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
