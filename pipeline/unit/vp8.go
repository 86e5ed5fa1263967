package unit

import (
	"encoding/binary"

	"framegate/pipeline/frame"
)

// MisstatesVP8Size reports whether a VP8 keyframe tells another size than the stream's, or none (RFC 6386, section 9.1).
// One with a damaged size makes a decoder take memory for pictures of up to 16383x16383, and time to fill them.
func MisstatesVP8Size(unit []byte, s frame.Stream) bool {
	if unit[0]&1 == 1 { // no keyframe
		return false
	}
	if len(unit) < 10 {
		return true
	}
	width, height := binary.LittleEndian.Uint16(unit[6:]), binary.LittleEndian.Uint16(unit[8:])
	return int(width&0x3FFF) != s.Width || int(height&0x3FFF) != s.Height // above are hints for scaling
}
