package jpeg

import (
	"bytes"
	"encoding/binary"

	"github.com/framegate/framegate/pipeline/frame"
)

// PixelAspect returns the shape of a JPEG's pixels as its JFIF header states it: where the header gives no unit for the
// densities, they are the two sides of a pixel (JFIF 1.02, APP0). It is zero if there is no such header, or if the header gives
// a unit. Browsers ignore this shape, ffmpeg and GStreamer do not.
func PixelAspect(data []byte) frame.Ratio {
	const header = 18 // FF D8, FF E0, length, JFIF\0, version, unit, two densities
	if len(data) < header || !bytes.HasPrefix(data, []byte{0xFF, markSOI, 0xFF, 0xE0}) || string(data[6:11]) != "JFIF\x00" || data[13] != 0 {
		return frame.Ratio{}
	}
	return frame.Ratio{Width: int(binary.BigEndian.Uint16(data[14:])), Height: int(binary.BigEndian.Uint16(data[16:]))}
}
