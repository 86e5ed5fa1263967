package gst

/*
#include <stdlib.h>
#include "memory.h"
*/
import "C"

// blankMemory makes GStreamer hand out system memory that is filled with zeros. It is called once, before there are any
// pipelines.
//
// A decoder leaves what it cannot read of a broken access unit as it finds the memory, and as malloc gives it that has been
// found to hold pictures of other cameras. A decoder's pool takes its memory from here once and uses it for one stream
// only, so that decoding costs no more. jpegenc takes new memory for each JPEG, as much as the raw picture has: to fill
// that is a small part of encoding it.
//
// libav's own memory is as clean, but each picture must be copied out of it (direct-rendering=false: a twentieth of what a
// camera costs). To take fresh pages from the kernel each time cost a third.
func blankMemory() { C.fg_blank_memory() }

// trimMemory gives memory back to the kernel that was freed. By itself glibc keeps what lies between what is used, in a
// heap for each few threads: after half an hour of pictures that began and ended it had 250 MB, of which 150 were free.
func trimMemory() { C.fg_trim_memory() }
