package unit

import (
	"encoding/binary"

	"github.com/framegate/framegate/pipeline/frame"
)

// MisstatesVP8Size reports whether a VP8 keyframe states another size than the stream's, or none (RFC 6386, section 9.1). A
// damaged size makes a decoder allocate pictures of up to 16383x16383 and take the time to fill them.
func MisstatesVP8Size(unit []byte, s frame.Stream) bool {
	if unit[0]&1 == 1 { // not a keyframe
		return false
	}
	if len(unit) < 10 {
		return true
	}
	width, height := binary.LittleEndian.Uint16(unit[6:]), binary.LittleEndian.Uint16(unit[8:])
	return int(width&0x3FFF) != s.Width || int(height&0x3FFF) != s.Height // the higher bits are hints for scaling
}
