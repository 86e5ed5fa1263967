package pipeline

/*
#cgo pkg-config: gstreamer-video-1.0
#include <gst/video/video.h>
#include <math.h>
#include <string.h>

typedef struct { double x, y, width, height; } fg_mask;

typedef struct {
	gsize   n;
	fg_mask masks[];
} fg_masks;

// fg_span is where a part of a side of n pixels begins and ends. It is one pixel wider on both sides, since
// scaling mixes neighbours, and even, since two pixels share their colour.
static void fg_span(double from, double length, int n, int *begin, int *end) {
	*begin = CLAMP((int)floor(from * n) - 1, 0, n) & ~1;
	*end = CLAMP((int)ceil((from + length) * n) + 1, 0, n);
	*end = MIN((*end + 1) & ~1, n);
}

static void fg_paint(GstVideoFrame *f, int plane, int shift, guint8 value, int x0, int x1, int y0, int y1) {
	guint8 *pixels = GST_VIDEO_FRAME_PLANE_DATA(f, plane);
	const int stride = GST_VIDEO_FRAME_PLANE_STRIDE(f, plane);
	const int round = (1 << shift) - 1;
	x0 >>= shift, x1 = (x1 + round) >> shift, y0 >>= shift, y1 = (y1 + round) >> shift;
	for (int y = y0; y < y1; y++)
		memset(pixels + (gsize)y * stride + x0, value, x1 - x0);
}

// fg_mask_probe paints the masks black in pictures of I420. A picture in which it cannot is dropped.
static GstPadProbeReturn fg_mask_probe(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
	const fg_masks *all = data;
	GstVideoInfo video;
	GstVideoFrame f;
	GstCaps *caps = gst_pad_get_current_caps(pad);
	const gboolean known = caps != NULL && gst_video_info_from_caps(&video, caps);
	if (caps != NULL)
		gst_caps_unref(caps);
	GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
	GST_PAD_PROBE_INFO_DATA(info) = buffer;
	if (!known || GST_VIDEO_INFO_FORMAT(&video) != GST_VIDEO_FORMAT_I420 ||
		!gst_video_frame_map(&f, &video, buffer, GST_MAP_READWRITE))
		return GST_PAD_PROBE_DROP;
	const guint8 black = video.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? 0 : 16;
	for (gsize i = 0; i < all->n; i++) {
		int x0, x1, y0, y1;
		fg_span(all->masks[i].x, all->masks[i].width, GST_VIDEO_INFO_WIDTH(&video), &x0, &x1);
		fg_span(all->masks[i].y, all->masks[i].height, GST_VIDEO_INFO_HEIGHT(&video), &y0, &y1);
		fg_paint(&f, 0, 0, black, x0, x1, y0, y1);
		fg_paint(&f, 1, 1, 128, x0, x1, y0, y1);
		fg_paint(&f, 2, 1, 128, x0, x1, y0, y1);
	}
	gst_video_frame_unmap(&f);
	return GST_PAD_PROBE_OK;
}

static fg_masks *fg_masks_new(gsize n) {
	fg_masks *all = g_malloc0(sizeof *all + n * sizeof *all->masks);
	all->n = n;
	return all;
}

static void fg_masks_set(fg_masks *all, gsize i, fg_mask m) { all->masks[i] = m; }

static void fg_masks_install(fg_masks *all, void *pad) {
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, fg_mask_probe, all, g_free);
}
*/
import "C"

import (
	"unsafe"

	"framegate/configs"

	"github.com/go-gst/go-gst/gst"
)

// paintMasks burns privacy masks into the pictures that pass a pad, which must be I420 in system memory.
func paintMasks(pad *gst.Pad, masks []configs.Mask) {
	all := C.fg_masks_new(C.gsize(len(masks)))
	for i, m := range masks {
		C.fg_masks_set(all, C.gsize(i), C.fg_mask{C.double(m.X), C.double(m.Y), C.double(m.Width), C.double(m.Height)})
	}
	C.fg_masks_install(all, unsafe.Pointer(pad.Instance()))
}
