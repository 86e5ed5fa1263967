#ifndef FRAMEGATE_SCALE_H
#define FRAMEGATE_SCALE_H

#include <glib.h>

// FG_SCALE is the factory of the element.
#define FG_SCALE "framegatescale"

// fg_scale_register registers the element.
gboolean fg_scale_register(void);

#endif
