package pipeline

/*
#cgo CFLAGS: -O3
#include <gst/video/video.h>

// fg_stretch moves what lies around a middle away from it by factor/512 of its distance, to within 1. All of it
// fits in 16 bits, of which a compiler makes fast vectors.
static void fg_stretch(GstVideoFrame *f, int plane, short middle, short factor) {
	guint8 *restrict row = GST_VIDEO_FRAME_PLANE_DATA(f, plane);
	const int width = GST_VIDEO_FRAME_COMP_WIDTH(f, plane), height = GST_VIDEO_FRAME_COMP_HEIGHT(f, plane);
	for (int y = 0; y < height; y++, row += GST_VIDEO_FRAME_PLANE_STRIDE(f, plane))
		for (int x = 0; x < width; x++) {
			const short from = row[x] - middle;
			const short by = (short)(from * factor) >> 9;
			const short v = row[x] + by;
			row[x] = v < 0 ? 0 : v > 255 ? 255 : v;
		}
}

// fg_range_probe brings pictures of I420 from video's range, 16 to 235, to JPEG's, 0 to 255.
static GstPadProbeReturn fg_range_probe(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
	GstVideoInfo video;
	GstVideoFrame f;
	GstCaps *caps = gst_pad_get_current_caps(pad);
	const gboolean known = caps != NULL && gst_video_info_from_caps(&video, caps);
	if (caps != NULL)
		gst_caps_unref(caps);
	if (!known || GST_VIDEO_INFO_FORMAT(&video) != GST_VIDEO_FORMAT_I420 ||
		video.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255)
		return GST_PAD_PROBE_OK;
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	if (gst_video_frame_map(&f, &video, buffer, GST_MAP_READWRITE)) {
		fg_stretch(&f, 0, 113, 84); // (v - 16) * 255/219, which leaves 113 where it is
		fg_stretch(&f, 1, 128, 71); // (v - 128) * 255/224 + 128
		fg_stretch(&f, 2, 128, 71);
		gst_video_frame_unmap(&f);
	}
	return GST_PAD_PROBE_OK;
}

static void fg_range_install(void *pad) {
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, fg_range_probe, NULL, NULL);
}
*/
import "C"

import (
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// fullRange gives the pictures that pass a pad the range of brightness that a JPEG has (JFIF 1.02). jpegenc takes
// those of a camera as they are, so that black came out grey (seen with 1.22).
func fullRange(pad *gst.Pad) {
	C.fg_range_install(unsafe.Pointer(pad.Instance()))
}
