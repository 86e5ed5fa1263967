package jpeg

import (
	"bytes"
	"encoding/binary"
)

// An EndFinder finds the end of a JPEG whose bytes arrive piece by piece. It follows the markers, so that a thumbnail in the header
// does not end the picture. The zero EndFinder is ready for a picture.
type EndFinder struct{ at int } // how far the picture has been read

// Found is what an EndFinder has found.
type Found int

const (
	NeedMore  Found = iota
	FoundEnd        // the end marker; the index is after it
	FoundNext       // the start of another picture, as the end marker is missing; the index is that of its start
)

// Find follows the markers of data, which begins with the picture and has grown since the last call.
func (e *EndFinder) Find(data []byte) (index int, what Found) {
	for e.at < len(data) {
		i := bytes.IndexByte(data[e.at:], 0xFF)
		if i < 0 {
			e.at = len(data)
			break
		}
		e.at += i // what lies between two segments is entropy-coded data, or the rest of a segment that misstates its length
		if e.at+2 > len(data) {
			break
		}
		switch mark := data[e.at+1]; {
		case mark == 0xFF: // a fill byte
			e.at++
		case mark == markEOI:
			return e.at + 2, FoundEnd
		case mark == markSOI && e.at > 0:
			return e.at, FoundNext
		case mark == 0, mark == markTEM, mark >= markRST0 && mark <= markSOI: // these have no length
			e.at += 2
		case e.at+4 > len(data):
			return 0, NeedMore
		default:
			e.at += 2 + int(binary.BigEndian.Uint16(data[e.at+2:]))
		}
	}
	return 0, NeedMore
}
