package pipeline

/*
#include <stdlib.h>
#include "gate.h"
*/
import "C"

import (
	"time"
	"unsafe"

	"framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// gate lets only some pictures through: the first one at once, and from showFrom on at most the rendition's
// rate, or its keyframes. The pictures between those two are decoded, since later ones refer to them, but
// not shown. It is written in C, because it is asked for every decoded picture.
type gate struct{ c *C.fg_gate }

// newGate returns a gate for a rendition. first and showFrom are PTS. close must be called.
func newGate(r frame.Rendition, first, showFrom time.Duration) gate {
	var interval time.Duration
	if r.FPS > 0 {
		interval = time.Duration(float64(time.Second) / r.FPS)
	}
	onlyKeys := C.gboolean(0)
	if r.Keyframes {
		onlyKeys = 1
	}
	return gate{C.fg_gate_new(C.GstClockTime(first), C.GstClockTime(showFrom), C.GstClockTime(interval), onlyKeys)}
}

// install puts the gate before a pad. It must be called before the pipeline plays.
func (g gate) install(pad *gst.Pad) { C.fg_gate_install(g.c, unsafe.Pointer(pad.Instance())) }

// key tells the gate that a keyframe is on its way.
func (g gate) key(pts time.Duration) { C.fg_gate_key(g.c, C.GstClockTime(pts)) }

// passes asks the gate for a picture that comes without a pipeline; key says that it is a keyframe.
func (g gate) passes(pts time.Duration, key bool) bool {
	if key {
		g.key(pts)
	}
	return C.fg_gate_passes(g.c, C.GstClockTime(pts)) != 0
}

// count tells how many pictures have come, and how many of them have passed.
func (g gate) count() (seen, passed int) {
	var s, p C.gint
	C.fg_gate_count(g.c, &s, &p)
	return int(s), int(p)
}

// close gives up this hold of the gate; one that is installed works on.
func (g gate) close() { C.fg_gate_unref(C.gpointer(g.c)) }
