#include "autoplug.h"

// fg_system_memory tells whether a factory can put out raw video in system memory.
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
