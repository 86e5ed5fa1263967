#ifndef FRAMEGATE_BUSERROR_H
#define FRAMEGATE_BUSERROR_H

#include <gst/gst.h>

int fg_resource(GError *e, int code);

int fg_stream(GError *e, int code);

// fg_missing names what a missing-plugin message is about, NULL for other messages.
const gchar *fg_missing(void *message);

// fg_rtsp_status tells the status that an RTSP camera has refused a request with, 0 for other errors.
guint fg_rtsp_status(void *message, const gchar **reason);

int fg_missing_plugin(GError *e);

#endif
