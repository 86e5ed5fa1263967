#include "element.h"

#include <gst/pbutils/pbutils.h>

void fg_pad_added(GstElement *from, GstPad *pad, gpointer to) {
	GstPad *sink = gst_element_get_static_pad(to, "sink");
	if (!gst_pad_is_linked(sink))
		gst_pad_link(pad, sink);
	gst_object_unref(sink);
}

void fg_unref(gpointer object, GClosure *closure) { gst_object_unref(object); }

// fg_repeat_headers makes a parser that a parsebin has added repeat the parameter sets before every keyframe, because a
// decoder may begin there. In byte-stream form, which parsebin chooses without libav, the caps do not contain them.
static void fg_repeat_headers(GstBin *bin, GstElement *parser, gpointer data) {
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(parser), "config-interval") != NULL)
		g_object_set(parser, "config-interval", -1, NULL);
}

// fg_stream_caps returns what is known of a pad's stream. A demuxer knows more than the pad, which may have no caps yet.
static GstCaps *fg_stream_caps(GstPad *pad) {
	GstCaps *caps = gst_pad_get_current_caps(pad);
	GstStream *stream = caps == NULL ? gst_pad_get_stream(pad) : NULL;
	if (stream != NULL) {
		caps = gst_stream_get_caps(stream);
		gst_object_unref(stream);
	}
	return caps != NULL ? caps : gst_pad_query_caps(pad, NULL);
}

// fg_report_pad says on the bus whether the sink has a stream now, or else what this one is.
static void fg_report_pad(GstElement *from, GstPad *pad, gpointer to) {
	GstPad *sink = gst_element_get_static_pad(to, "sink");
	const gboolean linked = gst_pad_is_linked(sink);
	gst_object_unref(sink);
	GstCaps *caps = fg_stream_caps(pad);
	const gchar *media = gst_caps_get_size(caps) > 0 ? gst_structure_get_name(gst_caps_get_structure(caps, 0)) : "";
	gchar *name = gst_caps_is_fixed(caps) ? gst_pb_utils_get_codec_description(caps) : NULL;
	gst_element_post_message(
		from, gst_message_new_element(GST_OBJECT(from),
			      gst_structure_new("framegate-pad", "linked", G_TYPE_BOOLEAN, linked, "media", G_TYPE_STRING,
				      media, "name", G_TYPE_STRING, name != NULL ? name : media, NULL)));
	g_free(name);
	gst_caps_unref(caps);
}

gboolean fg_pad_report(void *message, gboolean *linked, const gchar **media, const gchar **name) {
	if (!gst_message_has_name(message, "framegate-pad"))
		return FALSE;
	const GstStructure *report = gst_message_get_structure(message);
	*media = gst_structure_get_string(report, "media");
	*name = gst_structure_get_string(report, "name");
	return gst_structure_get_boolean(report, "linked", linked);
}

void fg_link_later(void *from, void *to) {
	if (GST_IS_BIN(from))
		g_signal_connect(from, "element-added", G_CALLBACK(fg_repeat_headers), NULL);
	g_signal_connect_data(from, "pad-added", G_CALLBACK(fg_pad_added), gst_object_ref(to), fg_unref, 0);
}

void fg_link_video(void *from, void *to) {
	fg_link_later(from, to);
	g_signal_connect_data(from, "pad-added", G_CALLBACK(fg_report_pad), gst_object_ref(to), fg_unref, 0);
}

gboolean fg_accepts(void *element, const gchar *text) {
	GstCaps *caps = gst_caps_from_string(text);
	GstPad *pad = gst_element_get_static_pad(element, "sink");
	gboolean accepts = FALSE;
	if (pad != NULL && caps != NULL) {
		GstCaps *template = gst_pad_get_pad_template_caps(pad);
		accepts = gst_caps_can_intersect(template, caps);
		gst_caps_unref(template);
	}
	if (pad != NULL)
		gst_object_unref(pad);
	if (caps != NULL)
		gst_caps_unref(caps);
	return accepts;
}

gboolean fg_push(void *appsrc, const void *data, gsize size, GstClockTime pts, gboolean key) {
	GstBuffer *unit = gst_buffer_new_memdup(data, size);
	GST_BUFFER_PTS(unit) = pts;
	if (!key)
		GST_BUFFER_FLAG_SET(unit, GST_BUFFER_FLAG_DELTA_UNIT);
	return gst_app_src_push_buffer(appsrc, unit) == GST_FLOW_OK;
}

void fg_load(const gchar *factory) {
	GstElementFactory *found = gst_element_factory_find(factory);
	if (found == NULL)
		return;
	GstPluginFeature *loaded = gst_plugin_feature_load(GST_PLUGIN_FEATURE(found));
	if (loaded != NULL)
		gst_object_unref(loaded);
	gst_object_unref(found);
}

// fg_system_memory reports whether a factory can give raw video in system memory.
static gboolean fg_system_memory(GstElementFactory *factory) {
	for (const GList *l = gst_element_factory_get_static_pad_templates(factory); l != NULL; l = l->next) {
		GstStaticPadTemplate *template = l->data;
		if (template->direction != GST_PAD_SRC)
			continue;
		GstCaps *caps = gst_static_pad_template_get_caps(template);
		gboolean found = FALSE;
		for (guint i = 0; i < gst_caps_get_size(caps) && !found; i++) {
			GstCapsFeatures *features = gst_caps_get_features(caps, i);
			found = gst_structure_has_name(gst_caps_get_structure(caps, i), "video/x-raw") &&
				(features == NULL || gst_caps_features_is_any(features) ||
					gst_caps_features_is_equal(features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
		}
		gst_caps_unref(caps);
		if (found)
			return TRUE;
	}
	return FALSE;
}

gboolean fg_system_memory_by_name(const gchar *name) {
	GstElementFactory *factory = gst_element_factory_find(name);
	gboolean found = factory != NULL && fg_system_memory(factory);
	if (factory != NULL)
		gst_object_unref(factory);
	return found;
}

enum { FG_TRY = 0, FG_SKIP = 2 }; // of GstAutoplugSelectResult, which no header declares

static gint fg_autoplug_select(GstElement *bin, GstPad *pad, GstCaps *caps, GstElementFactory *factory, gpointer data) {
	gboolean decoder = gst_element_factory_list_is_type(factory, GST_ELEMENT_FACTORY_TYPE_DECODER);
	return decoder && !fg_system_memory(factory) ? FG_SKIP : FG_TRY;
}

void fg_system_memory_only(void *decodebin) {
	g_signal_connect(decodebin, "autoplug-select", G_CALLBACK(fg_autoplug_select), NULL);
}
