#ifndef FRAMEGATE_BUSERROR_H
#define FRAMEGATE_BUSERROR_H

#include <gst/gst.h>

int fg_resource(GError *e, int code);

int fg_stream(GError *e, int code);

// fg_missing_name returns what a missing-plugin message names, NULL for other messages.
const gchar *fg_missing_name(void *message);

// fg_rtsp_status returns the status with which an RTSP camera refused a request, 0 for other errors.
guint fg_rtsp_status(void *message, const gchar **reason);

int fg_missing_plugin(GError *e);

#endif
