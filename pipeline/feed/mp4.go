package feed

import (
	"encoding/binary"
	"io"
	"iter"

	"github.com/framegate/framegate/pipeline/frame"
)

// mp4Orientation reads how the pictures of an MP4 or QuickTime file of the given size are to be turned: the matrix in the header
// of its first video track (ISO/IEC 14496-12, 8.3.2). It is the zero Orientation for any other file, and for a matrix that does
// more than to turn.
func mp4Orientation(file io.ReaderAt, size int64) frame.Orientation {
	for movie := range mp4Boxes(file, 0, size, "moov") {
		for track := range mp4Boxes(file, movie.from, movie.to, "trak") {
			if !isVideo(file, track) {
				continue
			}
			for header := range mp4Boxes(file, track.from, track.to, "tkhd") {
				return trackOrientation(file, header)
			}
		}
	}
	return frame.Orientation{}
}

// mp4Box is where the content of a box is.
type mp4Box struct{ from, to int64 }

// mp4Boxes are the boxes of a kind in a part of a file.
func mp4Boxes(file io.ReaderAt, from, to int64, kind string) iter.Seq[mp4Box] {
	return func(yield func(mp4Box) bool) {
		for at := from; at+8 <= to; {
			var head [16]byte
			if n, _ := file.ReadAt(head[:], at); n < 8 {
				return
			}
			length, content := int64(binary.BigEndian.Uint32(head[:])), at+8
			switch length {
			case 0: // up to the end
				length = to - at
			case 1:
				length, content = int64(binary.BigEndian.Uint64(head[8:])), at+16
			}
			if length < content-at || length > to-at {
				return
			}
			if string(head[4:8]) == kind && !yield(mp4Box{content, at + length}) {
				return
			}
			at += length
		}
	}
}

// isVideo reports whether a track has pictures.
func isVideo(file io.ReaderAt, track mp4Box) bool {
	for media := range mp4Boxes(file, track.from, track.to, "mdia") {
		for handler := range mp4Boxes(file, media.from, media.to, "hdlr") {
			var content [12]byte // version and flags, 4 bytes of 0, the kind
			n, _ := file.ReadAt(content[:], handler.from)
			return n == len(content) && string(content[8:]) == "vide"
		}
	}
	return false
}

// matrices has the orientation of each matrix, by the signs of the matrix's values a, b, c and d.
var matrices = map[[4]int]frame.Orientation{
	{0, 1, -1, 0}: {Degrees: 90}, {-1, 0, 0, -1}: {Degrees: 180}, {0, -1, 1, 0}: {Degrees: 270},
	{-1, 0, 0, 1}: {Mirrored: true}, {0, -1, -1, 0}: {Mirrored: true, Degrees: 90},
	{1, 0, 0, -1}: {Mirrored: true, Degrees: 180}, {0, 1, 1, 0}: {Mirrored: true, Degrees: 270},
}

// trackOrientation reads the matrix in a track's header.
func trackOrientation(file io.ReaderAt, header mp4Box) frame.Orientation {
	var content [52 + 36]byte
	if n, _ := file.ReadAt(content[:], header.from); n < 1 {
		return frame.Orientation{}
	}
	at := 40
	if content[0] == 1 { // times of 64 bits
		at = 52
	}
	if header.to-header.from < int64(at+36) {
		return frame.Orientation{}
	}
	var signs [4]int
	for i, place := range []int{0, 4, 12, 16} { // a, b, c, d
		const one = 1 << 16
		switch int32(binary.BigEndian.Uint32(content[at+place:])) {
		case 0:
		case one:
			signs[i] = 1
		case -one:
			signs[i] = -1
		default:
			return frame.Orientation{}
		}
	}
	return matrices[signs]
}
