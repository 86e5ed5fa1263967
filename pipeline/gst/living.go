package gst

/*
#include <stdlib.h>
#include "living.h"
*/
import "C"

import "unsafe"

// track counts a pipeline or an element until GStreamer has freed it.
func track(object unsafe.Pointer) { C.fg_count(object) }

// Living is the number of pipelines and elements that framegate has made and that are not freed yet. Those that
// GStreamer makes inside of an element are not counted: they are freed with it.
func Living() int { return int(C.fg_counted()) }
