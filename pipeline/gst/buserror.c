#include "buserror.h"

static int fg_error_is(GError *e, GQuark domain, int code) { return e->domain == domain && e->code == code; }
int fg_resource(GError *e, int code) { return fg_error_is(e, GST_RESOURCE_ERROR, code); }
int fg_stream(GError *e, int code) { return fg_error_is(e, GST_STREAM_ERROR, code); }

const gchar *fg_missing_name(void *message) {
	if (!gst_message_has_name(message, "missing-plugin"))
		return NULL;
	return gst_structure_get_string(gst_message_get_structure(message), "name");
}

guint fg_rtsp_status(void *message, const gchar **reason) {
	const GstStructure *details = NULL;
	guint code = 0;
	gst_message_parse_error_details(message, &details);
	if (details == NULL || !gst_structure_get_uint(details, "rtsp-status-code", &code))
		return 0;
	*reason = gst_structure_get_string(details, "rtsp-status-reason");
	return code;
}

int fg_missing_plugin(GError *e) { return fg_error_is(e, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN); }
