package depay

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// The types of NAL units (ITU-T H.264, table 7-1) and of packets that hold several NAL units or a part of one (RFC 6184, section 5.4).
const (
	h264IDR       = 5
	h264SEI       = 6
	h264SPS       = 7
	h264PPS       = 8
	h264Delimiter = 9
	h264Filler    = 12
	h264STAPA     = 24
	h264STAPB     = 25
	h264FUA       = 28
	h264FUB       = 29
)

var h264Syntax = &syntax{
	header: 1,
	kind:   func(nal []byte) byte { return nal[0] & 0x1F },
	slice:  func(kind byte) bool { return kind >= 1 && kind <= h264IDR },
	// first_mb_in_slice is 0, whose Exp-Golomb code is the single bit 1. Data partitions B and C (types 3 and 4) have no such field.
	first: func(nal []byte) bool { return len(nal) > 1 && nal[1]&0x80 != 0 && nal[0]&0x1F != 3 && nal[0]&0x1F != 4 },
	// A prefix (type 14) stands before each slice of scalable streams, not only the first: the slice after it says whether a picture begins.
	opens: func(kind byte) bool { return kind >= h264SEI && kind <= h264Delimiter || kind >= 15 && kind <= 18 },
	key:   func(kind byte) bool { return kind == h264IDR },
	unused: func(kind byte) bool {
		return kind == 0 || kind == h264Delimiter || kind == h264Filler || kind >= h264STAPA
	},
	unpack: unpackH264,
	format: h264Format,
	set: func(kind byte) (int, bool) {
		return int(kind) - h264SPS + 1, kind == h264SPS || kind == h264PPS
	},
}

func newH264(m Media, sink Sink) Receiver {
	a := newAssembler(m, sink, h264Syntax)
	for text := range strings.SplitSeq(m.Parameters["sprop-parameter-sets"], ",") {
		a.describe(text)
	}
	return a
}

// describe decodes a parameter set, which the description has in Base64, and keeps it. One that makes no sense is left out.
func (a *assembler) describe(text string) {
	nal, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	nal = bytes.TrimPrefix(bytes.TrimPrefix(nal, startCode), startCode[1:])
	if err == nil && len(nal) > a.header {
		a.keep(a.kind(nal), nal)
	}
}

// several takes NAL units that each follow their length in two bytes.
func (a *assembler) several(rest []byte) {
	for len(rest) > 2 {
		length := int(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; length > len(rest) {
			a.lost = true
			return
		}
		a.nals(rest[:length])
		rest = rest[length:]
	}
}

// unpackH264 takes the NAL units of a packet.
func unpackH264(a *assembler, payload []byte) {
	switch kind := payload[0] & 0x1F; kind {
	case h264STAPA, h264STAPB:
		rest := payload[1:]
		if kind == h264STAPB && len(rest) >= 2 {
			rest = rest[2:] // the decoding order
		}
		a.several(rest)
	case h264FUA, h264FUB:
		head := 2
		if kind == h264FUB {
			head += 2
		}
		if len(payload) <= head {
			return
		}
		var first []byte
		if payload[1]&0x80 != 0 {
			first = []byte{payload[0]&0xE0 | payload[1]&0x1F}
		}
		a.fragment(first, payload[head:], payload[1]&0x40 != 0)
	default:
		a.nals(payload)
	}
}

// h264Profiles has GStreamer's names of profile_idc.
var h264Profiles = map[uint8]string{
	66: "baseline", 77: "main", 88: "extended", 100: "high", 110: "high-10", 122: "high-4:2:2", 244: "high-4:4:4", 44: "cavlc-4:4:4-intra",
}

// h264Format reads the sequence parameter set.
func h264Format(nal []byte) (f *unit.Format, fields bool) {
	var sps h264.SPS
	if sps.Unmarshal(nal) != nil || !possible(sps.Width(), sps.Height()) {
		return nil, false
	}
	c := newCaps("video/x-h264", sps.Width(), sps.Height())
	c.add("stream-format=(string)byte-stream, alignment=(string)au, parsed=(boolean)true")
	profile := h264Profiles[sps.ProfileIdc]
	switch {
	case profile == "baseline" && sps.ConstraintSet1Flag:
		profile = "constrained-baseline"
	case profile == "high" && sps.ConstraintSet4Flag && sps.ConstraintSet5Flag:
		profile = "constrained-high"
	case profile == "high" && sps.ConstraintSet4Flag:
		profile = "progressive-high"
	}
	if profile != "" {
		c.add("profile=(string)" + profile)
	}
	level := fmt.Sprintf("%d.%d", sps.LevelIdc/10, sps.LevelIdc%10)
	if sps.LevelIdc == 11 && sps.ConstraintSet3Flag && sps.ProfileIdc <= 88 || sps.LevelIdc == 9 {
		level = "1b"
	}
	c.add("level=(string)" + strings.TrimSuffix(level, ".0"))
	if v := sps.VUI; v != nil {
		if v.AspectRatioInfoPresentFlag {
			c.aspect(v.AspectRatioIdc, int(v.SarWidth), int(v.SarHeight))
		}
		if t := v.TimingInfo; t != nil {
			c.rate(uint64(t.TimeScale), 2*uint64(t.NumUnitsInTick))
		}
	}
	f = c.format("h264")
	f.Untagged = sps.VUI == nil || !sps.VUI.ColourDescriptionPresentFlag || sps.VUI.MatrixCoefficients == unspecified
	if sps.VUI != nil && sps.VUI.ColourDescriptionPresentFlag {
		f.Stream.HDR = frame.HDROf(int(sps.VUI.TransferCharacteristics))
	}
	return f, !sps.FrameMbsOnlyFlag
}

// unspecified is matrix_coefficients where the matrix is not known (ITU-T H.264, table E-5; H.265, table E.5).
const unspecified = 2

// caps are the caps of a format, in GStreamer's notation, while they are written.
type caps struct {
	text          strings.Builder
	width, height int
	pixels        frame.Ratio
	fps           float64
}

func newCaps(media string, width, height int) *caps {
	c := &caps{width: width, height: height}
	fmt.Fprintf(&c.text, "%s, width=(int)%d, height=(int)%d", media, width, height)
	return c
}

// maxSide is the largest width or height that a picture may have: a damaged header may state any.
const maxSide = 65535

func possible(width, height int) bool {
	return width > 0 && width <= maxSide && height > 0 && height <= maxSide
}

func (c *caps) add(field string) { c.text.WriteString(", " + field) }

// rate adds the rate that a stream states, unless it is nonsense.
func (c *caps) rate(pictures, seconds uint64) {
	const largest = 1<<31 - 1 // of GStreamer's fractions
	if pictures == 0 || seconds == 0 || pictures > largest || seconds > largest {
		return
	}
	if fps := float64(pictures) / float64(seconds); fps <= frame.MaxFPS {
		c.fps = fps
		c.add(fmt.Sprintf("framerate=(fraction)%d/%d", pictures, seconds))
	}
}

// sampleAspects has the shapes of pixels (ITU-T H.264 and H.265, table E-1), by aspect_ratio_idc.
var sampleAspects = [17][2]int{
	1: {1, 1}, 2: {12, 11}, 3: {10, 11}, 4: {16, 11}, 5: {40, 33}, 6: {24, 11}, 7: {20, 11}, 8: {32, 11}, 9: {80, 33},
	10: {18, 11}, 11: {15, 11}, 12: {64, 33}, 13: {160, 99}, 14: {4, 3}, 15: {3, 2}, 16: {2, 1},
}

// aspect adds the shape of the pixels. width and height count if idc is 255.
func (c *caps) aspect(idc uint8, width, height int) {
	if int(idc) < len(sampleAspects) {
		width, height = sampleAspects[idc][0], sampleAspects[idc][1]
	}
	if width > 0 && height > 0 {
		c.pixels = frame.Ratio{Width: width, Height: height}
		c.add(fmt.Sprintf("pixel-aspect-ratio=(fraction)%d/%d", width, height))
	}
}

func (c *caps) format(codec string) *unit.Format {
	return &unit.Format{Caps: c.text.String(), Stream: frame.Stream{Codec: codec, Width: c.width, Height: c.height, FPS: c.fps, PixelAspect: c.pixels}}
}
