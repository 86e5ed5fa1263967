// Package unit handles the access units that cameras send: it buffers them since the last keyframe, puts their times on
// one line, measures their rate, and reads what their bytes say. It knows neither GStreamer nor cameras.
package unit

import (
	"time"

	"framegate/pipeline/frame"
)

// Unit is one access unit: everything that a decoder needs for one picture, given those before it back to
// the keyframe. It is immutable.
type Unit struct {
	Data      []byte
	PTS       time.Duration // on the Timeline of all cameras, which goes on across reconnects
	Received  time.Time     // when it came in from the camera
	Key       bool          // a keyframe: decodable by itself
	Droppable bool          // no other unit refers to it
	Format    *Format       // shared by all units until the camera changes it, which it does at a keyframe
	Framed    *frame.Frame  // a JPEG, ready to be passed through, whose picture is Data; nil for other codecs
}

// Format is what a decoder must know before the first unit.
type Format struct {
	Caps   string // in GStreamer's notation
	Stream frame.Stream
}

// NoPTS stands for a unit without a presentation time.
const NoPTS = time.Duration(-1)
