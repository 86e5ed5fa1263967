package depay

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpav1"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpfragmented"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpvp8"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpvp9"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/av1"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/vp9"
	"github.com/pion/rtp"
)

// whole receives a codec whose packets gortsplib joins to units. Little is known of how cameras send these codecs: nearly all send
// H.264, H.265 or JPEG.
type whole struct {
	sink   Sink
	clock  clock
	order  order
	format *unit.Format
	bytes  int // of the packets of the unit so far

	join    func(p *rtp.Packet) (unit []byte, err error)
	restart func() // makes join forget what it has
	// read reports whether a unit is a keyframe, and its format if the unit states it. out is the unit, perhaps with headers before
	// it, or empty if data is no unit.
	read func(data []byte) (out []byte, key bool, format *unit.Format)
	more []error // of join: the unit is unfinished, or began before the connection
}

// Packet takes a packet.
func (w *whole) Packet(p *rtp.Packet, arrived time.Time) {
	gap, repeated := w.order.next(p)
	if repeated {
		return
	}
	if gap { // what follows may be joined to what preceded
		w.bytes = 0
		w.restart()
		w.sink.Broken()
	}
	w.bytes += len(p.Payload)
	copied := p.Clone() // join keeps parts of it
	data, err := w.join(copied)
	for _, more := range w.more {
		if errors.Is(err, more) {
			return
		}
	}
	bytes := w.bytes
	w.bytes = 0
	switch {
	case err != nil && bytes > unit.BufferLimit:
		w.sink.TooLarge(bytes)
		return
	case err != nil:
		w.sink.Broken()
		return
	case len(data) == 0:
		return
	}
	out, key, format := w.read(data)
	if len(out) == 0 {
		w.sink.Broken()
		return
	}
	if format != nil && (w.format == nil || *format != *w.format) {
		w.format = format
	}
	switch {
	case w.format != nil:
		w.sink.Unit(Unit{Data: out, PTS: w.clock.at(p.Timestamp), Key: key, Arrived: arrived, Format: w.format})
	case key:
		w.sink.Sizeless()
	}
}

// State reports whether a unit is unfinished.
func (w *whole) State() (unfinished, maybeComplete bool) { return w.bytes > 0, false }

// Flush does nothing.
func (w *whole) Flush() {}

func newVP8(m Media, sink Sink) Receiver {
	d := &rtpvp8.Decoder{}
	restart := func() {
		*d = rtpvp8.Decoder{}
		d.Init()
	}
	restart()
	return &whole{
		sink: sink, clock: clock{rate: int64(m.Clock)}, join: d.Decode, restart: restart,
		more: []error{rtpvp8.ErrMorePacketsNeeded, rtpvp8.ErrNonStartingPacketAndNoPrevious},
		read: func(data []byte) ([]byte, bool, *unit.Format) {
			if len(data) < 10 || data[0]&1 != 0 { // RFC 6386, section 9.1
				return data, false, nil
			}
			width, height := int(data[6])|int(data[7])<<8&0x3FFF, int(data[8])|int(data[9])<<8&0x3FFF
			return data, true, sized(newCaps("video/x-vp8", width, height), "vp8")
		},
	}
}

func newVP9(m Media, sink Sink) Receiver {
	d := &rtpvp9.Decoder{}
	restart := func() {
		*d = rtpvp9.Decoder{}
		d.Init()
	}
	restart()
	return &whole{
		sink: sink, clock: clock{rate: int64(m.Clock)}, join: d.Decode, restart: restart,
		more: []error{rtpvp9.ErrMorePacketsNeeded, rtpvp9.ErrNonStartingPacketAndNoPrevious},
		read: func(data []byte) ([]byte, bool, *unit.Format) {
			var h vp9.Header
			if h.Unmarshal(data) != nil || h.NonKeyFrame {
				return data, false, nil
			}
			c := newCaps("video/x-vp9", h.Width(), h.Height())
			c.add(fmt.Sprintf("profile=(string)%d, alignment=(string)super-frame, parsed=(boolean)true", h.Profile))
			f := sized(c, "vp9")
			if f != nil {
				f.Untagged = h.ColorConfig.ColorSpace == 0 // CS_UNKNOWN
			}
			return data, true, f
		},
	}
}

func newAV1(m Media, sink Sink) Receiver {
	d := &rtpav1.Decoder{}
	restart := func() {
		*d = rtpav1.Decoder{}
		d.Init()
	}
	restart()
	return &whole{
		sink: sink, clock: clock{rate: int64(m.Clock)}, restart: restart,
		join: func(p *rtp.Packet) ([]byte, error) {
			obus, err := d.Decode(p)
			if err != nil {
				return nil, err
			}
			// Packets leave out the delimiter that begins each temporal unit, of type 2 and size 0.
			data, err := av1.Bitstream(obus).Marshal()
			return append([]byte{0x12, 0}, data...), err
		},
		more: []error{rtpav1.ErrMorePacketsNeeded, rtpav1.ErrNonStartingPacketAndNoPrevious},
		read: func(data []byte) ([]byte, bool, *unit.Format) {
			var obus av1.Bitstream
			if obus.Unmarshal(data) != nil {
				return data, false, nil
			}
			for _, obu := range obus {
				var h av1.SequenceHeader
				if obu[0]>>3&0xF == 1 && h.Unmarshal(obu) == nil { // a sequence header, with which keyframes come
					c := newCaps("video/x-av1", h.Width(), h.Height())
					c.add("stream-format=(string)obu-stream, alignment=(string)tu, parsed=(boolean)true")
					f := sized(c, "av1")
					if colours := h.ColorConfig; f != nil { // what is not stated is unspecified
						f.Stream.HDR = frame.HDROf(int(colours.TransferCharacteristics))
						f.Untagged = colours.MatrixCoefficients == av1.SequenceHeader_MatrixCoefficients_MC_UNSPECIFIED
					}
					return data, true, f
				}
			}
			return data, false, nil
		},
	}
}

func newMPEG4(m Media, sink Sink) Receiver {
	d := &rtpfragmented.Decoder{}
	restart := func() {
		*d = rtpfragmented.Decoder{}
		d.Init()
	}
	restart()
	config, _ := hex.DecodeString(m.Parameters["config"])
	return &whole{
		sink: sink, clock: clock{rate: int64(m.Clock)}, join: d.Decode, restart: restart,
		more: []error{rtpfragmented.ErrMorePacketsNeeded},
		read: func(data []byte) ([]byte, bool, *unit.Format) {
			if !bytes.HasPrefix(data, startCode[1:]) {
				return nil, false, nil // the rest of one that has lost packets
			}
			if !mpeg4Key(data) {
				return data, false, nil
			}
			layer, ok := mpeg4Described(data)
			if !ok {
				if layer, ok = mpeg4Described(config); !ok {
					return data, true, nil
				}
				data = append(config[:len(config):len(config)], data...)
			}
			return data, true, layer.format()
		},
	}
}

// sized returns the format of caps, nil if they have no size.
func sized(c *caps, codec string) *unit.Format {
	if !possible(c.width, c.height) {
		return nil
	}
	return c.format(codec)
}
