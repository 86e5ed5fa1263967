#ifndef FRAMEGATE_LOAD_H
#define FRAMEGATE_LOAD_H

#include <gst/gst.h>

// fg_load loads the plugin of a factory.
void fg_load(const gchar *factory);

#endif
