package jpeg

import (
	"bytes"
	"encoding/binary"

	"github.com/framegate/framegate/pipeline/frame"
)

// orientations are those of Exif 2.32, section 4.6.4, by their number.
var orientations = [...]frame.Orientation{
	1: {}, 2: {Mirrored: true}, 3: {Degrees: 180}, 4: {Mirrored: true, Degrees: 180},
	5: {Mirrored: true, Degrees: 270}, 6: {Degrees: 90}, 7: {Mirrored: true, Degrees: 90}, 8: {Degrees: 270},
}

// exifOrientation reads the orientation in the content of an APP1 segment. Content that is not Exif, or broken, has none.
func exifOrientation(segment []byte) frame.Orientation {
	tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return frame.Orientation{}
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return frame.Orientation{}
	}
	const tag, short, entry = 0x0112, 3, 12 // the tag's number and type, and the size of an entry
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return frame.Orientation{}
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			break
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if n := int(order.Uint16(entries[8:])); n < len(orientations) {
				return orientations[n]
			}
		}
		entries = entries[entry:]
	}
	return frame.Orientation{}
}
