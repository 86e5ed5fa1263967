#include "context.h"

GstContext *fg_context_of(GstMessage *message, const gchar *type) {
	GstContext *context = NULL;
	if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_HAVE_CONTEXT)
		return NULL;
	gst_message_parse_have_context(message, &context);
	if (context != NULL && !gst_context_has_context_type(context, type))
		g_clear_pointer(&context, gst_context_unref);
	return context;
}

GstContext *fg_make_context(const gchar *factory, const gchar *type) {
	GstContext *context = NULL;
	GstElement *element = gst_element_factory_make(factory, NULL);
	if (element == NULL)
		return NULL;
	gst_object_ref_sink(element);
	GstBus *bus = gst_bus_new();
	gst_element_set_bus(element, bus);
	gst_element_set_state(element, GST_STATE_READY);
	for (GstMessage *m = gst_bus_pop(bus); m != NULL; m = gst_bus_pop(bus)) {
		if (context == NULL)
			context = fg_context_of(m, type);
		gst_message_unref(m);
	}
	gst_element_set_state(element, GST_STATE_NULL);
	gst_element_set_bus(element, NULL);
	gst_object_unref(bus);
	gst_object_unref(element);
	return context;
}

void fg_use_context(void *pipeline, GstContext *context) { gst_element_set_context(GST_ELEMENT(pipeline), context); }
