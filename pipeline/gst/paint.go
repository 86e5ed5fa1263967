package gst

/*
#include "paint.h"
*/
import "C"

// Mask is a part of a picture that is painted black, in parts of its width and height.
type Mask struct{ X, Y, Width, Height float64 }

// PaintMasks burns privacy masks into the pictures that an element puts out, which must be I420 in system memory.
func PaintMasks(behind *Element, masks []Mask) {
	all := C.fg_masks_new(C.gsize(len(masks)))
	for i, m := range masks {
		C.fg_masks_set(all, C.gsize(i), C.fg_mask{C.double(m.X), C.double(m.Y), C.double(m.Width), C.double(m.Height)})
	}
	C.fg_masks_install(all, behind.pad("src"))
}

// FullRange gives the pictures that come to an element the range of brightness that a JPEG has (JFIF 1.02). jpegenc takes
// those of a camera as they are, so that black came out grey (seen with 1.22).
func FullRange(before *Element) { C.fg_range_install(before.pad("sink")) }
