package depay

import (
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"
)

// The types of NAL units (ITU-T H.265, table 7-1), and of packets that hold several of them or a part of one (RFC 7798, section 4.4).
const (
	h265VPS       = 32
	h265PPS       = 34
	h265Delimiter = 35
	h265Filler    = 38
	h265SEI       = 39
	h265AP        = 48
	h265FU        = 49
	h265PACI      = 50
)

var h265Syntax = &syntax{
	header: 2,
	kind:   func(nal []byte) byte { return nal[0] >> 1 & 0x3F },
	slice:  func(kind byte) bool { return kind < h265VPS },
	first:  func(nal []byte) bool { return len(nal) > 2 && nal[2]&0x80 != 0 }, // first_slice_segment_in_pic_flag
	opens: func(kind byte) bool { // section 7.4.2.4.4
		return kind >= h265VPS && kind <= h265Delimiter || kind == h265SEI || kind >= 41 && kind <= 44
	},
	key:    func(kind byte) bool { return kind >= 16 && kind <= 23 }, // BLA, IDR and CRA
	unused: func(kind byte) bool { return kind == h265Delimiter || kind == h265Filler || kind >= h265AP },
	unpack: unpackH265,
	format: h265Format,
	set: func(kind byte) (int, bool) {
		return int(kind) - h265VPS, kind >= h265VPS && kind <= h265PPS
	},
}

func newH265(m Media, sink Sink) Receiver {
	a := newAssembler(m, sink, h265Syntax)
	for _, name := range []string{"sprop-vps", "sprop-sps", "sprop-pps"} {
		for text := range strings.SplitSeq(m.Parameters[name], ",") {
			a.describe(text)
		}
	}
	return a
}

// unpackH265 takes the NAL units of a packet. It expects no decoding order numbers (RFC 7798, section 4.4), which a stream has if
// its sprop-max-don-diff is above 0: no camera is known to send them.
func unpackH265(a *assembler, payload []byte) {
	if len(payload) < 3 {
		return
	}
	switch payload[0] >> 1 & 0x3F {
	case h265AP:
		a.several(payload[2:])
	case h265FU:
		var first []byte
		if payload[2]&0x80 != 0 {
			first = []byte{payload[0]&0x81 | payload[2]&0x3F<<1, payload[1]}
		}
		a.fragment(first, payload[3:], payload[2]&0x40 != 0)
	case h265PACI: // it wraps another packet, with extensions (RFC 7798, section 4.4.4), and is not supported
	default:
		a.nals(payload)
	}
}

// h265Profiles maps general_profile_idc to GStreamer's names. It lacks the range extensions, where many profiles share one value:
// GStreamer's parser tells those apart.
var h265Profiles = map[uint8]string{1: "main", 2: "main-10", 3: "main-still-picture"}

// h265Format reads the sequence parameter set.
func h265Format(nal []byte) (f *unit.Format, fields bool) {
	var sps h265.SPS
	if sps.Unmarshal(nal) != nil || !possible(sps.Width(), sps.Height()) {
		return nil, false
	}
	c := newCaps("video/x-h265", sps.Width(), sps.Height())
	c.add("stream-format=(string)byte-stream, alignment=(string)au, parsed=(boolean)true")
	if profile := h265Profiles[sps.ProfileTierLevel.GeneralProfileIdc]; profile != "" {
		c.add("profile=(string)" + profile)
	}
	if v := sps.VUI; v != nil {
		if v.AspectRatioInfoPresentFlag {
			c.aspect(v.AspectRatioIdc, int(v.SarWidth), int(v.SarHeight))
		}
		if t := v.TimingInfo; t != nil {
			c.rate(uint64(t.TimeScale), uint64(t.NumUnitsInTick))
		}
	}
	f = c.format("h265")
	f.Untagged = sps.VUI == nil || !sps.VUI.ColourDescriptionPresentFlag || sps.VUI.MatrixCoefficients == unspecified
	if sps.VUI != nil && sps.VUI.ColourDescriptionPresentFlag {
		f.Stream.HDR = frame.HDROf(int(sps.VUI.TransferCharacteristics))
	}
	return f, false
}
