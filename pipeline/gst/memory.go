package gst

/*
#include <stdlib.h>
#include "memory.h"
*/
import "C"

// blankMemory makes GStreamer fill new blocks of system memory of 4096 bytes and more with zeros. It is called once, before any pipeline
// exists.
//
// If a decoder cannot read a broken access unit, it leaves the memory of the picture as it is. Memory from malloc has been found
// to contain pictures of other cameras. The pool of a decoder allocates its memory once and uses it for one stream only, so
// decoding costs no more. jpegenc allocates memory of the size of the raw picture for each JPEG. Filling that is a small part
// of encoding.
//
// The memory of libav is blank too, but each picture must be copied out of it (direct-rendering=false), which adds a twentieth
// to the cost of a camera. Fresh pages from the kernel for each picture add a third.
func blankMemory() { C.fg_blank_memory() }

// trimMemory gives free memory back to the kernel. glibc keeps the gaps between used blocks, in several heaps: after half an
// hour of pictures that began and ended it held 250 MB, of which 150 MB were free.
func trimMemory() { C.fg_trim_memory() }
