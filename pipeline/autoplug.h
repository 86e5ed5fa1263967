#ifndef FRAMEGATE_AUTOPLUG_H
#define FRAMEGATE_AUTOPLUG_H

#include <gst/gst.h>

gboolean fg_system_memory_by_name(const gchar *name);

void fg_system_memory_only(void *decodebin);

#endif
