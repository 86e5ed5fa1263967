#include "takes.h"

gboolean fg_takes(void *element, const gchar *text) {
	GstCaps *caps = gst_caps_from_string(text);
	GstPad *pad = gst_element_get_static_pad(element, "sink");
	gboolean takes = FALSE;
	if (pad != NULL && caps != NULL) {
		GstCaps *template = gst_pad_get_pad_template_caps(pad);
		takes = gst_caps_can_intersect(template, caps);
		gst_caps_unref(template);
	}
	if (pad != NULL)
		gst_object_unref(pad);
	if (caps != NULL)
		gst_caps_unref(caps);
	return takes;
}
