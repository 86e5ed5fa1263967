package jpeg

import (
	"bytes"
	"slices"
)

// Shape finds the pictures whose shape differs from that of the pictures before them: they have another frame header, with its
// size, components and sampling, or another orientation. Each shape needs its own decoder: jpegdec, which accepts a change, has
// been seen to write beyond its picture (GStreamer 1.22.0, libjpeg-turbo 2.1.5).
//
// A header that differs may also be damaged. A picture of a new shape is accepted if its scan has exactly the data of such a
// picture, or if its shape arrives twice in a row.
type Shape struct {
	current   []byte
	known     [][]byte // accepted earlier, the latest last
	candidate []byte   // of a refused picture, which the next one may confirm; nil if there is none
}

// maxShapes is how many shapes are remembered: a camera that alternates between a few sizes needs no further checks.
const maxShapes = 16

// Fits reports whether a picture, read from data, is accepted, whether its shape differs from that of the one before it, and
// whether the picture refused before it was broken.
func (s *Shape) Fits(h Header, data []byte) (fits, changed, wasBroken bool) {
	shape := h.shape()
	wasBroken = s.candidate != nil
	switch {
	case bytes.Equal(shape, s.current):
		s.candidate = nil
		return true, false, wasBroken
	case bytes.Equal(shape, s.candidate):
		wasBroken = false
	case s.current == nil || s.knows(shape) || h.Complete(data):
	default:
		s.candidate = shape
		return false, false, wasBroken
	}
	s.current, s.candidate = shape, nil
	if !s.knows(shape) {
		s.known = append(s.known, shape)
		s.known = s.known[max(0, len(s.known)-maxShapes):]
	}
	return true, true, wasBroken
}

func (s *Shape) knows(shape []byte) bool {
	return slices.ContainsFunc(s.known, func(other []byte) bool { return bytes.Equal(shape, other) })
}

// shape is everything that must be equal in pictures that share a decoder.
func (h Header) shape() []byte {
	turned := byte(h.Orientation.Degrees / 90)
	if h.Orientation.Mirrored {
		turned += 4
	}
	return slices.Concat([]byte{h.mark, turned}, h.frame, h.adobe)
}
