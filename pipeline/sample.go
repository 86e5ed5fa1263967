package pipeline

/*
#include <gst/gst.h>

// fg_sample is a sample opened for reading.
typedef struct {
	GstMapInfo   memory;
	GstBuffer   *buffer;
	GstCaps     *caps;
	GstClockTime pts;
	gboolean     key;
} fg_sample;

static gboolean fg_sample_open(void *sample, fg_sample *out) {
	out->buffer = gst_sample_get_buffer(sample);
	out->caps = gst_sample_get_caps(sample);
	if (out->buffer == NULL || out->caps == NULL || !gst_buffer_map(out->buffer, &out->memory, GST_MAP_READ))
		return FALSE;
	GstSegment *segment = gst_sample_get_segment(sample);
	out->pts = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(out->buffer));
	if (out->pts == GST_CLOCK_TIME_NONE)
		out->pts = GST_BUFFER_PTS(out->buffer);
	out->key = !GST_BUFFER_FLAG_IS_SET(out->buffer, GST_BUFFER_FLAG_DELTA_UNIT);
	return TRUE;
}

static void fg_sample_close(fg_sample *s) { gst_buffer_unmap(s->buffer, &s->memory); }
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
	"github.com/go-gst/go-gst/gst/app"
)

// noPTS stands for a buffer without a presentation time.
const noPTS = time.Duration(-1)

// sample is what an appsink hands to a callback. It is valid only until the callback returns.
type sample struct {
	data []byte // mapped memory of GStreamer
	pts  time.Duration
	key  bool // decodable by itself
	caps unsafe.Pointer
}

// capsString is the sample's caps in GStreamer's notation.
func (s sample) capsString() string {
	text := C.gst_caps_to_string((*C.GstCaps)(s.caps))
	defer C.g_free(C.gpointer(text))
	return C.GoString(text)
}

// onSample installs use as the callback of an appsink. GStreamer's memory goes back as soon as use
// returns: go-gst leaves that to the garbage collector otherwise, and a camera's buffers would pile up
// until it runs.
func onSample(e *gst.Element, use func(sample) gst.FlowReturn) {
	var open C.fg_sample // one at a time: an appsink calls from its streaming thread only
	app.SinkFromElement(e).SetCallbacks(&app.SinkCallbacks{
		NewSampleFunc: func(sink *app.Sink) gst.FlowReturn {
			s := sink.PullSample()
			if s == nil {
				return gst.FlowEOS
			}
			runtime.SetFinalizer(s, nil)
			defer s.Unref()
			if C.fg_sample_open(unsafe.Pointer(s.Instance()), &open) == 0 {
				return gst.FlowOK
			}
			defer C.fg_sample_close(&open)
			pts := noPTS
			if open.pts != C.GST_CLOCK_TIME_NONE {
				pts = time.Duration(open.pts)
			}
			return use(sample{
				data: unsafe.Slice((*byte)(open.memory.data), int(open.memory.size)),
				pts:  pts,
				key:  open.key != 0,
				caps: unsafe.Pointer(open.caps),
			})
		},
	})
}

// free gives a buffer back at once instead of when Go's garbage collector finds it.
func free(b *gst.Buffer) {
	runtime.SetFinalizer(b, nil)
	b.Unref()
}
