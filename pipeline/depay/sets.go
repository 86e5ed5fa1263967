package depay

import (
	"bytes"
	"slices"
)

// sets are the newest parameter sets of a stream, by kind, in the order in which decoders need them.
type sets struct{ kept [3][]set }

// sequenceSet is the place of sequence parameter sets in sets.kept. Video parameter sets are before them, picture parameter sets
// after them.
const sequenceSet = 1

type set struct {
	id  uint32
	nal []byte
}

// maxSets is how many sets of a kind are kept, and maxSet how large each may be in bytes. No camera is known that needs more than
// two, of a hundred bytes.
const maxSets, maxSet = 8, 1 << 10

// keep adds a set, or replaces the one of the same kind and number. It reports whether that changes anything.
func (s *sets) keep(place int, nal []byte) bool {
	if len(nal) > maxSet {
		return false
	}
	id := setNumber(place, nal)
	for i, known := range s.kept[place] {
		if known.id == id {
			if bytes.Equal(known.nal, nal) {
				return false
			}
			s.kept[place][i].nal = bytes.Clone(nal)
			return true
		}
	}
	if len(s.kept[place]) == maxSets {
		return false
	}
	s.kept[place] = append(s.kept[place], set{id, bytes.Clone(nal)})
	return true
}

// has reports whether a set of a kind is kept as it is.
func (s *sets) has(place int, nal []byte) bool {
	return slices.ContainsFunc(s.kept[place], func(known set) bool { return bytes.Equal(known.nal, nal) })
}

// setNumber returns the number of a picture parameter set, of which a stream may use several. The set begins with it, as an
// Exp-Golomb code (ITU-T H.264, 7.3.2.2; H.265, 7.3.2.3). It returns 0 for the other kinds, of which only the newest set is kept.
func setNumber(place int, nal []byte) uint32 {
	if place <= sequenceSet {
		return 0
	}
	at := 1
	if nal[0]&0x1F != 8 {
		at = 2 // H.265
	}
	if len(nal) < at+3 {
		return 0
	}
	bits := uint32(nal[at])<<16 | uint32(nal[at+1])<<8 | uint32(nal[at+2])
	zeros := 0
	for zeros < 8 && bits>>(23-zeros)&1 == 0 {
		zeros++
	}
	return bits>>(23-2*zeros) - 1
}

// all appends all sets, with start codes.
func (s *sets) all(to []byte) []byte {
	for _, kind := range s.kept {
		for _, one := range kind {
			to = append(append(to, startCode...), one.nal...)
		}
	}
	return to
}

// missing reports whether a keyframe lacks all parameter sets of a kind that the stream has.
func (s *sets) missing(syn *syntax, keyframe []byte) bool {
	var has [3]bool
	for at := 0; ; {
		next := bytes.Index(keyframe[at:], startCode)
		if next < 0 {
			break
		}
		at += next + len(startCode)
		if at >= len(keyframe) {
			break
		}
		kind := syn.kind(keyframe[at:])
		if syn.slice(kind) {
			break
		}
		if place, ok := syn.set(kind); ok {
			has[place] = true
		}
	}
	for place, known := range s.kept {
		if len(known) > 0 && !has[place] {
			return true
		}
	}
	return false
}
