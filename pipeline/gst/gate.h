#ifndef FRAMEGATE_GATE_H
#define FRAMEGATE_GATE_H

#include <gst/gst.h>

// FG_KEYS is how many keyframes may be on their way through a decoder at a time.
#define FG_KEYS 16

// fg_gate decides which pictures go on to be scaled and encoded. It is counted by g_atomic_rc_box.
typedef struct {
	GstClockTime first; // shown whatever else holds
	GstClockTime from; // pictures before it are dropped
	GstClockTime interval; // least time between two pictures, 0 for none
	GstClockTime due; // the next picture is shown from here on
	gboolean only_keys;
	gint seen, passed; // pictures, counted atomically
	GMutex lock; // of what follows
	GstClockTime keys[FG_KEYS];
	guint n;
} fg_gate;

fg_gate *fg_gate_new(GstClockTime first, GstClockTime from, GstClockTime interval, gboolean only_keys);

void fg_gate_unref(gpointer g);

void fg_gate_key(fg_gate *g, GstClockTime pts);

gboolean fg_gate_passes(fg_gate *g, GstClockTime pts);

void fg_gate_count(fg_gate *g, gint *seen, gint *passed);

void fg_gate_install(fg_gate *g, void *pad);

#endif
