#include "memory.h"

#include <gst/base/gstbasetransform.h>

typedef struct {
	GstBaseTransform parent;
	GstCaps         *to; /* has the features of what it puts out; NULL for system memory */
} Memory;

typedef struct {
	GstBaseTransformClass parent;
} MemoryClass;

G_DEFINE_TYPE(Memory, memory, GST_TYPE_BASE_TRANSFORM)

static GstCaps *memory_transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps, GstCaps *filter) {
	Memory  *m = (Memory *)base;
	GstCaps *out;
	if (direction == GST_PAD_SRC) {
		GstCapsFeatures *any = gst_caps_features_new_any();
		out = with_features(caps, any);
		gst_caps_features_free(any);
	} else if (m->to == NULL) {
		out = with_features(caps, NULL);
	} else {
		out = gst_caps_new_empty();
		for (guint i = 0; i < gst_caps_get_size(m->to); i++)
			out = gst_caps_merge(out, with_features(caps, gst_caps_get_features(m->to, i)));
	}
	if (filter != NULL) {
		GstCaps *both = gst_caps_intersect_full(filter, out, GST_CAPS_INTERSECT_FIRST);
		gst_caps_unref(out);
		out = both;
	}
	return out;
}

static GstFlowReturn memory_transform_ip(GstBaseTransform *base, GstBuffer *buffer) { return GST_FLOW_OK; }

static gboolean memory_propose_allocation(GstBaseTransform *base, GstQuery *decide, GstQuery *query) { return TRUE; }

static void memory_finalize(GObject *object) {
	gst_caps_replace(&((Memory *)object)->to, NULL);
	G_OBJECT_CLASS(memory_parent_class)->finalize(object);
}

static void memory_class_init(MemoryClass *class) {
	G_OBJECT_CLASS(class)->finalize = memory_finalize;
	GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(class);
	base->transform_caps = memory_transform_caps;
	base->transform_ip = memory_transform_ip;
	base->propose_allocation = memory_propose_allocation;
	GstCaps *any = gst_caps_from_string("video/x-raw(ANY)");
	gst_element_class_add_pad_template(GST_ELEMENT_CLASS(class), gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, any));
	gst_element_class_add_pad_template(GST_ELEMENT_CLASS(class), gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, any));
	gst_caps_unref(any);
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Memory relabelled", "Generic", "Stands in", "framegate");
}

static void memory_init(Memory *m) { gst_base_transform_set_in_place(GST_BASE_TRANSFORM(m), TRUE); }

GstCaps *with_features(const GstCaps *caps, GstCapsFeatures *features) {
	GstCaps *out = gst_caps_copy(caps);
	for (guint i = 0; i < gst_caps_get_size(out); i++)
		gst_caps_set_features(out, i, features == NULL ? NULL : gst_caps_features_copy(features));
	return out;
}

GstElement *make_memory(GstCaps *to) {
	Memory *m = g_object_new(memory_get_type(), NULL);
	gst_caps_replace(&m->to, to);
	return GST_ELEMENT(m);
}
