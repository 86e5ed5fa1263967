package pipeline

/*
#include <gst/gst.h>

// fg_gate decides which decoded pictures go on to be scaled and encoded.
typedef struct {
	GstClockTime first;    // shown whatever else holds
	GstClockTime from;     // pictures before it are dropped
	GstClockTime interval; // least time between two pictures, 0 for none
	GstClockTime due;      // the next picture is shown from here on
} fg_gate;

static GstPadProbeReturn fg_gate_pass(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
	fg_gate *g = data;
	GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
	if (pts < g->from)
		return pts == g->first ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
	if (g->interval == 0)
		return GST_PAD_PROBE_OK;
	// A picture that comes up to an eighth of the interval early is taken: a camera's clock jitters.
	if (pts + g->interval / 8 < g->due)
		return GST_PAD_PROBE_DROP;
	// The grid stays where it is, so that the mean rate is right, unless pictures were missing.
	g->due = pts > g->due + g->interval ? pts + g->interval : g->due + g->interval;
	return GST_PAD_PROBE_OK;
}

static void fg_gate_install(void *pad, GstClockTime first, GstClockTime from, GstClockTime interval) {
	fg_gate *g = g_new(fg_gate, 1);
	*g = (fg_gate){first, from, interval, from};
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, fg_gate_pass, g, g_free);
}
*/
import "C"

import (
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// gate lets only some decoded pictures through to the scaler: the first one at once, and from showFrom on
// at most fps of them a second. The pictures between those two are decoded, since later ones refer to
// them, but not shown. It is a probe in C, because it is asked for every decoded picture.
type gate struct {
	first, showFrom time.Duration // PTS
	fps             float64       // 0 lets every picture through
}

// install puts the gate before a pad. It must be called before the pipeline plays.
func (g gate) install(pad *gst.Pad) {
	var interval time.Duration
	if g.fps > 0 {
		interval = time.Duration(float64(time.Second) / g.fps)
	}
	C.fg_gate_install(unsafe.Pointer(pad.Instance()),
		C.GstClockTime(g.first), C.GstClockTime(g.showFrom), C.GstClockTime(interval))
}
