package gst

/*
#include <stdlib.h>
#include "memory.h"
*/
import "C"

// blankMemory makes GStreamer fill new system memory with zeros. It is called once, before any pipeline exists.
//
// Where a decoder cannot read a broken access unit, it leaves the picture's memory as it is. Memory from malloc has been
// found to contain pictures of other cameras. A decoder's pool allocates its memory once and uses it for one stream only, so
// that decoding costs no more. jpegenc allocates memory of the raw picture's size for each JPEG. Filling that is a small part
// of the encoding.
//
// libav's own memory is as clean, but each picture must be copied out of it (direct-rendering=false), which adds a twentieth
// to what a camera costs. Fresh pages from the kernel for each picture add a third.
func blankMemory() { C.fg_blank_memory() }

// trimMemory gives free memory back to the kernel. By itself glibc keeps the gaps between what is used, in several heaps:
// after half an hour of pictures that began and ended it had 250 MB, of which 150 MB were free.
func trimMemory() { C.fg_trim_memory() }
