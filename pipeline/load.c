#include "load.h"

void fg_load(const gchar *factory) {
	GstElementFactory *found = gst_element_factory_find(factory);
	if (found == NULL)
		return;
	GstPluginFeature *loaded = gst_plugin_feature_load(GST_PLUGIN_FEATURE(found));
	if (loaded != NULL)
		gst_object_unref(loaded);
	gst_object_unref(found);
}
