package depay

import (
	"bytes"
	"math/bits"

	"github.com/framegate/framegate/pipeline/unit"

	readbits "github.com/bluenviron/mediacommon/v2/pkg/bits"
)

// mpeg4Key reports whether an access unit of MPEG-4 Visual has a picture that is decodable by itself: vop_coding_type is 0
// (ISO/IEC 14496-2, 6.2.5).
func mpeg4Key(data []byte) bool {
	at := bytes.Index(data, []byte{0, 0, 1, 0xB6})
	return at >= 0 && at+4 < len(data) && data[at+4]>>6 == 0
}

// mpeg4Layer is what a video object layer says of the pictures (ISO/IEC 14496-2, 6.2.3).
type mpeg4Layer struct {
	width, height int
	aspect        uint8  // aspect_ratio_info, the shape of the pixels
	pixels        [2]int // the same, if aspect is extendedAspect
}

// extendedAspect says that the shape of the pixels follows. The smaller values are those of sampleAspects (table 6-12).
const (
	extendedAspect  = 15
	lastNamedAspect = 5
)

// mpeg4Described finds a video object layer and reads it. It returns false if there is none, or none that makes sense.
func mpeg4Described(data []byte) (l mpeg4Layer, ok bool) {
	for {
		at := bytes.Index(data, startCode[1:])
		if at < 0 || at+4 > len(data) {
			return l, false
		}
		data = data[at+3:]
		if data[0]>>4 == 2 { // video_object_layer_start_code
			return readMPEG4Layer(data[1:])
		}
	}
}

func readMPEG4Layer(data []byte) (l mpeg4Layer, ok bool) {
	at, failed := 0, false
	read := func(n int) uint64 {
		v, err := readbits.ReadBits(data, &at, n)
		failed = failed || err != nil
		return v
	}
	read(1 + 8) // random_accessible_vol, video_object_type_indication
	version := uint64(1)
	if read(1) == 1 {
		version = read(4)
		read(3)
	}
	if l.aspect = uint8(read(4)); l.aspect == extendedAspect {
		l.pixels = [2]int{int(read(8)), int(read(8))}
	}
	if read(1) == 1 { // vol_control_parameters
		read(2 + 1)
		if read(1) == 1 {
			read(64)
			read(15) // vbv_parameters
		}
	}
	shape := read(2)
	if shape == 3 && version != 1 {
		read(4)
	}
	read(1)
	resolution := read(16)
	read(1)
	if read(1) == 1 { // fixed_vop_rate
		read(max(1, bits.Len64(resolution-1)))
	}
	if failed || shape != 0 || resolution == 0 {
		return l, false
	}
	read(1)
	l.width = int(read(13))
	read(1)
	l.height = int(read(13))
	return l, !failed && l.width > 0
}

// format returns the format of the pictures, nil if they have no size.
func (l mpeg4Layer) format() *unit.Format {
	c := newCaps("video/mpeg", l.width, l.height)
	c.add("mpegversion=(int)4, systemstream=(boolean)false, parsed=(boolean)true")
	switch {
	case l.aspect == extendedAspect:
		c.aspect(255, l.pixels[0], l.pixels[1])
	case l.aspect <= lastNamedAspect:
		c.aspect(l.aspect, 0, 0)
	}
	return sized(c, "mpeg4")
}
