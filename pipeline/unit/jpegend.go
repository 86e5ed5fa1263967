package unit

import (
	"bytes"
	"encoding/binary"
)

// jpegEnd finds the end of a JPEG whose bytes arrive bit by bit. It follows the markers, so that a thumbnail in the header does not
// end the picture. The zero jpegEnd is ready for a picture.
type jpegEnd struct{ at int } // up to where the picture is known

// What jpegEnd has found.
type jpegFind int

const (
	needMore  jpegFind = iota
	foundEnd           // the end marker; the index is after it
	foundNext          // the start of another picture, as the end marker is missing; the index is that of its start
)

// find follows the markers of data, which begins with the picture and has grown since the last call.
func (e *jpegEnd) find(data []byte) (index int, what jpegFind) {
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
			return e.at + 2, foundEnd
		case mark == markSOI && e.at > 0:
			return e.at, foundNext
		case mark == 0, mark == markTEM, mark >= markRST0 && mark <= markSOI: // these have no length
			e.at += 2
		case e.at+4 > len(data):
			return 0, needMore
		default:
			e.at += 2 + int(binary.BigEndian.Uint16(data[e.at+2:]))
		}
	}
	return 0, needMore
}
