package pipeline

/*
#include <gst/gst.h>

// FG_KEYS is how many keyframes may be on their way through a decoder at a time.
#define FG_KEYS 16

// fg_gate decides which pictures go on to be scaled and encoded. It is counted by g_atomic_rc_box.
typedef struct {
	GstClockTime first;    // shown whatever else holds
	GstClockTime from;     // pictures before it are dropped
	GstClockTime interval; // least time between two pictures, 0 for none
	GstClockTime due;      // the next picture is shown from here on
	gboolean     only_keys;
	gint         seen, passed; // pictures, counted atomically
	GMutex       lock; // of what follows
	GstClockTime keys[FG_KEYS];
	guint        n;
} fg_gate;

static fg_gate *fg_gate_new(GstClockTime first, GstClockTime from, GstClockTime interval, gboolean only_keys) {
	fg_gate *g = g_atomic_rc_box_new0(fg_gate);
	g->first = first;
	g->from = g->due = from;
	g->interval = interval;
	g->only_keys = only_keys;
	g_mutex_init(&g->lock);
	return g;
}

static void fg_gate_clear(gpointer g) { g_mutex_clear(&((fg_gate *)g)->lock); }

static void fg_gate_unref(gpointer g) { g_atomic_rc_box_release_full(g, fg_gate_clear); }

static void fg_gate_key(fg_gate *g, GstClockTime pts) {
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
	// A picture that comes up to an eighth of the interval early is taken: a camera's clock jitters.
	if (pts + g->interval / 8 < g->due)
		return FALSE;
	// The grid stays where it is, so that the mean rate is right, unless pictures were missing.
	g->due = pts > g->due + g->interval ? pts + g->interval : g->due + g->interval;
	return TRUE;
}

static gboolean fg_gate_passes(fg_gate *g, GstClockTime pts) {
	const gboolean passes = fg_gate_decide(g, pts);
	g_atomic_int_inc(&g->seen);
	g_atomic_int_add(&g->passed, passes);
	return passes;
}

static void fg_gate_count(fg_gate *g, gint *seen, gint *passed) {
	*seen = g_atomic_int_get(&g->seen);
	*passed = g_atomic_int_get(&g->passed);
}

static GstPadProbeReturn fg_gate_probe(GstPad *pad, GstPadProbeInfo *info, gpointer g) {
	return fg_gate_passes(g, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info))) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void fg_gate_install(fg_gate *g, void *pad) {
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, fg_gate_probe, g_atomic_rc_box_acquire(g), fg_gate_unref);
}
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
