package jpeg

import (
	"bytes"
	"encoding/binary"
	"io"

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
	if !ok {
		return frame.Orientation{}
	}
	return TIFFOrientation(bytes.NewReader(tiff))
}

// TIFFOrientation reads the orientation in a TIFF file, or in Exif data, which are one without a picture. Data that are broken, or
// something else, have none.
func TIFFOrientation(tiff io.ReaderAt) frame.Orientation {
	data := make([]byte, 12) // as long as an entry of the directory
	has := func(at int64, n int) bool {
		read, _ := tiff.ReadAt(data[:n], at)
		return read == n
	}
	if !has(0, 8) {
		return frame.Orientation{}
	}
	var order binary.ByteOrder
	switch string(data[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return frame.Orientation{}
	}
	const tag, short = 0x0112, 3 // the tag's number and type
	at := int64(order.Uint32(data[4:]))
	if !has(at, 2) {
		return frame.Orientation{}
	}
	at += 2
	for range order.Uint16(data) {
		if !has(at, len(data)) {
			break
		}
		if order.Uint16(data) == tag && order.Uint16(data[2:]) == short {
			if n := int(order.Uint16(data[8:])); n < len(orientations) {
				return orientations[n]
			}
		}
		at += int64(len(data))
	}
	return frame.Orientation{}
}
