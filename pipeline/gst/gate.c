#include "gate.h"

fg_gate *fg_gate_new(GstClockTime first, GstClockTime from, GstClockTime interval, gboolean only_keys) {
	fg_gate *g = g_atomic_rc_box_new0(fg_gate);
	g->first = first;
	g->from = g->due = from;
	g->interval = interval;
	g->only_keys = only_keys;
	g_mutex_init(&g->lock);
	return g;
}

static void fg_gate_clear(gpointer g) { g_mutex_clear(&((fg_gate *)g)->lock); }

void fg_gate_unref(gpointer g) { g_atomic_rc_box_release_full(g, fg_gate_clear); }

void fg_gate_key(fg_gate *g, GstClockTime pts) {
	g_mutex_lock(&g->lock);
	g->keys[g->n++ % FG_KEYS] = pts;
	g_mutex_unlock(&g->lock);
}

static gboolean fg_gate_is_key(fg_gate *g, GstClockTime pts) {
	gboolean found = FALSE;
	g_mutex_lock(&g->lock);
	for (guint i = 0; i < MIN(g->n, FG_KEYS) && !found; i++)
		found = g->keys[i] == pts;
	g_mutex_unlock(&g->lock);
	return found;
}

static gboolean fg_gate_decide(fg_gate *g, GstClockTime pts) {
	if (pts < g->from)
		return pts == g->first;
	if (g->only_keys)
		return fg_gate_is_key(g, pts);
	if (g->interval == 0)
		return TRUE;
	// A picture that is up to an eighth of the interval early passes: a camera's clock jitters.
	if (pts + g->interval / 8 < g->due)
		return FALSE;
	// Due times stay one interval apart, so that the mean rate is right. After a gap they begin anew with the picture that ends it.
	g->due = pts > g->due + g->interval ? pts + g->interval : g->due + g->interval;
	return TRUE;
}

gboolean fg_gate_passes(fg_gate *g, GstClockTime pts) {
	const gboolean passes = fg_gate_decide(g, pts);
	g_atomic_int_inc(&g->seen);
	g_atomic_int_add(&g->passed, passes);
	return passes;
}

void fg_gate_count(fg_gate *g, gint *seen, gint *passed) {
	*seen = g_atomic_int_get(&g->seen);
	*passed = g_atomic_int_get(&g->passed);
}

static GstPadProbeReturn fg_gate_probe(GstPad *pad, GstPadProbeInfo *info, gpointer g) {
	return fg_gate_passes(g, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info))) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

void fg_gate_install(fg_gate *g, void *pad) {
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, fg_gate_probe, g_atomic_rc_box_acquire(g), fg_gate_unref);
}
