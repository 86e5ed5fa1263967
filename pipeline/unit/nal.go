package unit

import (
	"encoding/binary"
)

// ReferenceTracker finds the access units that no other unit refers to, which H.264 and H.265 mark. It belongs to one
// connection.
type ReferenceTracker struct {
	codec   string
	lengths bool // NAL units follow their length in 4 bytes, else a start code
	layers  byte // highest temporal layer of H.265 seen so far
}

// NewReferenceTracker returns the tracker for units of a format. The caps of H.264 and H.265 say how NAL units are separated.
func NewReferenceTracker(f *Format) ReferenceTracker {
	return ReferenceTracker{codec: f.Stream.Codec, lengths: hasLengths(f)}
}

// Droppable reports whether a decoder can do without this unit if its picture is not shown.
func (d *ReferenceTracker) Droppable(unit []byte) bool {
	switch d.codec {
	case "h264":
		for nal := range nalUnits(unit, d.lengths) {
			// nal_unit_type 1 is a slice of a picture that is not a keyframe; nal_ref_idc 0 means that nothing refers to it
			// (ITU-T H.264, 7.4.1).
			if kind := nal[0] & 0x1F; kind >= 1 && kind <= 5 {
				return kind == 1 && nal[0]&0x60 == 0
			}
		}
	case "h265":
		for nal := range nalUnits(unit, d.lengths) {
			kind, layer := nal[0]>>1&0x3F, nal[min(1, len(nal)-1)]&7
			if kind > 31 { // not a slice
				continue
			}
			d.layers = max(d.layers, layer)
			// No unit of the same temporal layer refers to an even type up to 14 (ITU-T H.265, table 7-1), but one of a
			// higher layer may.
			return kind <= 14 && kind%2 == 0 && layer >= d.layers
		}
	}
	return false
}

// nalUnits iterates over the NAL units of an access unit that are not empty. It ends at the first broken one.
func nalUnits(unit []byte, lengths bool) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for !lengths {
			i := startCode(unit)
			if i < 0 || i == len(unit) {
				return
			}
			unit = unit[i:]
			if !yield(unit) { // it includes the units after it, which the callers do not read
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

// startCode returns the index after the next start code, 00 00 01; -1 if there is none.
func startCode(b []byte) int {
	for i := 2; i < len(b); i++ {
		if b[i] == 1 && b[i-1] == 0 && b[i-2] == 0 {
			return i + 1
		}
	}
	return -1
}
