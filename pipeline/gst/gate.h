#ifndef FRAMEGATE_GATE_H
#define FRAMEGATE_GATE_H

#include <gst/gst.h>

// FG_KEYS is how many keyframes may be in a decoder at a time.
#define FG_KEYS 16

// fg_gate decides which pictures are scaled and encoded. g_atomic_rc_box counts its references.
typedef struct {
	GstClockTime first; // PTS of the picture that always passes
	GstClockTime from; // pictures with a smaller PTS are dropped
	GstClockTime interval; // least time between two pictures; 0 for none
	GstClockTime due; // PTS from which on the next picture passes
	gboolean only_keys;
	gint seen, passed; // pictures, counted atomically
	GMutex lock; // guards what follows
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
