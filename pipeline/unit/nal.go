package unit

import (
	"encoding/binary"
	"strings"
)

// ReferenceTracker finds the access units that no other refers to, which H.264 and H.265 mark. It belongs to one
// connection.
type ReferenceTracker struct {
	codec   string
	lengths bool // NAL units stand behind their length in 4 bytes, else behind start codes
	layers  byte // highest temporal layer of H.265 seen so far
}

// NewReferenceTracker returns the tracker for units of a format. The caps of H.264 and H.265 say how their NAL units are set
// apart.
func NewReferenceTracker(as *Format) ReferenceTracker {
	return ReferenceTracker{codec: as.Stream.Codec, lengths: !strings.Contains(as.Caps, "stream-format=(string)byte-stream")}
}

// Droppable reports whether a decoder that does not show this unit can do without it.
func (d *ReferenceTracker) Droppable(unit []byte) bool {
	switch d.codec {
	case "h264":
		for nal := range nalUnits(unit, d.lengths) {
			// nal_unit_type 1 is a slice of a picture that is no keyframe, nal_ref_idc 0 says that nothing
			// refers to it (ITU-T H.264, 7.4.1).
			if kind := nal[0] & 0x1F; kind >= 1 && kind <= 5 {
				return kind == 1 && nal[0]&0x60 == 0
			}
		}
	case "h265":
		for nal := range nalUnits(unit, d.lengths) {
			kind, layer := nal[0]>>1&0x3F, nal[min(1, len(nal)-1)]&7
			if kind > 31 { // no slice
				continue
			}
			d.layers = max(d.layers, layer)
			// Even types up to 14 are not referred to within their temporal layer (ITU-T H.265, table 7-1), but
			// may be from a higher one.
			return kind <= 14 && kind%2 == 0 && layer >= d.layers
		}
	}
	return false
}

// nalUnits walks the NAL units of an access unit, none of which is empty. What is broken ends the walk.
func nalUnits(unit []byte, lengths bool) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for !lengths {
			i := startCode(unit)
			if i < 0 || i == len(unit) {
				return
			}
			unit = unit[i:]
			if !yield(unit) { // goes on behind its end, which its reader does not look for
				return
			}
		}
		for len(unit) > 4 {
			n := binary.BigEndian.Uint32(unit)
			unit = unit[4:]
			if n == 0 || uint64(n) > uint64(len(unit)) {
				return
			}
			if !yield(unit[:n]) {
				return
			}
			unit = unit[n:]
		}
	}
}

// startCode returns the index behind the next start code, 00 00 01; -1 where there is none.
func startCode(b []byte) int {
	for i := 2; i < len(b); i++ {
		if b[i] == 1 && b[i-1] == 0 && b[i-2] == 0 {
			return i + 1
		}
	}
	return -1
}
