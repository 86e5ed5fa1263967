package gst

/*
#include <stdlib.h>
#include "gate.h"
*/
import "C"

import "time"

// Gate lets some of the decoded pictures pass on to be scaled and encoded: the first one, and later ones at a rendition's
// rate or only keyframes. It is written in C because it decides about every decoded picture.
// Key and Count may be called from any goroutine. Close is called once, after all other methods.
type Gate struct{ c *C.fg_gate }

// NewGate returns a gate. The picture with the PTS first passes in any case. Of the pictures with the PTS from and later ones, at
// most one passes in each interval, all if interval is 0, or only keyframes. One that is up to an eighth of the interval early passes. Close must be called.
func NewGate(first, from, interval time.Duration, onlyKeys bool) Gate {
	return Gate{C.fg_gate_new(C.GstClockTime(first), C.GstClockTime(from), C.GstClockTime(interval), toC(onlyKeys))}
}

// Install puts the gate before an element. It must be called before the pipeline plays.
func (g Gate) Install(before *Element) { C.fg_gate_install(g.c, before.pad("sink")) }

// Key announces that the unit of this PTS, which is sent next, is a keyframe.
func (g Gate) Key(pts time.Duration) { C.fg_gate_key(g.c, C.GstClockTime(pts)) }

// Passes reports whether a picture that is not in a pipeline passes. key says that it is a keyframe. It is for a gate that is not
// installed, and for one goroutine.
func (g Gate) Passes(pts time.Duration, key bool) bool {
	if key {
		g.Key(pts)
	}
	return C.fg_gate_passes(g.c, C.GstClockTime(pts)) != 0
}

// Count returns how many pictures have arrived, and how many of them have passed.
func (g Gate) Count() (seen, passed int) {
	var s, p C.gint
	C.fg_gate_count(g.c, &s, &p)
	return int(s), int(p)
}

// Close gives up the gate. Where it is installed it continues to work.
func (g Gate) Close() { C.fg_gate_unref(C.gpointer(g.c)) }
