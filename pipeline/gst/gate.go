package gst

/*
#include <stdlib.h>
#include "gate.h"
*/
import "C"

import "time"

// Gate lets only some pictures through: the first one at once, and from showFrom on at most the rendition's
// rate, or its keyframes. The pictures between those two are decoded, since later ones refer to them, but
// not shown. It is written in C, because it is asked for every decoded picture.
type Gate struct{ c *C.fg_gate }

// NewGate returns a gate. first and from are PTS: the picture of first and those from from on may pass, at most one in an
// interval, if that is not 0, or only those of keyframes. Close must be called.
func NewGate(first, from, interval time.Duration, onlyKeys bool) Gate {
	return Gate{C.fg_gate_new(C.GstClockTime(first), C.GstClockTime(from), C.GstClockTime(interval), toC(onlyKeys))}
}

// Install puts the gate before an element. It must be called before the pipeline plays.
func (g Gate) Install(before *Element) { C.fg_gate_install(g.c, before.pad("sink")) }

// Key tells the gate that a keyframe is on its way.
func (g Gate) Key(pts time.Duration) { C.fg_gate_key(g.c, C.GstClockTime(pts)) }

// Passes asks the gate for a picture that comes without a pipeline; key says that it is a keyframe.
func (g Gate) Passes(pts time.Duration, key bool) bool {
	if key {
		g.Key(pts)
	}
	return C.fg_gate_passes(g.c, C.GstClockTime(pts)) != 0
}

// Count is how many pictures have come, and how many of them have passed.
func (g Gate) Count() (seen, passed int) {
	var s, p C.gint
	C.fg_gate_count(g.c, &s, &p)
	return int(s), int(p)
}

// Close gives up this hold of the gate; one that is installed works on.
func (g Gate) Close() { C.fg_gate_unref(C.gpointer(g.c)) }
