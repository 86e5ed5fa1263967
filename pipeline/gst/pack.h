#ifndef FRAMEGATE_PACK_H
#define FRAMEGATE_PACK_H

#include <glib.h>

// FG_PACK is the factory of the element.
#define FG_PACK "framegatepack"

// fg_pack_register registers the element.
gboolean fg_pack_register(void);

#endif
