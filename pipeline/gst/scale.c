#include "scale.h"

#include <gst/video/gstvideofilter.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>

#include "area.h"
#include "deep.h"

// FgScale scales pictures of any format in system memory and gives I420 with the colours of a JPEG: the matrix of ITU-R BT.601 and
// full range (JFIF 1.02), or limited range if asked for. It may scale a part of a picture only, and reads nothing else of it then, except in formats that are converted
// first. It scales each plane of YUV for itself. GstVideoConverter brings other formats, such as RGB and some of 10 bit, into planes first. It is not used for more: it scales more slowly, and leaves the range as it is where the matrix
// does not change (1.22).
typedef struct {
	GstVideoFilter parent;
	gboolean jpeg; // the pictures have the colours of a JPEG, whatever the caps say
	GstVideoColorMatrix
		matrix; // of pictures whose caps state none; GST_VIDEO_COLOR_MATRIX_UNKNOWN is the usual one for their size
	gboolean untagged; // the caps' matrix is a decoder's guess
	gboolean limited; // the pictures that are given have limited range
	gboolean centred; // the chroma is, whatever the caps say
	gdouble crop[4]; // x, y, width and height of the part that is scaled, in fractions of the picture
	fg_area areas[3];
	fg_colours colours; // without rows if there is nothing to convert
	fg_deep deep; // without rows unless samples have more than 8 bits
	GstVideoConverter *converter; // to planes, which is NULL if the pictures have them already
	GstVideoInfo plain;
	GstBuffer *planes;
} FgScale;

typedef struct {
	GstVideoFilterClass parent;
} FgScaleClass;

GType fg_scale_get_type(void);

G_DEFINE_TYPE(FgScale, fg_scale, GST_TYPE_VIDEO_FILTER)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
	"sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE(GST_VIDEO_FORMATS_ALL)));

static GstStaticPadTemplate src_template =
	GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_VIDEO_CAPS_MAKE("I420")));

// FG_JPEG_COLOURS begins each colorimetry that has the matrix and range of a JPEG, and FG_LIMITED_COLOURS one with limited range.
#define FG_JPEG_COLOURS "1:4:"
#define FG_LIMITED_COLOURS "2:4:"

// fg_scale_transform_caps leaves the colorimetry open: a converter before the scaler would otherwise take that of the scaler's
// pictures for its own, without a change to them. It is set when the caps are fixed.
static GstCaps *fg_scale_transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter) {
	GstCaps *all = gst_caps_new_empty();
	for (guint i = 0; i < gst_caps_get_size(caps); i++) {
		const GstStructure *from = gst_caps_get_structure(caps, i);
		GstStructure *to;
		if (direction == GST_PAD_SRC) {
			GstCaps *any = gst_static_pad_template_get_caps(&sink_template);
			to = gst_structure_copy(gst_caps_get_structure(any, 0));
			gst_caps_unref(any);
			const GValue *rate = gst_structure_get_value(from, "framerate");
			if (rate != NULL)
				gst_structure_set_value(to, "framerate", rate);
		} else {
			to = gst_structure_copy(from); // all of its fields, so that equal pictures pass through
			gst_structure_set(to, "format", G_TYPE_STRING, "I420", "width", GST_TYPE_INT_RANGE, 1, G_MAXINT,
				"height", GST_TYPE_INT_RANGE, 1, G_MAXINT, NULL);
			gst_structure_remove_fields(to, "colorimetry", "chroma-site", "pixel-aspect-ratio", NULL);
		}
		all = gst_caps_merge_structure(all, to);
	}
	if (filter != NULL) {
		GstCaps *both = gst_caps_intersect_full(filter, all, GST_CAPS_INTERSECT_FIRST);
		gst_caps_unref(all);
		all = both;
	}
	return all;
}

// fg_scale_fixate_caps keeps the size where nothing else is asked for, and the name of a colorimetry that is a JPEG's. It says where the
// chroma is where the source does, so that equal pictures pass through: in the middle of the pixels, as in a JPEG.
static GstCaps *fg_scale_fixate_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *other) {
	other = gst_caps_make_writable(gst_caps_truncate(other));
	GstStructure *to = gst_caps_get_structure(other, 0);
	const GstStructure *from = gst_caps_get_structure(caps, 0);
	int width, height;
	if (gst_structure_get_int(from, "width", &width) && gst_structure_get_int(from, "height", &height)) {
		gst_structure_fixate_field_nearest_int(to, "width", width);
		gst_structure_fixate_field_nearest_int(to, "height", height);
	}
	if (direction == GST_PAD_SINK) {
		const gboolean limited = ((FgScale *)base)->limited;
		const gchar *colours = gst_structure_get_string(from, "colorimetry");
		const gboolean kept =
			colours != NULL && g_str_has_prefix(colours, limited ? FG_LIMITED_COLOURS : FG_JPEG_COLOURS);
		if (!kept)
			colours = limited ? FG_LIMITED_COLOURS "0:0" : FG_JPEG_COLOURS "0:0";
		gst_structure_set(to, "colorimetry", G_TYPE_STRING, colours, NULL);
		if (gst_structure_has_field(from, "chroma-site"))
			gst_structure_set(to, "chroma-site", G_TYPE_STRING, "jpeg", NULL);
	}
	return gst_caps_fixate(other);
}

// fg_scale_colours returns the matrix and range of pictures. Caps that state a range and no matrix have that range, which
// gst_video_info_from_caps ignores.
static GstVideoColorimetry fg_scale_colours(const FgScale *s, GstCaps *caps, const GstVideoInfo *in) {
	GstVideoColorimetry colours = in->colorimetry, stated = {0};
	const gchar *text = gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
	if (text != NULL && gst_video_colorimetry_from_string(&stated, text) &&
		stated.range != GST_VIDEO_COLOR_RANGE_UNKNOWN)
		colours.range = stated.range;
	if (s->matrix != GST_VIDEO_COLOR_MATRIX_UNKNOWN && (s->untagged || stated.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN))
		colours.matrix = s->matrix;
	if (s->jpeg) {
		colours.matrix = GST_VIDEO_COLOR_MATRIX_BT601;
		colours.range = GST_VIDEO_COLOR_RANGE_0_255;
	}
	return colours;
}

// fg_scale_direct reports whether the planes of a format can be scaled as they are: GStreamer says where each sample is, and that
// is believable. It is wrong for VYUY, Y212 and Y412, and says nothing of IYU1 (1.22).
static gboolean fg_scale_direct(const GstVideoInfo *in) {
	const GstVideoFormatInfo *f = in->finfo;
	const GstVideoFormatFlags other = GST_VIDEO_FORMAT_FLAG_RGB | GST_VIDEO_FORMAT_FLAG_COMPLEX |
					  GST_VIDEO_FORMAT_FLAG_PALETTE | GST_VIDEO_FORMAT_FLAG_TILED;
	if (f->flags & other || !(f->flags & (GST_VIDEO_FORMAT_FLAG_YUV | GST_VIDEO_FORMAT_FLAG_GRAY)) ||
		GST_VIDEO_INFO_FORMAT(in) == GST_VIDEO_FORMAT_VYUY)
		return FALSE;
	const guint n = MIN(3, GST_VIDEO_FORMAT_INFO_N_COMPONENTS(f));
	for (guint i = 0; i < n; i++) {
		if (GST_VIDEO_FORMAT_INFO_PSTRIDE(f, i) == 0 || GST_VIDEO_FORMAT_INFO_DEPTH(f, i) < 8 ||
			(GST_VIDEO_FORMAT_INFO_DEPTH(f, i) > 8 && !GST_VIDEO_FORMAT_INFO_IS_LE(f)) ||
			GST_VIDEO_FORMAT_INFO_DEPTH(f, i) + GST_VIDEO_FORMAT_INFO_SHIFT(f, i) > 16)
			return FALSE;
		for (guint j = 0; j < i; j++)
			if (GST_VIDEO_FORMAT_INFO_PLANE(f, i) == GST_VIDEO_FORMAT_INFO_PLANE(f, j) &&
				GST_VIDEO_FORMAT_INFO_POFFSET(f, i) == GST_VIDEO_FORMAT_INFO_POFFSET(f, j))
				return FALSE;
	}
	return TRUE;
}

static void fg_scale_clear(FgScale *s) {
	for (int i = 0; i < 3; i++)
		fg_area_clear(&s->areas[i]);
	fg_colours_clear(&s->colours);
	fg_deep_clear(&s->deep);
	g_clear_pointer(&s->converter, gst_video_converter_free);
	gst_clear_buffer(&s->planes);
}

static gboolean fg_scale_cropped(const FgScale *s) {
	return s->crop[0] > 0 || s->crop[1] > 0 || s->crop[2] < 1 || s->crop[3] < 1;
}

// fg_scale_part returns the part of a side of a plane that is scaled: a fraction of a side of so many pixels, of which each sample of the
// plane covers 1 << sub. cover is 1, or more where the samples that are made cover more pixels than the picture has, as the chroma of an
// odd side does.
static fg_span fg_scale_part(double from, double length, int pixels, int sub, int samples, double cover) {
	if (from <= 0 && length >= 1)
		return (fg_span){.from = 0, .length = samples};
	fg_span part = {.from = from * pixels, .length = length * pixels};
	if (fabs(part.from - rint(part.from)) < 1e-3) // fractions of whole pixels have no exact value
		part.from = rint(part.from);
	if (fabs(part.length - rint(part.length)) < 1e-3)
		part.length = rint(part.length);
	part.from = CLAMP(part.from / (1 << sub), 0, samples - 1);
	part.length = MIN(part.length / (1 << sub) * cover, samples - part.from);
	return part;
}

// fg_scale_shift is how far a sample of subsampled chroma lies before the middle of the pixels that it covers, in samples: in most video it
// is that of the first one. In a JPEG it is in the middle.
static double fg_scale_shift(const FgScale *s, const GstVideoInfo *in, GstVideoChromaSite cosited, int sub) {
	if (s->centred || (in->chroma_site & cosited) == 0)
		return 0;
	return 0.5 - 0.5 / (1 << sub);
}

// fg_scale_areas prepares to scale each plane.
static void fg_scale_areas(FgScale *s, const GstVideoInfo *in, const GstVideoInfo *out, gboolean deep) {
	for (guint i = 0; i < MIN(3, GST_VIDEO_INFO_N_COMPONENTS(in)); i++) {
		const int width = GST_VIDEO_INFO_COMP_WIDTH(out, i), height = GST_VIDEO_INFO_COMP_HEIGHT(out, i);
		const double each = i == 0 ? 1 : 2;
		fg_span x = fg_scale_part(s->crop[0], s->crop[2], GST_VIDEO_INFO_WIDTH(in),
			GST_VIDEO_FORMAT_INFO_W_SUB(in->finfo, i), GST_VIDEO_INFO_COMP_WIDTH(in, i),
			each * width / GST_VIDEO_INFO_WIDTH(out));
		fg_span y = fg_scale_part(s->crop[1], s->crop[3], GST_VIDEO_INFO_HEIGHT(in),
			GST_VIDEO_FORMAT_INFO_H_SUB(in->finfo, i), GST_VIDEO_INFO_COMP_HEIGHT(in, i),
			each * height / GST_VIDEO_INFO_HEIGHT(out));
		x.shift = fg_scale_shift(s, in, GST_VIDEO_CHROMA_SITE_H_COSITED, GST_VIDEO_FORMAT_INFO_W_SUB(in->finfo, i));
		y.shift = fg_scale_shift(s, in, GST_VIDEO_CHROMA_SITE_V_COSITED, GST_VIDEO_FORMAT_INFO_H_SUB(in->finfo, i));
		fg_area_init(&s->areas[i], x, y, width, height, deep);
	}
}

static gboolean fg_scale_set_info(
	GstVideoFilter *filter, GstCaps *in_caps, GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out) {
	FgScale *s = (FgScale *)filter;
	fg_scale_clear(s);
	const GstVideoChromaSite cosited = GST_VIDEO_CHROMA_SITE_H_COSITED | GST_VIDEO_CHROMA_SITE_V_COSITED;
	if (fg_scale_cropped(s) || (!s->centred && in->chroma_site & cosited))
		gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(s), FALSE);
	GstVideoColorimetry colours = fg_scale_colours(s, in_caps, in);
	if (!fg_scale_direct(in)) {
		if (!gst_video_info_set_format(
			    &s->plain, GST_VIDEO_FORMAT_Y444, GST_VIDEO_INFO_WIDTH(in), GST_VIDEO_INFO_HEIGHT(in)))
			return FALSE;
		s->plain.fps_n = in->fps_n, s->plain.fps_d = in->fps_d;
		s->plain.interlace_mode = in->interlace_mode;
		if (GST_VIDEO_INFO_IS_RGB(in))
			colours = out->colorimetry;
		GstVideoInfo from = *in;
		if (!GST_VIDEO_INFO_IS_RGB(in))
			from.colorimetry = colours; // of both, so that only the layout changes
		s->plain.colorimetry = colours;
		s->converter = gst_video_converter_new(&from, &s->plain, NULL);
		if (s->converter == NULL)
			return FALSE;
		s->planes = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(&s->plain), NULL);
		in = &s->plain;
	}
	const gboolean deep = GST_VIDEO_INFO_COMP_DEPTH(in, 0) > 8;
	if (deep)
		fg_deep_init(&s->deep, GST_VIDEO_INFO_WIDTH(out), GST_VIDEO_INFO_HEIGHT(out));
	fg_scale_areas(s, in, out, deep);
	const gboolean full = colours.range == GST_VIDEO_COLOR_RANGE_0_255;
	double red = 0.299, blue = 0.114;
	gst_video_color_matrix_get_Kr_Kb(colours.matrix, &red, &blue); // they stay if it has none
	if (deep || full == s->limited || fabs(red - 0.299) > 1e-6 || fabs(blue - 0.114) > 1e-6) {
		fg_colours_init(&s->colours, red, blue, GST_VIDEO_INFO_COMP_DEPTH(in, 0), full, !s->limited,
			GST_VIDEO_INFO_WIDTH(out));
		gst_base_transform_set_passthrough(GST_BASE_TRANSFORM(s), FALSE); // the caps may say that nothing changes
	}
	return TRUE;
}

// fg_scale_pad repeats the last sample of each row in the bytes that follow it. jpegenc encodes whole blocks, and takes what follows a row
// for its last one: zeros would be a green that shows in the last pixels.
static void fg_scale_pad(GstVideoFrame *out) {
	for (guint i = 0; i < 3; i++) {
		const int width = GST_VIDEO_FRAME_COMP_WIDTH(out, i), stride = GST_VIDEO_FRAME_COMP_STRIDE(out, i);
		const int padding = MIN(stride, (width + 15) & ~15) - width;
		guint8 *row = GST_VIDEO_FRAME_COMP_DATA(out, i);
		for (int y = 0; padding > 0 && y < GST_VIDEO_FRAME_COMP_HEIGHT(out, i); y++, row += stride)
			memset(row + width, row[width - 1], padding);
	}
}

// fg_scale_source returns a plane of a picture.
static fg_samples fg_scale_source(const GstVideoFrame *in, guint i) {
	const int deep = GST_VIDEO_FRAME_COMP_DEPTH(in, i) + GST_VIDEO_FORMAT_INFO_SHIFT(in->info.finfo, i) - 8;
	const guint8 *data = GST_VIDEO_FRAME_COMP_DATA(in, i);
	const int offset = GST_VIDEO_FORMAT_INFO_POFFSET(in->info.finfo, i);
	if (deep > 0 && offset % 2 != 0) // the V of P010 is said to begin in the middle of a sample (1.22)
		data += offset;
	return (fg_samples){.data = data,
		.stride = GST_VIDEO_FRAME_COMP_STRIDE(in, i),
		.step = GST_VIDEO_FRAME_COMP_PSTRIDE(in, i),
		.shift = deep};
}

static void fg_scale_planes(FgScale *s, const GstVideoFrame *in, GstVideoFrame *out) {
	const int width = GST_VIDEO_FRAME_WIDTH(out), height = GST_VIDEO_FRAME_HEIGHT(out);
	const gboolean deep = s->deep.rows != NULL;
	guint8 *planes[3];
	int strides[3];
	for (guint i = 0; i < 3; i++) {
		planes[i] = GST_VIDEO_FRAME_COMP_DATA(out, i);
		strides[i] = GST_VIDEO_FRAME_COMP_STRIDE(out, i);
		if (i >= GST_VIDEO_FRAME_N_COMPONENTS(in)) { // grey
			for (int y = 0; !deep && y < GST_VIDEO_FRAME_COMP_HEIGHT(out, i); y++)
				memset(planes[i] + (gssize)y * strides[i], 128, GST_VIDEO_FRAME_COMP_WIDTH(out, i));
		} else if (deep)
			fg_deep_scale(&s->deep, i, &s->areas[i], fg_scale_source(in, i));
		else
			fg_area_scale(&s->areas[i], fg_scale_source(in, i), planes[i], strides[i]);
	}
	if (deep)
		fg_deep_convert(&s->deep, &s->colours, planes, strides, width, height);
	else if (s->colours.rows != NULL)
		fg_colours_convert(&s->colours, planes, strides, width, height);
	fg_scale_pad(out);
}

static GstFlowReturn fg_scale_transform_frame(GstVideoFilter *filter, GstVideoFrame *in, GstVideoFrame *out) {
	FgScale *s = (FgScale *)filter;
	if (s->converter == NULL) {
		fg_scale_planes(s, in, out);
		return GST_FLOW_OK;
	}
	GstVideoFrame planes;
	if (!gst_video_frame_map(&planes, &s->plain, s->planes, GST_MAP_READWRITE)) {
		GST_ELEMENT_ERROR(s, RESOURCE, NO_SPACE_LEFT, ("no memory for a picture"), (NULL));
		return GST_FLOW_ERROR;
	}
	gst_video_converter_frame(s->converter, in, &planes);
	fg_scale_planes(s, &planes, out);
	gst_video_frame_unmap(&planes);
	return GST_FLOW_OK;
}

enum { PROP_JPEG = 1, PROP_UNTAGGED, PROP_LIMITED, PROP_CENTRED, PROP_MATRIX, PROP_CROP };

// fg_scale_flag returns the field of a property that is a boolean.
static gboolean *fg_scale_flag(FgScale *s, guint id) {
	switch (id) {
	case PROP_JPEG:
		return &s->jpeg;
	case PROP_UNTAGGED:
		return &s->untagged;
	case PROP_LIMITED:
		return &s->limited;
	}
	return &s->centred;
}

static const gchar *const fg_crop_names[] = {"crop-x", "crop-y", "crop-width", "crop-height"};

static void fg_scale_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
	FgScale *s = (FgScale *)object;
	if (id >= PROP_CROP)
		s->crop[id - PROP_CROP] = g_value_get_double(value);
	else if (id == PROP_MATRIX)
		s->matrix = g_value_get_enum(value);
	else
		*fg_scale_flag(s, id) = g_value_get_boolean(value);
}

static void fg_scale_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
	FgScale *s = (FgScale *)object;
	if (id >= PROP_CROP)
		g_value_set_double(value, s->crop[id - PROP_CROP]);
	else if (id == PROP_MATRIX)
		g_value_set_enum(value, s->matrix);
	else
		g_value_set_boolean(value, *fg_scale_flag(s, id));
}

static void fg_scale_finalize(GObject *object) {
	fg_scale_clear((FgScale *)object);
	G_OBJECT_CLASS(fg_scale_parent_class)->finalize(object);
}

static void fg_scale_init(FgScale *s) { s->crop[2] = s->crop[3] = 1; }

static void fg_scale_class_init(FgScaleClass *class) {
	GObjectClass *object = G_OBJECT_CLASS(class);
	object->set_property = fg_scale_set_property;
	object->get_property = fg_scale_get_property;
	object->finalize = fg_scale_finalize;
	g_object_class_install_property(object, PROP_JPEG,
		g_param_spec_boolean("jpeg-colours", "JPEG colours",
			"The pictures have the colours of a JPEG, whatever the caps say", FALSE,
			G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	g_object_class_install_property(object, PROP_UNTAGGED,
		g_param_spec_boolean("untagged", "Untagged", "The stream states no matrix, whatever the caps say", FALSE,
			G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	g_object_class_install_property(object, PROP_LIMITED,
		g_param_spec_boolean("limited", "Limited", "Give limited range instead of full range", FALSE,
			G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	g_object_class_install_property(object, PROP_CENTRED,
		g_param_spec_boolean("centred", "Centred",
			"The chroma is in the middle of its pixels, whatever the caps say", FALSE,
			G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	g_object_class_install_property(object, PROP_MATRIX,
		g_param_spec_enum("matrix", "Matrix", "The matrix of pictures whose stream or caps state none",
			GST_TYPE_VIDEO_COLOR_MATRIX, GST_VIDEO_COLOR_MATRIX_UNKNOWN,
			G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	for (guint i = 0; i < G_N_ELEMENTS(fg_crop_names); i++)
		g_object_class_install_property(object, PROP_CROP + i,
			g_param_spec_double(fg_crop_names[i], fg_crop_names[i],
				"Part of the picture that is scaled, as a fraction of its side", 0, 1, i < 2 ? 0 : 1,
				G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
	GstElementClass *element = GST_ELEMENT_CLASS(class);
	gst_element_class_set_static_metadata(element, "Area scaler", "Filter/Converter/Video/Scaler/Colorspace",
		"Scales by the average of areas and gives I420 with the colours of a JPEG", "framegate");
	gst_element_class_add_static_pad_template(element, &sink_template);
	gst_element_class_add_static_pad_template(element, &src_template);
	GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(class);
	base->transform_caps = fg_scale_transform_caps;
	base->fixate_caps = fg_scale_fixate_caps;
	base->passthrough_on_same_caps = TRUE;
	GstVideoFilterClass *filter = GST_VIDEO_FILTER_CLASS(class);
	filter->set_info = fg_scale_set_info;
	filter->transform_frame = fg_scale_transform_frame;
}

gboolean fg_scale_register(void) { return gst_element_register(NULL, FG_SCALE, GST_RANK_NONE, fg_scale_get_type()); }
