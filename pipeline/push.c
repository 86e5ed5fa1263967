#include "push.h"

gboolean fg_push(void *appsrc, const void *data, gsize size, GstClockTime pts, gboolean key) {
	GstBuffer *unit = gst_buffer_new_memdup(data, size);
	GST_BUFFER_PTS(unit) = pts;
	if (!key)
		GST_BUFFER_FLAG_SET(unit, GST_BUFFER_FLAG_DELTA_UNIT);
	return gst_app_src_push_buffer(appsrc, unit) == GST_FLOW_OK;
}
