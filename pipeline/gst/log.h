#ifndef FRAMEGATE_LOG_H
#define FRAMEGATE_LOG_H

#include <gst/gst.h>
#include <string.h>

void fg_filter_log(void);

#endif
