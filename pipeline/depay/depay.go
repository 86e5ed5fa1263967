// Package depay makes access units of RTP packets. Each codec has its own payload format: H.264 that of RFC 6184, H.265 RFC 7798,
// JPEG RFC 2435, VP8 RFC 7741, VP9 RFC 9628, MPEG-4 RFC 6416, AV1 that of AOMedia. Cameras differ from these formats in many ways.
// This package accepts what the most widely used clients accept.
package depay

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/unit"

	"github.com/pion/rtp"
)

// Media describes a stream, as package rtsp reads it.
type Media struct {
	Payload    uint8             // type of its packets
	Encoding   string            // such as H264, in capitals
	Clock      uint32            // of the packets' times, in Hz; more than 0
	Parameters map[string]string // of a=fmtp, by name in lower case
	Width      int               // as the description says; 0 if it does not
	Height     int
}

// Unit is an access unit.
type Unit struct {
	Data    []byte        // valid until the call that passes it returns
	PTS     time.Duration // by the clock of the camera, whose beginning is arbitrary
	Key     bool          // decodable by itself
	Arrived time.Time     // when its last packet arrived
	Format  *unit.Format  // the same pointer until the format changes
}

// Sink takes what the packets contain. Its functions are called by the goroutine that calls the Receiver. None may be nil.
type Sink struct {
	Unit func(Unit)
	// Undescribed is called instead of Unit for a whole unit whose format is not known yet, for example because no parameter set has
	// arrived.
	Undescribed func(pts time.Duration, arrived time.Time)
	Broken      func()            // packets of a unit are missing or make no sense; what is left of it may be passed to Unit
	TooLarge    func(bytes int)   // a unit was dropped because it is larger than unit.BufferLimit
	Sizeless    func()            // a keyframe came, but nothing says how large its pictures are
	Odd         func(text string) // the camera differs from the standard; called once for each difference, with a sentence for the log
}

// Receiver takes the packets of a stream in their order. Its methods are called by one goroutine at a time.
type Receiver interface {
	// Packet takes a packet, which is valid during the call only.
	Packet(p *rtp.Packet, arrived time.Time)
	// State reports whether a unit is unfinished, and whether it may be complete: it counts as complete if nothing follows soon.
	State() (unfinished, maybeComplete bool)
	// Flush ends a unit that may be complete.
	Flush()
}

// receivers has the receiver of each encoding, by its name in a description.
var receivers = map[string]func(Media, Sink) Receiver{
	"H264": newH264, "H265": newH265, "HEVC": newH265,
	"JPEG":    newJPEG,
	"VP8":     newVP8,
	"VP9":     newVP9,
	"AV1":     newAV1,
	"MP4V-ES": newMPEG4,
}

// Knows reports whether there is a receiver of an encoding.
func Knows(encoding string) bool { return receivers[encoding] != nil }

// Encodings names all encodings that have a receiver.
func Encodings() string { return strings.Join(slices.Sorted(maps.Keys(receivers)), ", ") }

// New returns the receiver of a stream, whose encoding must be known.
func New(m Media, sink Sink) Receiver { return receivers[m.Encoding](m, sink) }

// clock converts the times of packets.
type clock struct {
	rate  int64
	began bool
	last  uint32
	ticks int64 // of last
}

// at returns the time of a packet. It may be earlier than that of the packet before, as with B-frames.
func (c *clock) at(t uint32) time.Duration {
	if !c.began {
		c.began, c.ticks = true, 3600*c.rate // so that earlier times are not negative
	} else {
		c.ticks += int64(int32(t - c.last))
	}
	c.last = t
	return time.Duration(c.ticks/c.rate)*time.Second + time.Duration(c.ticks%c.rate)*time.Second/time.Duration(c.rate)
}

// order follows the sequence numbers of packets. Each SSRC has its own (RFC 3550, section 5.1).
type order struct {
	began bool
	ssrc  uint32
	last  uint16
}

// next takes the next packet and reports whether packets before it are missing, and whether it repeats the last one.
func (o *order) next(p *rtp.Packet) (gap, repeated bool) {
	if o.began && p.SSRC == o.ssrc {
		gap, repeated = p.SequenceNumber != o.last+1, p.SequenceNumber == o.last
	}
	o.began, o.ssrc, o.last = true, p.SSRC, p.SequenceNumber
	return gap, repeated
}

// oddities reports each oddity once.
type oddities struct {
	report   func(string)
	reported map[string]bool
}

func (o *oddities) is(text string) {
	if o.reported == nil {
		o.reported = map[string]bool{}
	}
	if !o.reported[text] {
		o.reported[text] = true
		o.report(text)
	}
}
