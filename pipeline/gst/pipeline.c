#include "pipeline.h"

void fg_hanging(void *pipe, GstState state, gchar *name, gsize size) {
	GstIterator *it = gst_bin_iterate_sorted(pipe);
	GValue item = G_VALUE_INIT;
	g_strlcpy(name, "an element", size);
	while (gst_iterator_next(it, &item) == GST_ITERATOR_OK) {
		GstElement *e = g_value_get_object(&item);
		const gboolean there = state == GST_STATE_NULL ? GST_STATE(e) == state : GST_STATE(e) >= GST_STATE_PAUSED;
		if (!there) {
			GstElementFactory *f = gst_element_get_factory(e);
			g_strlcpy(name, f != NULL ? GST_OBJECT_NAME(f) : GST_OBJECT_NAME(e), size);
			g_value_unset(&item);
			break;
		}
		g_value_reset(&item);
	}
	gst_iterator_free(it);
}

gboolean fg_decoder(void *bin, gchar *name, gsize size) {
	GstIterator *it = gst_bin_iterate_recurse(bin);
	GValue item = G_VALUE_INIT;
	gboolean found = FALSE;
	*name = 0;
	while (!found && gst_iterator_next(it, &item) == GST_ITERATOR_OK) {
		GstElementFactory *f = gst_element_get_factory(g_value_get_object(&item));
		if (f != NULL &&
			gst_element_factory_list_is_type(f, GST_ELEMENT_FACTORY_TYPE_DECODER |
								    GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO |
								    GST_ELEMENT_FACTORY_TYPE_MEDIA_IMAGE) &&
			!gst_element_factory_list_is_type(f, GST_ELEMENT_FACTORY_TYPE_PARSER)) {
			g_strlcpy(name, GST_OBJECT_NAME(f), size);
			found = TRUE;
		}
		g_value_reset(&item);
	}
	g_value_unset(&item);
	gst_iterator_free(it);
	return found;
}
