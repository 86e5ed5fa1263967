#ifndef FRAMEGATE_PUSH_H
#define FRAMEGATE_PUSH_H

#include <gst/app/gstappsrc.h>

// fg_push hands a copy of an access unit to an appsrc and waits while the decoder is behind.
gboolean fg_push(void *appsrc, const void *data, gsize size, GstClockTime pts, gboolean key);

#endif
