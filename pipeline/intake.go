package pipeline

import (
	"slices"
	"sync/atomic"
	"time"

	"framegate/pipeline/frame"
	"framegate/pipeline/unit"
)

// intake is where the source of one connection hands in its access units, one at a time.
type intake struct {
	feed       *Feed
	onStream   func(frame.Stream)
	current    *unit.Format
	references unit.ReferenceTracker
	shape      unit.JPEGShape
	begun      bool        // a keyframe has come
	over       atomic.Bool // the connection has ended: what a pipeline that hangs still sends is not taken
}

// unit takes an access unit of the given format that arrived at the given time. data is copied; pts may be
// unit.NoPTS. What nothing can be made of is dropped and counted. Units are dropped until the first keyframe, and after a
// change of format until the next: nothing can be decoded from them.
func (in *intake) unit(data []byte, pts time.Duration, key bool, arrived time.Time, as *unit.Format) {
	if len(data) == 0 || in.over.Load() {
		return
	}
	if len(data) > unit.BufferLimit {
		in.feed.tooLarge(len(data))
		return
	}
	if as.Stream.Width*as.Stream.Height > maxArea || as.Stream.Codec == "vp8" && unit.MisstatesVP8Size(data, as.Stream) {
		in.feed.broken.Add(1)
		return
	}
	changed := in.current == nil || in.current.Caps != as.Caps
	if as.Stream.Codec == "mjpeg" {
		var reshaped bool
		if data, reshaped = in.jpeg(data); data == nil {
			return
		}
		if reshaped && !changed {
			another := *as
			as, changed = &another, true
		}
	}
	if in.begun = key || in.begun && !changed; !in.begun {
		return
	}
	if changed {
		if in.current == nil { // what the last connection left
			in.feed.gop.Clear()
		}
		in.current, in.references = as, unit.NewReferenceTracker(as)
		in.feed.format.Store(as)
		in.onStream(as.Stream)
	}
	// A source reads two clocks to know when a unit arrived. A goroutine that is held up in between makes it milliseconds
	// too late, and the next one would seem to have come before it.
	if last := in.feed.newest.Load(); last != nil && arrived.Before(last.Add(time.Microsecond)) {
		arrived = last.Add(time.Microsecond)
	}
	u := unit.Unit{
		PTS:       in.feed.line.Place(pts, key, arrived),
		Received:  arrived,
		Key:       key,
		Droppable: !key && in.references.Droppable(data),
		Format:    in.current,
	}
	if s := as.Stream; s.Codec == "mjpeg" {
		u.Framed = frame.New(data, frame.Info{PTS: u.PTS, Received: arrived, Width: s.Width, Height: s.Height})
		u.Data = u.Framed.Picture()
	} else {
		u.Data = slices.Clone(data)
	}
	in.feed.rate.Add(u)
	in.feed.newest.Store(&arrived)
	in.feed.gop.Push(u)
}

// maxArea is how many pixels a picture may have: twice those of 8K, 100 MB decoded. A size beyond it is damaged.
const maxArea = 64 << 20

// jpeg returns a JPEG as it is to be handed on, which may be a part of data, and whether it is of another shape than those
// before; nil where it is dropped.
func (in *intake) jpeg(data []byte) (picture []byte, reshaped bool) {
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
