package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/framegate/framegate/pipeline/gst"
)

// scaler is a chain of elements that scales and converts pictures.
type scaler struct {
	elements []gst.Spec
	system   bool // it is the one that finishes pictures in system memory
	// halves says that it reads 2x2 pixels for each pixel that it writes, so that a picture that gets smaller by more than half
	// is scaled in several steps.
	halves bool
	// through is the format by way of which it converts the colours of a camera to those of a JPEG; empty if it cannot do that.
	through string
	// reach is how many of its own pixels away, on each side, a pixel of the picture may show: half of its taps. It is 0 for the scaler in
	// system memory, whose neighbours gst.PaintMasks covers.
	reach int
	// converts says that it converts colours if its output has its own colorimetry.
	converts bool
}

// methods has the properties of scalers that select their best method. The default is the fastest one, which reads one pixel or
// four for each that it writes. docs/notes/platforms.md says where the values were looked up.
var methods = map[string]map[string]any{
	"nvvidconv":      {"interpolation-method": gst.Arg("Nicest")},
	"nvvideoconvert": {"interpolation-method": gst.Arg("3")}, // 10-Tap or Algo-2: ten taps on a Jetson's VIC, Super on a GPU, which ignores 5
	"vapostproc":     {"scale-method": gst.Arg("hq"), "interpolation-method": gst.Arg("advanced"), "disable-passthrough": true},
}

// elementsOf returns elements that scale a picture to exactly the size that is asked for. With pixels that are not square, and
// where a viewer stretches a picture, an element that adds borders by default would do so (cudaconvertscale).
func elementsOf(factories ...string) (elements []gst.Spec) {
	for _, factory := range factories {
		optional := map[string]any{"add-borders": false}
		maps.Copy(optional, methods[factory])
		elements = append(elements, gst.Spec{Factory: factory, Optional: optional})
	}
	return elements
}

// chain returns a scaler of these elements.
func chain(factories ...string) scaler {
	return scaler{elements: elementsOf(factories...), reach: tenTaps}
}

// tenTaps is the reach of a scaler of ten taps, the most that any of them is documented to have. It is taken for those of which it is
// not known.
const tenTaps = 5

// inSystemMemory scales pictures in system memory.
var inSystemMemory = scaler{elements: []gst.Spec{{Factory: gst.Scaler}}, system: true}

// name is the factory that a plan shows.
func (s scaler) name() string { return s.elements[0].Factory }

// installed reports whether this machine has all elements of the scaler.
func (s scaler) installed() bool {
	return !slices.ContainsFunc(s.elements, func(e gst.Spec) bool { return len(gst.Missing(e.Factory)) > 0 })
}

// size is that of a picture in pixels.
type size struct{ width, height int }

// steps returns the sizes that a picture of one size passes through on its way to another, the last of which is that one. It is
// halved as long as it stays larger. from is zero if it is not known.
func (s scaler) steps(from, to size) (all []size) {
	for s.halves && (from.width > 2*to.width || from.height > 2*to.height) {
		from = size{max(to.width, (from.width+1)/2), max(to.height, (from.height+1)/2)}
		all = append(all, from)
	}
	return append(all, to)
}

// margin is how far a pixel of the camera may show beside its place in a picture that is scaled to a size, as fractions of the picture's
// sides. from is the camera's size, zero if it is not known.
func (s scaler) margin(from, to size) (x, y float64) {
	side := func(own, made int) float64 {
		if s.system && own > 0 {
			return 1 / float64(own) // a sample of chroma is moved by half of a pixel
		}
		if own > 0 {
			made = min(made, own) // where a picture grows, the taps are pixels of the camera
		}
		return float64(s.reach) / float64(made)
	}
	return side(from.width, to.width), side(from.height, to.height)
}

// jpegColours are the matrix of ITU-R BT.601 and full range, as in every JPEG (JFIF 1.02).
const jpegColours = ", colorimetry=1:4:0:0"

// scale returns the elements that make a picture of a size and format in memory, with the colours of a JPEG if convert is set and
// the scaler can.
func (s scaler) scale(memory, format string, from, to size, convert bool) (all []gst.Spec) {
	steps := s.steps(from, to)
	through := ""
	if convert && s.converts && format != "" { // without a format, framegatescale follows, which converts more exactly
		format += jpegColours
	}
	if convert && s.through != "" {
		through, format = s.through, cmp.Or(format, "I420")+jpegColours
		if len(steps) == 1 {
			steps = []size{to, to}
		}
	}
	for i, step := range steps {
		all = append(all, s.elements...)
		if i < len(steps)-1 {
			all = append(all, raw(memory, through, step.width, step.height))
		} else {
			all = append(all, raw(memory, format, step.width, step.height))
		}
	}
	return all
}
