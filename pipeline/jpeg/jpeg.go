// Package jpeg reads, checks, repairs and converts the JPEGs that cameras send. It depends neither on GStreamer nor on cameras.
package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/framegate/framegate/pipeline/frame"
)

// MaxSize is the largest size of a camera's JPEG in bytes: 8192x8192 at the best quality is smaller.
const MaxSize = 32 << 20

// Header is what the markers of a JPEG say. The markers are those of ITU-T T.81, annex B.
type Header struct {
	Width, Height int               // in pixels, before Orientation is applied
	Orientation   frame.Orientation // that of its Exif data
	frame         []byte            // the content of the frame's header: precision, size, components and their sampling
	mark          byte              // of the frame's header, which says how the picture is coded
	adobe         []byte            // the content of Adobe's segment, which says what four components are; nil if there is none
	start         int               // where the picture begins: some cameras send other bytes before it
	scan, body    int               // where the header of the first scan begins and ends
	end           int               // index after the end marker, or of the end of a picture without one: cameras pad what they send
	noEndMarker   bool              // the end marker is missing
	gaps          []gap             // bytes that are left out before the first scan, in order
	stray         bool              // some of them belong to no segment
	huffman       bool              // it has Huffman tables, or needs none
	scans         int               // see TooManyScans; 0 if a decoder reads only the first one
}

// gap is a range of bytes that belong to no segment, or to one that nobody needs to see the picture.
type gap struct{ from, to int }

// The markers that Read knows.
const (
	markSOI  = 0xD8
	markEOI  = 0xD9
	markSOS  = 0xDA
	markDQT  = 0xDB
	markDNL  = 0xDC
	markDRI  = 0xDD
	markDHT  = 0xC4
	markDAC  = 0xCC
	markJPG  = 0xC8
	markAPP0 = 0xE0
	markAPP1 = 0xE1
	markAPP2 = 0xE2
	markAPPE = 0xEE
	markAPPF = 0xEF
	markCOM  = 0xFE
	markTEM  = 0x01
	markRST0 = 0xD0
	markRST7 = 0xD7
)

var (
	// ErrFormat means that data have no picture, ErrCut that they end inside one.
	ErrFormat = errors.New("it is not a JPEG")
	ErrCut    = errors.New("the JPEG is cut off")
	errBroken = errors.New("the JPEG is broken")
)

// maxPreamble is how many bytes may precede a picture, or separate it from an empty one before it.
const maxPreamble = 64 << 10

// Read reads the markers of a JPEG from a camera. It accepts what libjpeg and so browsers accept: it skips bytes and empty
// pictures before the picture, and bytes between segments, which remain when a segment is longer than it states. A picture
// without an end marker is accepted if its scan is complete. Read fails if a part of the picture is missing, since such a picture
// can neither be decoded nor passed on.
//
// If data ends with an end marker, Read takes all of it as one picture and does not search for the end. So what phones append
// to their pictures is passed on with them.
func Read(data []byte) (Header, error) {
	return readFirst(data, bytes.HasSuffix(data, []byte{0xFF, markEOI}))
}

// readFirst reads the first JPEG in data. If ends is set, the picture ends where data ends.
func readFirst(data []byte, ends bool) (Header, error) {
	for at := 0; ; at += 2 {
		start := findSOI(data, at)
		switch {
		case start < 0 && at > 0:
			return Header{}, errBroken
		case start < 0:
			return Header{}, ErrFormat
		}
		if at = start; bytes.HasPrefix(data[at+2:], []byte{0xFF, markEOI}) {
			continue // an empty picture, as capture cards send them
		}
		h := Header{start: start}
		if ends {
			h.end = len(data)
		}
		err := h.read(data, start+2)
		return h, err
	}
}

// findSOI returns the index of the first picture from at on, -1 if there is none.
func findSOI(data []byte, at int) int {
	if at == 0 && bytes.HasPrefix(data, []byte{0xFF, markSOI}) {
		return 0
	}
	if i := bytes.Index(data[at:min(len(data), at+maxPreamble)], []byte{0xFF, markSOI, 0xFF}); i >= 0 {
		return at + i
	}
	return -1
}

// read reads the segments from at on, and the scans.
func (h *Header) read(data []byte, at int) error {
	for {
		s, err := nextSegment(data, at)
		if err != nil {
			return err
		}
		if s.at > at {
			h.gaps, h.stray = append(h.gaps, gap{at, s.at}), true
		}
		if s.dispensable() {
			h.gaps = append(h.gaps, gap{s.at, s.end})
		}
		switch {
		case s.mark == markEOI:
			return errBroken // before any scan
		case s.mark == markDHT:
			h.huffman = true
		case s.mark == markAPP1 && h.Orientation == frame.Orientation{}:
			h.Orientation = exifOrientation(s.content)
		case s.mark == markAPPE && bytes.HasPrefix(s.content, []byte("Adobe")):
			h.adobe = s.content
		case s.mark == markSOS:
			if len(s.content) < 6 { // of one component
				return errBroken
			}
			h.scan, h.body = s.at, s.end
			return h.readScans(data)
		case isFrame(s.mark):
			if len(s.content) < 6 || h.frame != nil {
				return errBroken
			}
			h.frame, h.mark = s.content, s.mark
			h.Height, h.Width = int(binary.BigEndian.Uint16(s.content[1:])), int(binary.BigEndian.Uint16(s.content[3:]))
			h.huffman = h.huffman || s.mark > markJPG // arithmetic coding has none
		}
		at = s.end
	}
}

// segment is a marker and the data that belong to it.
type segment struct {
	mark    byte
	content []byte // after the length
	at, end int    // indexes of the marker and of what follows the segment
}

// dispensable reports whether a picture looks the same without a segment. Needed are the JFIF header, ICC profiles and Adobe's segment,
// which says what the components are. Comments, Exif data and the makers' own segments are not, and may hold anything: the place and
// the serial number of a camera, or a page for browsers. The orientation is read from Exif data before.
func (s segment) dispensable() bool {
	switch s.mark {
	case markAPP0:
		return !bytes.HasPrefix(s.content, []byte("JFIF\x00"))
	case markAPP2:
		return !bytes.HasPrefix(s.content, []byte("ICC_PROFILE\x00"))
	case markAPPE:
		return !bytes.HasPrefix(s.content, []byte("Adobe"))
	}
	return mayMisstate(s.mark)
}

// isFrame reports whether a marker is that of a frame's header, SOF0 to SOF15.
func isFrame(mark byte) bool {
	return mark >= 0xC0 && mark <= 0xCF && mark != markDHT && mark != markJPG && mark != markDAC
}

// alone reports whether a marker has no length.
func alone(mark byte) bool {
	return mark == markTEM || mark >= markRST0 && mark <= markEOI
}

// mayMisstate reports whether a segment may state a wrong length: its content is not needed, and reading continues at the next
// marker.
func mayMisstate(mark byte) bool { return mark == markCOM || mark >= markAPP0 && mark <= markAPPF }

// nextSegment finds the next segment in the header of a picture. Like libjpeg it skips what is not a marker. Restart markers and
// further SOI markers are skipped too.
func nextSegment(data []byte, at int) (segment, error) {
	for {
		i := bytes.IndexByte(data[at:], 0xFF)
		if i < 0 || at+i+2 > len(data) {
			return segment{}, ErrCut
		}
		at += i
		mark := data[at+1]
		switch {
		case mark == 0xFF: // a fill byte
			at++
			continue
		case mark == 0: // not a marker
			at += 2
			continue
		case mark == markEOI:
			return segment{mark: mark, at: at, end: at + 2}, nil
		case alone(mark):
			at += 2
			continue
		case mark < 0xC0: // reserved
			at += 2
			continue
		}
		end := segmentEnd(data, at)
		switch {
		case end > 0:
			return segment{mark: mark, content: data[at+4 : end], at: at, end: end}, nil
		case !mayMisstate(mark):
			return segment{}, ErrCut
		}
		at += 2
	}
}

// segmentEnd returns the index after the segment at at, 0 if its length is impossible.
func segmentEnd(data []byte, at int) int {
	if at+4 > len(data) {
		return 0
	}
	length := int(binary.BigEndian.Uint16(data[at+2:]))
	if length < 2 || at+2+length > len(data) {
		return 0
	}
	return at + 2 + length
}

// readScans finds the end of a picture.
func (h *Header) readScans(data []byte) error {
	switch {
	case h.Width == 0 || h.Height == 0:
		return errBroken
	}
	if h.several(data) {
		h.scans = 1 + bytes.Count(data[h.body:], []byte{0xFF, markSOS})
	}
	if h.end > h.body+2 {
		return nil
	}
	at := h.body
	for {
		i := bytes.IndexByte(data[at:], 0xFF)
		if i < 0 || at+i+2 > len(data) {
			return h.close(data, len(data))
		}
		at += i
		switch mark := data[at+1]; {
		case mark == 0xFF:
			at++
		case mark == markEOI:
			if at == h.body {
				return ErrCut
			}
			h.end = at + 2
			return nil
		case mark == markSOI: // the next picture
			return h.close(data, at)
		case mark == markDHT, mark == markDAC, mark >= markSOS && mark <= markDRI, mayMisstate(mark): // before another scan
			at = max(at+2, segmentEnd(data, at))
		default: // a byte of the scan, a restart marker, or damage
			at += 2
		}
	}
}

// close ends a picture that has no end marker before limit.
func (h *Header) close(data []byte, limit int) error {
	// Damage may have looked like a segment that contains the end marker.
	if end := bytes.LastIndex(data[h.body:limit], []byte{0xFF, markEOI}); end > 0 {
		h.end = h.body + end + 2
		return nil
	}
	end, complete := h.checkScan(data[:limit])
	if !complete {
		return ErrCut
	}
	h.end, h.noEndMarker = end, true
	return nil
}

// Repaired returns a JPEG that every browser shows: it has Huffman tables and an end marker, no bytes between its segments, and
// only the segments that are needed. It may share memory with data.
func (h Header) Repaired(data []byte) []byte {
	if h.huffman && !h.noEndMarker && len(h.gaps) == 0 {
		return data[h.start:h.end]
	}
	repaired := make([]byte, 0, h.end-h.start+len(standardHuffman)+2)
	at := h.start
	for _, g := range h.gaps {
		repaired = append(repaired, data[at:g.from]...)
		at = g.to
	}
	repaired = append(repaired, data[at:h.scan]...)
	if !h.huffman {
		repaired = append(repaired, standardHuffman...)
	}
	repaired = append(repaired, data[h.scan:h.end]...)
	if h.noEndMarker {
		repaired = append(repaired, 0xFF, markEOI)
	}
	return repaired
}
