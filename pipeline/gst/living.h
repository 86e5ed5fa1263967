#ifndef FRAMEGATE_LIVING_H
#define FRAMEGATE_LIVING_H

#include <gst/gst.h>

void fg_count(void *object);

gint fg_counted(void);

#endif
