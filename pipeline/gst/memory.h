#ifndef FRAMEGATE_MEMORY_H
#define FRAMEGATE_MEMORY_H

#include <gst/gst.h>
#include <malloc.h>
#include <string.h>

void fg_blank_memory(void);

void fg_trim_memory(void);

#endif
