#include "pack.h"

#include <gst/video/video.h>
#include <string.h>

#include "row.h"

// FgPack gives the bare pixels of pictures in I420. For colours they must be those of a JPEG: the matrix of ITU-R BT.601 and full
// range. Planes are given as they are. Rows follow each other without padding. It takes the place of an encoder, and does in one pass what videoconvert does in three.
typedef struct {
	GstElement parent;
	GstPad *src;
	int layout; // one of fg_layout
	GstVideoInfo video;
	GstBufferPool *pool; // so that each picture's memory is used again, and not filled with zeros again
	gsize size; // of a packed picture in bytes
	gint16 *sums; // what the chroma of a row adds to each of its three colours
} FgPack;

typedef struct {
	GstElementClass parent;
} FgPackClass;

enum fg_layout { FG_BGR, FG_RGB, FG_GRAY, FG_I420, FG_LAYOUTS };

static const char *const layouts[FG_LAYOUTS] = {"bgr", "rgb", "gray", "i420"};

GType fg_pack_get_type(void);

G_DEFINE_TYPE(FgPack, fg_pack, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template =
	GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/octet-stream"));

enum { COLOUR_BITS = 14 };

#define FG_FIXED(v) ((gint32)((v) * (1 << COLOUR_BITS) + ((v) < 0 ? -0.5 : 0.5)))

// fg_add_chroma computes what n samples of chroma add to the luma of two pixels each (JFIF 1.02).
FG_ROW void fg_add_chroma(const guint8 *restrict us, const guint8 *restrict vs, gint16 *restrict red,
	gint16 *restrict green, gint16 *restrict blue, int n) {
	const gint32 half = 1 << (COLOUR_BITS - 1);
	for (int i = 0; i < n; i++) {
		const gint32 u = us[i] - 128, v = vs[i] - 128;
		red[2 * i] = red[2 * i + 1] = (v * FG_FIXED(1.402) + half) >> COLOUR_BITS;
		green[2 * i] = green[2 * i + 1] = (u * FG_FIXED(-0.344136) + v * FG_FIXED(-0.714136) + half) >> COLOUR_BITS;
		blue[2 * i] = blue[2 * i + 1] = (u * FG_FIXED(1.772) + half) >> COLOUR_BITS;
	}
}

FG_ROW void fg_interleave(guint8 *restrict to, const guint8 *restrict ys, const gint16 *restrict first,
	const gint16 *restrict second, const gint16 *restrict third, int n) {
	for (int i = 0; i < n; i++) {
		const gint16 y = ys[i], a = y + first[i], b = y + second[i], c = y + third[i];
		to[3 * i] = CLAMP(a, 0, 255);
		to[3 * i + 1] = CLAMP(b, 0, 255);
		to[3 * i + 2] = CLAMP(c, 0, 255);
	}
}

static void fg_pack_colours(const FgPack *p, const GstVideoFrame *in, guint8 *to) {
	const int width = GST_VIDEO_FRAME_WIDTH(in), height = GST_VIDEO_FRAME_HEIGHT(in), half = (width + 1) / 2;
	gint16 *red = p->sums, *green = red + 2 * half, *blue = green + 2 * half;
	gint16 *first = p->layout == FG_RGB ? red : blue, *third = p->layout == FG_RGB ? blue : red;
	const guint8 *planes[3];
	gssize strides[3];
	for (int i = 0; i < 3; i++) {
		planes[i] = GST_VIDEO_FRAME_PLANE_DATA(in, i);
		strides[i] = GST_VIDEO_FRAME_PLANE_STRIDE(in, i);
	}
	for (int y = 0; y < height; y++) {
		if (y % 2 == 0)
			fg_add_chroma(
				planes[1] + y / 2 * strides[1], planes[2] + y / 2 * strides[2], red, green, blue, half);
		fg_interleave(to + (gsize)y * width * 3, planes[0] + y * strides[0], first, green, third, width);
	}
}

static void fg_pack_planes(const FgPack *p, const GstVideoFrame *in, guint8 *to) {
	for (int i = 0; i < (p->layout == FG_GRAY ? 1 : 3); i++) {
		const int width = GST_VIDEO_FRAME_COMP_WIDTH(in, i), height = GST_VIDEO_FRAME_COMP_HEIGHT(in, i);
		for (int y = 0; y < height; y++, to += width)
			memcpy(to,
				(const guint8 *)GST_VIDEO_FRAME_PLANE_DATA(in, i) +
					(gssize)y * GST_VIDEO_FRAME_PLANE_STRIDE(in, i),
				width);
	}
}

static void fg_pack_clear(FgPack *p) {
	if (p->pool != NULL)
		gst_buffer_pool_set_active(p->pool, FALSE);
	gst_clear_object(&p->pool);
	g_clear_pointer(&p->sums, g_free);
}

// fg_pack_set_caps prepares for pictures of another size.
static gboolean fg_pack_set_caps(FgPack *p, GstCaps *caps) {
	fg_pack_clear(p);
	if (!gst_video_info_from_caps(&p->video, caps))
		return FALSE;
	const gsize width = GST_VIDEO_INFO_WIDTH(&p->video), height = GST_VIDEO_INFO_HEIGHT(&p->video);
	const gsize half = (width + 1) / 2;
	p->size = width * height * (p->layout == FG_GRAY || p->layout == FG_I420 ? 1 : 3);
	if (p->layout == FG_I420)
		p->size += 2 * half * ((height + 1) / 2);
	p->sums = g_new(gint16, 6 * half);
	p->pool = gst_buffer_pool_new();
	GstStructure *config = gst_buffer_pool_get_config(p->pool);
	gst_buffer_pool_config_set_params(config, NULL, p->size, 0, 0);
	if (!gst_buffer_pool_set_config(p->pool, config) || !gst_buffer_pool_set_active(p->pool, TRUE))
		return FALSE;
	GstCaps *packed = gst_static_pad_template_get_caps(&src_template);
	const gboolean taken = gst_pad_push_event(p->src, gst_event_new_caps(packed));
	gst_caps_unref(packed);
	return taken;
}

static gboolean fg_pack_event(GstPad *pad, GstObject *parent, GstEvent *event) {
	if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS)
		return gst_pad_event_default(pad, parent, event);
	GstCaps *caps;
	gst_event_parse_caps(event, &caps);
	const gboolean known = fg_pack_set_caps((FgPack *)parent, caps);
	gst_event_unref(event);
	return known;
}

static GstFlowReturn fg_pack_chain(GstPad *pad, GstObject *parent, GstBuffer *in) {
	FgPack *p = (FgPack *)parent;
	GstBuffer *out = NULL;
	GstVideoFrame picture;
	GstMapInfo to;
	if (p->pool == NULL || !gst_video_frame_map(&picture, &p->video, in, GST_MAP_READ)) {
		gst_buffer_unref(in);
		return GST_FLOW_NOT_NEGOTIATED;
	}
	// A GstVideoMeta may give a picture another size than the caps, for which out has no room.
	GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;
	if (GST_VIDEO_FRAME_WIDTH(&picture) == GST_VIDEO_INFO_WIDTH(&p->video) &&
		GST_VIDEO_FRAME_HEIGHT(&picture) == GST_VIDEO_INFO_HEIGHT(&p->video))
		flow = gst_buffer_pool_acquire_buffer(p->pool, &out, NULL);
	if (flow == GST_FLOW_OK && !gst_buffer_map(out, &to, GST_MAP_WRITE)) {
		gst_buffer_unref(out);
		flow = GST_FLOW_ERROR;
	}
	if (flow == GST_FLOW_OK) {
		if (p->layout == FG_BGR || p->layout == FG_RGB)
			fg_pack_colours(p, &picture, to.data);
		else
			fg_pack_planes(p, &picture, to.data);
		gst_buffer_unmap(out, &to);
		gst_buffer_copy_into(out, in, GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_FLAGS, 0, -1);
	}
	gst_video_frame_unmap(&picture);
	gst_buffer_unref(in);
	return flow == GST_FLOW_OK ? gst_pad_push(p->src, out) : flow;
}

enum { PROP_FORMAT = 1 };

static void fg_pack_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
	for (int i = 0; i < FG_LAYOUTS; i++)
		if (g_strcmp0(g_value_get_string(value), layouts[i]) == 0)
			((FgPack *)object)->layout = i;
}

static void fg_pack_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
	g_value_set_static_string(value, layouts[((FgPack *)object)->layout]);
}

static void fg_pack_finalize(GObject *object) {
	fg_pack_clear((FgPack *)object);
	G_OBJECT_CLASS(fg_pack_parent_class)->finalize(object);
}

static void fg_pack_init(FgPack *p) {
	GstPad *sink = gst_pad_new_from_static_template(&sink_template, "sink");
	gst_pad_set_chain_function(sink, fg_pack_chain);
	gst_pad_set_event_function(sink, fg_pack_event);
	gst_element_add_pad((GstElement *)p, sink);
	p->src = gst_pad_new_from_static_template(&src_template, "src");
	gst_pad_use_fixed_caps(p->src);
	gst_element_add_pad((GstElement *)p, p->src);
}

static void fg_pack_class_init(FgPackClass *class) {
	GObjectClass *object = G_OBJECT_CLASS(class);
	object->set_property = fg_pack_set_property;
	object->get_property = fg_pack_get_property;
	object->finalize = fg_pack_finalize;
	g_object_class_install_property(object, PROP_FORMAT,
		g_param_spec_string("format", "Format", "The layout of the pixels: bgr, rgb, gray or i420", layouts[FG_BGR],
			G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	gst_element_class_set_static_metadata(element, "Pixel packer", "Codec/Encoder/Video",
		"Gives the bare pixels of pictures with the colours of a JPEG", "framegate");
	gst_element_class_add_static_pad_template(element, &sink_template);
	gst_element_class_add_static_pad_template(element, &src_template);
}

gboolean fg_pack_register(void) { return gst_element_register(NULL, FG_PACK, GST_RANK_NONE, fg_pack_get_type()); }
