#ifndef FRAMEGATE_LOG_H
#define FRAMEGATE_LOG_H

#include <gst/gst.h>
#include <string.h>

void fg_drop_noise(void);

#endif
