// Package loop encodes the video of a test camera once, as a loop to be sent over and over. Every frame carries a mark, see
// package mark.
package loop

import (
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// Loop is one encoded loop, ready to be sent. It is immutable, and cameras share it: each sends copies of the packets with
// its own sequence numbers and times.
type Loop struct {
	Spec
	Format format.Format
	Frames []Frame // in the order of sending
}

// Spec is what an encoding depends on: cameras that agree in it can share one.
type Spec struct {
	Codec         Codec
	Width, Height int         // pixels
	PixelAspect   frame.Ratio // square if it says nothing
	FPS           int
	Interval      int // frames from one keyframe to the next
	Length        int // frames of the loop
	Bitrate       int // kbit/s
	BFrames       int
	Grain         int // up to MaxGrain
	Number        int // the camera's, for the mark
	Label         string
}

// MaxGrain leaves the mark's light and dark fields far apart.
const MaxGrain = 32

// Time is when frame i is shown, from the beginning of the loop.
func (s Spec) Time(i int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(s.FPS)
}

// Frame is one access unit.
type Frame struct {
	Number  int // of the frame, as marked: differs from the order if there are B-frames
	Packets []*rtp.Packet
	Unit    []byte
}

// newLoop makes a loop of encoded units.
func newLoop(s Spec, units []Frame) (*Loop, error) {
	if len(units) != s.Length {
		return nil, fmt.Errorf("encode %s: %d access units of %d frames", s.Codec, len(units), s.Length)
	}
	form, packetize, err := codecs[s.Codec].open(units[0].Unit)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", s.Codec, err)
	}
	l := &Loop{Spec: s, Format: form}
	for _, u := range units {
		if u.Packets, err = packetize(u.Unit); err != nil {
			return nil, fmt.Errorf("packetize %s: %w", s.Codec, err)
		}
		l.Frames = append(l.Frames, u)
	}
	return l, nil
}
