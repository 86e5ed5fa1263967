package gst

/*
#include "paint.h"
*/
import "C"

// Mask is a rectangle of a picture that is painted black, in fractions of its width and height. It may reach beyond the picture.
type Mask struct{ X, Y, Width, Height float64 }

// PaintMasks paints privacy masks into the output of an element, which must be I420 in system memory.
func PaintMasks(after *Element, masks []Mask) {
	all := C.fg_masks_new(C.gsize(len(masks)))
	for i, m := range masks {
		C.fg_masks_set(all, C.gsize(i), C.fg_mask{C.double(m.X), C.double(m.Y), C.double(m.Width), C.double(m.Height)})
	}
	C.fg_masks_install(all, after.pad("src"))
}
