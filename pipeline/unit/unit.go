// Package unit handles the access units that cameras send. It buffers those since the last keyframe, converts their times to a
// shared timeline, measures their rate and parses them. It depends neither on GStreamer nor on cameras.
package unit

import (
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Unit is one access unit: everything that a decoder needs for one picture, given the units before it back to the keyframe. It
// is immutable.
type Unit struct {
	Data      []byte
	PTS       time.Duration // on the timeline of all cameras, which continues across reconnects
	Received  time.Time     // when it arrived from the camera
	Key       bool          // a keyframe: decodable by itself
	Recovery  int           // at a recovery point, see Start; else 0
	Recovered bool          // the first unit whose picture is right for whoever began at a recovery point; set by the GOP
	Droppable bool          // no other unit refers to it
	Format    *Format       // shared by all units until the camera changes it, which it does at a keyframe
	Framed    *frame.Frame  // a frame whose picture is Data, ready to be passed through; nil if the codec is not JPEG
}

// Format is what a decoder must know before the first unit.
type Format struct {
	// Caps are as gst_caps_to_string writes them, with types. This package reads two fields: codec_data=(buffer), and
	// stream-format=(string)byte-stream. Without the latter each NAL unit follows its length.
	Caps   string
	Stream frame.Stream
	// Unusual says that the units are JPEGs that must be converted by jpeg.Usual before they are decoded.
	Unusual bool
	// Untagged says that the stream does not state by which matrix its colours were made.
	Untagged bool
}

// NoPTS is the time of a unit without a presentation time.
const NoPTS = time.Duration(-1)
