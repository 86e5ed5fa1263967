package pipeline

/*
#cgo pkg-config: gstreamer-video-1.0
#include <stdlib.h>
#include "paint.h"
*/
import "C"

import (
	"unsafe"

	"framegate/configs"

	"github.com/go-gst/go-gst/gst"
)

// paintMasks burns privacy masks into the pictures that pass a pad, which must be I420 in system memory.
func paintMasks(pad *gst.Pad, masks []configs.Mask) {
	all := C.fg_masks_new(C.gsize(len(masks)))
	for i, m := range masks {
		C.fg_masks_set(all, C.gsize(i), C.fg_mask{C.double(m.X), C.double(m.Y), C.double(m.Width), C.double(m.Height)})
	}
	C.fg_masks_install(all, unsafe.Pointer(pad.Instance()))
}

// fullRange gives the pictures that pass a pad the range of brightness that a JPEG has (JFIF 1.02). jpegenc takes
// those of a camera as they are, so that black came out grey (seen with 1.22).
func fullRange(pad *gst.Pad) {
	C.fg_range_install(unsafe.Pointer(pad.Instance()))
}
