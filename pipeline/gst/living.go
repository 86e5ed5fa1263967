package gst

/*
#include <stdlib.h>
#include "living.h"
*/
import "C"

import "unsafe"

// track counts a pipeline or an element until GStreamer frees it.
func track(object unsafe.Pointer) { C.fg_count(object) }

// Living is the number of pipelines and elements that framegate has made and that are not freed yet. It does not count those
// that GStreamer makes inside an element: they are freed with it.
func Living() int { return int(C.fg_counted()) }
